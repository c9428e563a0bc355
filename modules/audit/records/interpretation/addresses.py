"""Socket addresses in libauparse's notation: ``{ saddr_fam=inet laddr=127.0.0.1 lport=80 }``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.modules.audit.records.decoding import printable
from mig_audit.modules.audit.records.interpretation.words import choice_word
from mig_audit.modules.audit.records.sockaddr import decode_sockaddr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mig_audit.modules.audit.records.sockaddr import SocketAddress

_UNSPEC = 0


def address(raw: bytes) -> Optional[str]:
    """Return the words of ``saddr=``; None for what is no socket address."""
    decoded = decode_sockaddr(raw)
    if decoded.family is None:
        return None
    family = choice_word("families", decoded.family)
    if family is None or decoded.family == _UNSPEC:
        return f"unknown-family({decoded.family})"
    describe = _FAMILIES.get(family)
    if describe is None:
        return f"{{ saddr_fam={family} (unsupported) }}"
    words = describe(decoded, bytes.fromhex(raw.decode("ascii")))
    return f"{{ saddr_fam={family} {words or 'len too short'} }}"


def _local(decoded: SocketAddress, data: bytes) -> str:
    """Return the path; a socket without a name has no more of an address than its family (man 7 unix)."""
    return f"path={decoded.text if decoded.path else ''}" if len(data) > len("af") else "unnamed socket"


def _internet(decoded: SocketAddress, _data: bytes) -> str:
    scope = f"%{decoded.scope}" if decoded.scope else ""
    return f"laddr={decoded.address}{scope} lport={decoded.port}" if decoded.address else ""


def _netlink(decoded: SocketAddress, _data: bytes) -> str:
    return "" if decoded.port is None else f"nlnk-fam={decoded.family} nlnk-pid={decoded.port}"


def _packet(decoded: SocketAddress, data: bytes) -> str:
    if decoded.scope is None:
        return ""
    hardware = f" laddr={decoded.address}" if decoded.address else ""
    return f"proto=0x{data[2:4].hex()} ifindex={decoded.scope}{hardware}"


def _algorithm(_decoded: SocketAddress, data: bytes) -> str:
    """Return type and name of linux/if_alg.h: 14 bytes, features and mask, then the name."""
    kind, name = data[2:16].partition(b"\0")[0], data[24:].partition(b"\0")[0]
    return f"type={printable(kind)} name={printable(name)}" if name else ""


def _x25(_decoded: SocketAddress, data: bytes) -> str:
    return f"laddr={printable(data[2:18].partition(bytes(1))[0])}"


def _ax25(_decoded: SocketAddress, data: bytes) -> str:
    """Return the call sign of linux/ax25.h: letters shifted by a bit, then the station's number."""
    sign = bytes(letter >> 1 for letter in data[2:8])
    return f"call={printable(sign.rstrip())}" if sign else ""


_FAMILIES: Mapping[str, Callable[[SocketAddress, bytes], str]] = {
    "local": _local,
    "inet": _internet,
    "inet6": _internet,
    "vsock": _internet,
    "netlink": _netlink,
    "packet": _packet,
    "alg": _algorithm,
    "x25": _x25,
    "ax25": _ax25,
}
