"""Calls by the short way: from what a glance at an event shows, without the decoded event.

What it makes is what `call.call_of` makes of the decoded event; where that is not certain, it makes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.events.category import effective_syscall
from mig_audit.modules.audit.events.draft import IDENTITIES, SYSCALL_TAIL
from mig_audit.modules.audit.events.glance import call_of as call_named
from mig_audit.modules.audit.events.identities import names_in
from mig_audit.modules.audit.events.paths import NOWHERE, parse_path
from mig_audit.modules.audit.events.system_calls import error_of
from mig_audit.modules.audit.events.values import string_value
from mig_audit.modules.audit.files.call import Call, Who, account_of

if TYPE_CHECKING:
    from mig_audit.modules.audit.events.glance import Seen
    from mig_audit.modules.audit.events.identities import IdentityDecoder

_TAIL = compile_late(SYSCALL_TAIL)
_MOST = 4096
_YES, _NO = b"yes", b"no"
_SUCCESS = {_YES: True, _NO: False}
_NOTHING: dict[str, int] = {}
_new = tuple.__new__  # what Call(...) does, without its Python frame


class Glances:
    """Makes calls.

    Args:
        identities: the decoder's, which know the names of users.
    """

    def __init__(self, identities: IdentityDecoder) -> None:
        self._identities = identities
        self._whos: dict[tuple[bytes, Optional[bytes]], Optional[Who]] = {}
        self._minute = -1

    def call_of(
        self, seen: Seen, node: str, stamp: tuple[int, int, int], added: Optional[bytes] = None
    ) -> Optional[Call]:
        """Return the call of an event with this time (seconds, milliseconds) and serial; None if that takes the long way.

        ``added`` is what auditd added to its first record.
        """
        seconds, milliseconds, serial = stamp
        if not seen.alone:
            return None
        who = self._who(seen.who, added, seconds // 60)
        if who is None:
            return None
        machine, _, named = call_named(seen.call)
        success, code = seen.outcome
        returned = None if code is None else int(code)
        arguments = (int(seen.a0, 16), int(seen.a1, 16), int(seen.a2, 16), int(seen.a3, 16))
        bodies = seen.paths
        cwd = None if seen.cwd is None else seen.directory
        return _new(
            Call,
            (
                node,
                seconds,
                milliseconds,
                serial,
                effective_syscall(named, arguments[0]),
                machine,
                None if success is None else _SUCCESS.get(success),
                returned,
                None if returned is None or returned >= 0 else error_of(returned),
                arguments,
                int(seen.pid),
                int(seen.ppid),
                who,
                cwd,
                tuple([parse_path(body, NOWHERE) for body in bodies]) if bodies else (),
                _NOTHING,
                int(seen.items) > len(bodies),
            ),
        )

    def _who(self, raw: bytes, added: Optional[bytes], minute: int) -> Optional[Who]:
        """Return who it was; users have other names after some time."""
        if minute != self._minute or len(self._whos) >= _MOST:
            self._whos.clear()
            self._minute = minute
        key = raw, added
        known = self._whos.get(key)
        if known is None:
            known = self._whos[key] = self._found(raw, added, minute)
        return known

    def _found(self, raw: bytes, added: Optional[bytes], minute: int) -> Optional[Who]:
        tail = _TAIL.fullmatch(raw)
        if tail is None:
            return None
        ids = tuple([tail[name] for name in IDENTITIES])
        identities = self._identities.decode(ids, minute, names_in(added))
        return Who(string_value(tail["exe"]), account_of(identities.euid), account_of(identities.auid))
