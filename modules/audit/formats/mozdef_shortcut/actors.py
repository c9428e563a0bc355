"""The second half of a SYSCALL record: who did it, in which program, and for which rule."""

from __future__ import annotations

import re

from mig_audit.lean_typing import TYPE_CHECKING, NamedTuple
from mig_audit.modules.audit.events.decoder import marked_value, plain_value, rule_keys, string_value
from mig_audit.modules.audit.events.draft import IDENTITIES, SYSCALL_TAIL
from mig_audit.modules.audit.events.event import NO_PROCESS
from mig_audit.modules.audit.events.summary import Actor, user_of
from mig_audit.modules.audit.formats import mozdef
from mig_audit.modules.audit.formats.mozdef_shortcut.frame import Words
from mig_audit.modules.audit.formats.mozdef_shortcut.memory import Declined, Memory, members, written

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Decoder
    from mig_audit.modules.audit.formats.mozdef_shortcut.frame import Frame

_TAIL = re.compile(SYSCALL_TAIL)


class Tail(NamedTuple):
    """``auid`` to ``key``, in the three places where the format has it."""

    keys: bytes
    identities: bytes
    process: bytes
    actor: Actor
    program: Words


class Tails(Memory[bytes, Tail]):
    """By the text from ``auid=`` on."""

    def __init__(self, frame: Frame, decoder: Decoder) -> None:
        super().__init__()
        self._frame = frame
        self._decoder = decoder
        frame.names.append(self)

    def make(self, key: bytes) -> Tail:
        """Return what it says."""
        match = _TAIL.fullmatch(key)
        if match is None:
            raise Declined
        identities = self._decoder.identities(match.groups()[: len(IDENTITIES)], self._frame.minute)
        keys = rule_keys(match["key"])
        exe = string_value(match["exe"])
        process = NO_PROCESS._replace(
            comm=string_value(match["comm"]),
            exe=exe,
            tty=marked_value(match["tty"]),
            session=int(match["ses"]),
            subj=plain_value(match["subj"]),
        )
        return Tail(
            members({"auditkey": keys[0], "keys": list(keys)} if keys else {}),
            written(mozdef.add_identities, identities),
            written(mozdef.add_process, process),
            Actor(keys, exe, user_of(identities)),
            Words.of(exe or ""),
        )
