"""The other end of a connection."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mig_audit.modules.audit.formats.network import is_ip


@given(
    st.ip_addresses()
    | st.lists(st.integers(0, 300), min_size=3, max_size=5).map(lambda n: ".".join(map(str, n)))
)
@example("127.0.0.1")
@example("256.1.1.1")
def test_an_address_is_what_python_takes_for_one(address: object) -> None:
    """Though Python is asked for those of IPv6 alone."""
    try:
        expected = bool(ipaddress.ip_address(str(address)))
    except ValueError:
        expected = False

    assert is_ip(str(address)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "localhost",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "1.2.3.4 ",
        "1.2.3.4\n",
        "1.2.3.٤",
        "::1%eth0",
        ":",
        "::g",
        "1" * 46,
    ],
)
def test_anything_else_is_none(text: str) -> None:
    """A zone is this host's own affair, and a zero in front is octal to some."""
    assert not is_ip(text)
