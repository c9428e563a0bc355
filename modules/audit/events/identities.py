"""On whose account something was done: the ids of a record, with their names."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.events.draft import IDENTITIES
from mig_audit.modules.audit.events.event import Identities, Identity
from mig_audit.modules.audit.events.names import UNSET
from mig_audit.modules.audit.events.values import number_value, plain_value
from mig_audit.modules.audit.records import parse_fields, printable
from mig_audit.modules.audit.records.memo import remember

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mig_audit.modules.audit.events.names import Names

_USERS = ("auid", "uid", "euid", "suid", "fsuid")
_ENRICHED_UNKNOWN = compile_late(rb'"unset"|"unknown\([0-9]+\)"')
_NOT_ENRICHED: Mapping[str, bytes] = MappingProxyType({})
_MEMO_LIMIT = 8192
_new = tuple.__new__  # what Identities(...) does, without its Python frame


class IdentityDecoder:
    """Decodes ids; their names hold for a minute of the stream.

    Args:
        names: where names of users and groups come from.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._known: dict[tuple[Optional[bytes], ...], Identities] = {}
        self._users, self._groups = _Accounts(names.user), _Accounts(names.group)
        self._accounts = [self._users if field in _USERS else self._groups for field in IDENTITIES]
        self._minute = -1

    def decode(
        self, raws: tuple[Optional[bytes], ...], minute: int, enriched: Mapping[str, bytes] = _NOT_ENRICHED
    ) -> Identities:
        """Return the nine identities that a record has as these; the same nine come again and again.

        Args:
            raws: the values of the fields `IDENTITIES`.
            minute: of the record, since the epoch.
            enriched: the names that the log has for some of them, by the fields' names in capitals.
        """
        if minute != self._minute or len(self._known) >= _MEMO_LIMIT:
            for memo in (self._known, self._users, self._groups):
                memo.clear()
            self._minute = minute
        if enriched:
            return self._make(raws, enriched)
        known = self._known.get(raws)
        if known is None:
            known = self._known[raws] = self._make(raws, enriched)
        return known

    def is_nobody(self, number: int) -> bool:
        """Say whether there is no user of this number."""
        return self._names.user(number) is None

    def _make(self, raws: tuple[Optional[bytes], ...], enriched: Mapping[str, bytes]) -> Identities:
        if not enriched:
            return _new(Identities, [accounts[raw] for accounts, raw in zip(self._accounts, raws)])
        names = [enriched.get(field.upper()) for field in IDENTITIES]
        return Identities(
            *[_told(*pair) or accounts[pair[0]] for accounts, pair in zip(self._accounts, zip(raws, names))]
        )


@remember
def names_in(added: Optional[bytes]) -> Mapping[str, bytes]:
    """Return the names that are in what auditd added to a record, by the fields' names in capitals."""
    return dict(parse_fields(added)) if added else _NOT_ENRICHED


class LookUp(NamedTuple):
    """The way to identities, at a minute of the stream.

    Attributes:
        identities: what decodes them.
        minute: since the epoch.
        added: what auditd added to the record; nothing if it is empty.
    """

    identities: IdentityDecoder
    minute: int
    added: bytes = b""

    def find(self, numbers: Mapping[str, bytes]) -> Identities:
        """Return the identities that some fields of a record mean."""
        raws = tuple([numbers.get(name) for name in IDENTITIES])
        return self.identities.decode(raws, self.minute, names_in(self.added))


class _Accounts(dict[Optional[bytes], Optional[Identity]]):
    """Users or groups, by what a record has for them."""

    def __init__(self, name_of: Callable[[int], Optional[str]]) -> None:
        super().__init__()
        self._name_of = name_of

    def __missing__(self, raw: Optional[bytes]) -> Optional[Identity]:
        """Look one up."""
        if len(self) >= _MEMO_LIMIT:
            self.clear()
        known = self[raw] = None if raw is None else self._find(raw)
        return known

    def _find(self, raw: bytes) -> Identity:
        number = _id_number(raw)
        if number is None:
            return Identity(None, printable(raw))
        return Identity(number, None if number == UNSET else self._name_of(number))


def _told(raw: Optional[bytes], name: Optional[bytes]) -> Optional[Identity]:
    """Return an id with the name that the log has for it: the host that wrote it knew its users better than this one."""
    if raw is None or name is None or _ENRICHED_UNKNOWN.fullmatch(name):
        return None
    number = _id_number(raw)
    return None if number is None else Identity(number, plain_value(name))


def _id_number(raw: bytes) -> Optional[int]:
    return UNSET if raw in {b"-1", b"unset"} else number_value(raw)
