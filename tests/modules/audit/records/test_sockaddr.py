"""Socket addresses are decoded by family; what cannot be decoded is kept as it is."""

from __future__ import annotations

import ipaddress
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.records import decode_sockaddr, unprintable

INET6_LOOPBACK = b"0A0001BB000000000000000000000000000000000000000100000000"


@pytest.mark.parametrize(
    ("raw", "name", "text"),
    [
        (b"020001BB7F0000010000000000000000", "inet", "127.0.0.1:443"),
        (INET6_LOOPBACK, "inet6", "[::1]:443"),
        (b"01002F6465762F6C6F6700", "unix", "/dev/log"),
        (b"01002F6465762F6C6F67", "unix", "/dev/log"),
        (b"0100006162630064", "unix", r"@abc\x00d"),
        (b"0100", "unix", "unix"),
        (b"100000000000000000000000", "netlink", "netlink:0"),
        (b"2800000050000000FFFFFFFF03000000", "vsock", "4294967295:80"),
        (b"110000000200000001000006AABBCCDDEEFF0000", "packet", "aa:bb:cc:dd:ee:ff"),
        (b"1F000000", "bluetooth", "bluetooth"),
        (b"0200", "inet", "inet"),
    ],
)
def test_an_address_has_a_family_and_a_line_for_people(raw: bytes, name: str, text: str) -> None:
    """Of each family, and of those that are too short for theirs."""
    address = decode_sockaddr(raw)

    assert (address.name, address.text) == (name, text)
    assert address.raw == raw.decode()


def test_a_vsock_has_its_port_and_context() -> None:
    """struct sockaddr_vm: family, reserved, port, context id."""
    raw = struct.pack("<HHIII", 40, 0, 1234, 3, 0).hex().upper().encode()

    assert (decode_sockaddr(raw).address, decode_sockaddr(raw).port) == ("3", 1234)


def test_a_netlink_socket_has_its_port_id_and_groups() -> None:
    """struct sockaddr_nl: family, padding, pid, groups."""
    raw = struct.pack("<HHII", 16, 0, 4711, 1).hex().upper().encode()

    assert (decode_sockaddr(raw).port, decode_sockaddr(raw).scope) == (4711, 1)


def test_a_link_local_address_has_its_interface() -> None:
    """The scope is not part of the address: a reader of addresses would refuse it."""
    whole = (
        struct.pack(">HHI", 0x0A00, 80, 0)
        + socket.inet_pton(socket.AF_INET6, "fe80::1")
        + struct.pack("<I", 3)
    )

    address = decode_sockaddr(whole.hex().upper().encode())

    assert (address.address, address.port, address.scope) == ("fe80::1", 80, 3)


def test_a_mapped_address_is_written_alike_on_every_python() -> None:
    """CPython changed how it writes these."""
    mapped = (
        struct.pack(">HHI", 0x0A00, 80, 0) + socket.inet_pton(socket.AF_INET6, "::ffff:10.0.0.1") + bytes(4)
    )

    assert decode_sockaddr(mapped.hex().upper().encode()).address == "::ffff:10.0.0.1"


def test_an_address_of_a_big_endian_host_is_understood() -> None:
    """The family is in the byte order of the host that the log came from."""
    assert decode_sockaddr(b"000201BB7F0000010000000000000000").text == "127.0.0.1:443"


@pytest.mark.parametrize("raw", [b"", b"?", b"(null)", b"02", b"xyz", b"0200A", b'"x"', b"02 00", b"0200 "])
def test_what_is_no_address_is_kept_raw(raw: bytes) -> None:
    """Without a family, and without an error."""
    address = decode_sockaddr(raw)

    assert (address.family, address.address, address.text) == (None, None, raw.decode())


def test_an_unknown_family_keeps_its_number() -> None:
    """Families are added to the kernel every few years."""
    assert (decode_sockaddr(b"FA00AABB").family, decode_sockaddr(b"FA00AABB").text) == (250, "FA00AABB")


@given(
    st.one_of(st.binary(max_size=60), st.binary(max_size=130).map(lambda data: data.hex().upper().encode()))
)
def test_no_address_raises(raw: bytes) -> None:
    """The bytes are a program's, and no family is trusted; they are all there."""
    address = decode_sockaddr(raw)

    assert unprintable(address.raw) == raw
    assert "\x1b" not in address.text


@given(st.ip_addresses(v=4), st.integers(0, 65535))
def test_inet_addresses_are_exact(address: object, port: int) -> None:
    """Address and port as the program gave them."""
    packed = struct.pack("<H", 2) + struct.pack(">H", port) + socket.inet_aton(str(address)) + bytes(8)

    assert decode_sockaddr(packed.hex().upper().encode()).text == f"{address}:{port}"


@given(st.ip_addresses(v=6), st.integers(0, 65535))
def test_inet6_addresses_are_exact(address: object, port: int) -> None:
    """As the C library writes them back, whatever form the text has."""
    packed = (
        struct.pack("<H", 10)
        + struct.pack(">HI", port, 0)
        + socket.inet_pton(socket.AF_INET6, str(address))
        + bytes(4)
    )
    decoded = decode_sockaddr(packed.hex().upper().encode())

    assert decoded.address is not None
    assert socket.inet_pton(socket.AF_INET6, decoded.address) == socket.inet_pton(
        socket.AF_INET6, str(address)
    )
    assert decoded.port == port


@given(st.lists(st.sampled_from([0, 0, 1, 0x10, 0x100, 0xFFFF]), min_size=8, max_size=8))
def test_runs_of_zeros_are_left_out_as_the_standard_says(groups: list[int]) -> None:
    """RFC 5952: the longest run of two or more, the first of equals; nothing else."""
    packed = struct.pack(">8H", *groups)
    address = ipaddress.IPv6Address(packed)
    decoded = decode_sockaddr((b"\x0a\0\0\x50" + bytes(4) + packed).hex().upper().encode())

    assert decoded.address == (f"::ffff:{address.ipv4_mapped}" if address.ipv4_mapped else str(address))
