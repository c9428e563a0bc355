"""BPRM_FCAPS and OBJ_PID records: all their fields are told as they are, and what some of them mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mig_audit.modules.audit.events.glance import AUXILIARY_FIELDS
from mig_audit.modules.audit.events.group import SINGLE, Bundle
from mig_audit.modules.audit.formats import mozdef_details
from mig_audit.modules.audit.formats.mozdef_shortcut.memory import LONGEST, Declined, Memory, written
from mig_audit.modules.audit.records import parse_fields

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Decoder
    from mig_audit.modules.audit.formats.mozdef_shortcut.frame import Frame


TYPES = tuple(name.decode("ascii") for name in AUXILIARY_FIELDS)
_BEFORE = b',"interpreted":{'


class Auxiliary(NamedTuple):
    """Such a record, as members of the details, of what is interpreted of them, and as whom a signal was sent to."""

    fragment: bytes
    interpreted: bytes
    target: str

    def beside(self, words: bytes) -> bytes:
        """Return what is said of the call's arguments, and after it what is of this."""
        if not self.interpreted:
            return words
        return (words[:-1] + b"," if words else _BEFORE) + self.interpreted + b"}"


class Auxiliaries(Memory[tuple[bytes, bytes], Auxiliary]):
    """By the type and the body."""

    def __init__(self, frame: Frame, decoder: Decoder) -> None:
        super().__init__()
        self._frame = frame
        self._decoder = decoder
        frame.names.append(self)

    def make(self, key: tuple[bytes, bytes]) -> Auxiliary:
        """Return what it says."""
        kind, body = key
        names = [name for name, _ in parse_fields(body)]
        if len(set(names)) < len(names) or not AUXILIARY_FIELDS[kind].issuperset(names):
            raise Declined
        stamp = b"%d.000:1" % (self._frame.minute * 60)
        event = self._decoder.decode(Bundle(stamp, [kind.decode("ascii")], [body], None, SINGLE, 0).group())
        values = {field.name: field.value for field in event.rest}
        target = f" to {values.get('ocomm', '')} ({values['opid']})" if values.get("opid") else ""
        interpreted = written(mozdef_details.add_interpreted, event.interpreted)
        return Auxiliary(written(mozdef_details.add_rest, event.rest), interpreted[len(_BEFORE) : -1], target)

    def keep(self, key: tuple[bytes, bytes], value: Auxiliary) -> None:
        """Remember one more, unless it is long."""
        if len(key[1]) <= LONGEST:
            super().keep(key, value)
