"""Ids become identities: numbers, and the names that they have at the time."""

from __future__ import annotations

from typing import Optional

import pytest

from mig_audit.modules.audit.events import Identities, Identity, TableNames
from mig_audit.modules.audit.events.identities import IdentityDecoder, LookUp

NAMES = TableNames({0: "root", 1000: "kang"}, {0: "wheel", 50: "staff"})
RAW = (b"1000", b"0", b"50", b"0", b"0", b"0", b"50", b"50", b"50")
"""As in a record, login uid first."""


class _Asked(TableNames):
    """Notes what it is asked for."""

    def __init__(self) -> None:
        super().__init__({}, {})
        self.users: list[int] = []
        self.groups: list[int] = []

    def user(self, uid: int) -> Optional[str]:
        """Return no name."""
        self.users.append(uid)
        return None

    def group(self, gid: int) -> Optional[str]:
        """Return no name."""
        self.groups.append(gid)
        return None


def test_users_have_names_of_users_and_groups_of_groups() -> None:
    """The same number is another in the two."""
    identities = IdentityDecoder(NAMES).decode((b"0", b"0", b"0", *RAW[3:]), 0)

    assert (identities.uid, identities.gid) == (Identity(0, "root"), Identity(0, "wheel"))
    assert identities.fsgid == Identity(50, "staff")


@pytest.mark.parametrize("raw", [b"4294967295", b"-1", b"unset"])
def test_an_unset_login_has_no_name(raw: bytes) -> None:
    """4294967295 is nobody, and -1 is how old kernels wrote it."""
    assert IdentityDecoder(NAMES).decode((raw, *RAW[1:]), 0).auid == Identity(4294967295, None)


def test_a_log_that_was_written_with_names_keeps_them() -> None:
    """Without numbers, which nobody knows then."""
    assert IdentityDecoder(NAMES).decode((b"1000", b"root", *RAW[2:]), 0).uid == Identity(None, "root")


def test_what_a_record_does_not_have_is_no_identity() -> None:
    """A message of a program has two of the nine."""
    found = LookUp(IdentityDecoder(NAMES), 0).find({"auid": b"1000", "uid": b"0"})

    assert found == Identities(Identity(1000, "kang"), Identity(0, "root"), *[None] * 7)


def test_names_of_the_host_that_wrote_the_log_go_first() -> None:
    """What auditd added; where it did not know either, the look-up."""
    enriched = {"AUID": b'"alice"', "UID": b'"unknown(0)"', "GID": b'"adm"'}
    identities = IdentityDecoder(NAMES).decode(RAW, 0, enriched)

    assert identities[:3] == (Identity(1000, "alice"), Identity(0, "root"), Identity(50, "adm"))


def test_a_name_is_asked_for_once_in_a_minute() -> None:
    """A record has nine ids, most of them the same; who nobody knows is asked for in other places."""
    names = _Asked()
    decoder = IdentityDecoder(names)
    for auid in (b"1000", b"1001"):
        decoder.decode((auid, *RAW[1:]), 7)
    first = names.users[:], names.groups[:]
    decoder.decode(RAW, 8)

    assert first == ([1000, 0, 1001], [50])
    assert (names.users[3:], names.groups[1:]) == ([1000, 0], [50])


def test_a_name_that_the_log_has_is_not_asked_for() -> None:
    """The ids of another host mean nothing here."""
    names = _Asked()
    known = {name.upper(): b'"alice"' for name in Identities._fields}
    identities = IdentityDecoder(names).decode(RAW, 0, known)

    assert {identity and identity.name for identity in identities} == {"alice"}
    assert (names.users, names.groups) == ([], [])


def test_an_id_without_a_user_is_nobody() -> None:
    """What a number is called decides whether it is shown as one."""
    decoder = IdentityDecoder(NAMES)

    assert [decoder.is_nobody(number) for number in (0, 1000, 1001)] == [False, False, True]
