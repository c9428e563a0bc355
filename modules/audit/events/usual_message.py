"""A usual message: of one of the types that PAM, login programs and the manager of services send, and short."""

from __future__ import annotations

from typing import NamedTuple, Optional

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.events.group import SINGLE, Bundle
from mig_audit.modules.audit.records.record import SEPARATOR

NUMBER = rb"(0|[1-9][0-9]{0,9})"
"""A number as the kernel writes it."""

STAMP = rb"(([1-9][0-9]{9})\.([0-9]{3}):([1-3][0-9]{9}|[1-9][0-9]{0,8}))"
"""A stamp as the kernel writes it, ``SEC.MMM:SERIAL``, and its three numbers."""

MESSAGE_BODY = (
    rb"pid=%b (uid=[0-9]{1,10} auid=[0-9]{1,10}) ses=%b( subj=[^ '\"=\n]{1,64})? msg='(.{1,200})'"
    % (NUMBER, NUMBER)
)
"""Matches what the kernel writes before the text of a message (kernel/audit.c, audit_log_common_recv_msg), and a short text.

Its groups are those of a `UsualMessage` from ``pid`` to ``text``.
"""

MESSAGE_TYPES = (
    *(b"USER_ACCT", b"USER_AUTH", b"USER_CHAUTHTOK", b"USER_CMD", b"USER_END", b"USER_ERR"),
    *(b"USER_LOGIN", b"USER_LOGOUT", b"USER_MGMT", b"USER_START"),
    *(b"CRED_ACQ", b"CRED_DISP", b"CRED_REFR", b"SERVICE_START", b"SERVICE_STOP"),
)
"""What PAM, sudo, login programs and the manager of services send; every such record is an event of its own."""

_MESSAGE = rb"type=(%b) msg=audit\(%b\): %b" % (b"|".join(MESSAGE_TYPES), STAMP, MESSAGE_BODY)
USUAL_MESSAGE = compile_late(_MESSAGE + rb"()\n")
"""Matches a usual message that has no separator in it; `UsualMessage.of` takes its groups."""

ENRICHED_MESSAGE = compile_late(_MESSAGE + rb"\x1d([^\x1d\n]+)\n")
"""Matches one with what auditd added."""

MESSAGE_END = b"SINGLE"
"""How it ends, as the last member of a `UsualMessage`."""

_new = tuple.__new__  # what UsualMessage(...) does, without its Python frame


class UsualMessage(NamedTuple):
    """A message that a program sent, as `USUAL_MESSAGE` cuts it.

    Attributes:
        stamp: as that of a `Usual`, and its three numbers.
        pid: the sender; ``uid`` and ``auid`` as the record has them, and the session.
        subject: ``subj`` as the record has it, with a space before; None without one.
        text: what was sent.
        enriched: what auditd added to it; empty where it added nothing.
        type: of the record.
        end: ``SINGLE``, which is how it ends.
    """

    stamp: bytes
    seconds: bytes
    milliseconds: bytes
    serial: bytes
    pid: bytes
    ids: bytes
    session: bytes
    subject: Optional[bytes]
    text: bytes
    enriched: bytes
    type: bytes
    end: bytes = MESSAGE_END

    @classmethod
    def of(cls, groups: tuple[Optional[bytes], ...]) -> UsualMessage:
        """Return what was matched: the type, and the others in their order."""
        return _new(cls, groups[1:] + (groups[0], MESSAGE_END))  # noqa: RUF005  # takes less than to unpack them

    @property
    def whole(self) -> bool:
        """Say that it has all that it announces."""
        return True

    @property
    def ending(self) -> str:
        """Return why it is complete."""
        return SINGLE

    def bundle(self, node: str = "") -> Bundle:
        """Return the same as a bundle, of a node if it is of one."""
        return Bundle.of(self.stamp, *self.run(), SINGLE, 0, node)

    def run(self) -> tuple[list[str], list[bytes]]:
        """Return type and text of its record."""
        ids = (self.pid, self.ids, self.session, self.subject or b"")
        added = SEPARATOR + self.enriched if self.enriched else b""
        return [self.type.decode("ascii")], [b"pid=%b %b ses=%b%b msg='%b'%b" % (*ids, self.text, added)]
