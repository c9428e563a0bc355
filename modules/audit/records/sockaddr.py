"""Socket addresses as SOCKADDR records carry them: a ``struct sockaddr`` in hex (linux/socket.h, in.h, un.h)."""

from __future__ import annotations

from functools import lru_cache

from mig_audit.late_patterns import compile_late
from mig_audit.lean_typing import NamedTuple, Optional
from mig_audit.modules.audit.records.decoding import printable
from mig_audit.modules.audit.records.memo import LONGEST

# linux/socket.h; the names are those of libaudit and ausearch.
_FAMILY_NAMES = (
    "unspec unix inet ax25 ipx appletalk netrom bridge atmpvc x25 inet6 rose decnet netbeui security key netlink packet"
    " ash econet atmsvc rds sna irda pppox wanpipe llc ib mpls can tipc bluetooth iucv rxrpc isdn phonet ieee802154 caif"
    " alg nfc vsock kcm qipcrtr smc xdp mctp"
)
FAMILIES = dict(enumerate(_FAMILY_NAMES.split()))
_UNIX, _INET, _INET6, _NETLINK, _PACKET, _VSOCK = 1, 2, 10, 16, 17, 40
_FAMILY_LIMIT = 256
_HEX = compile_late(rb"(?:[0-9A-Fa-f]{2})+")


class SocketAddress(NamedTuple):
    """A decoded socket address; what could not be decoded is only in ``raw``.

    Attributes:
        family: the number, ``AF_...``; None when the value is no hex.
        name: the family's name, ``inet``; None for a number without one.
        address: an IP address, a vsock's context id, or a packet socket's hardware address.
        port: of inet, inet6 and vsock; a netlink socket's port id.
        path: of unix sockets, as printable text; an abstract one without its leading NUL.
        abstract: the unix socket's name is abstract, not a path.
        scope: an IPv6 address's interface, a packet socket's interface, or a netlink socket's groups.
        raw: the value as the record has it.
    """

    family: Optional[int]
    name: Optional[str]
    address: Optional[str]
    port: Optional[int]
    path: Optional[str]
    abstract: bool
    scope: Optional[int]
    raw: str

    @property
    def text(self) -> str:
        """Return the one line that people read: ``10.0.0.1:443``, ``[::1]:80``, ``/run/x``, ``@abstract``."""
        if self.path is not None:
            return f"@{self.path}" if self.abstract else self.path or "unix"
        if self.address is not None and self.port is not None:
            return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"
        if self.port is not None:
            return f"{self.name}:{self.port}"
        return self.address or self.name or self.raw


def decode_sockaddr(raw: bytes) -> SocketAddress:
    """Return what the value of ``saddr=`` means; never raises.

    Families other than inet, inet6, unix, netlink, packet and vsock, and addresses too short for their family, keep
    their family and the raw hex.
    """
    return _decode(raw) if len(raw) > LONGEST else _decode_short(raw)


def _decode(raw: bytes) -> SocketAddress:
    text = printable(raw)
    data = bytes.fromhex(raw.decode("ascii")) if _HEX.fullmatch(raw) else b""
    if len(data) < 2:  # noqa: PLR2004 - the two bytes of sa_family
        return SocketAddress(None, None, None, None, None, False, None, text)
    little = int.from_bytes(data[:2], "little")
    # The family is in the host's byte order, and a foreign log may come from a big-endian host.
    order = "little" if little < _FAMILY_LIMIT else "big"
    family = int.from_bytes(data[:2], "little" if order == "little" else "big")
    plain = SocketAddress(family, FAMILIES.get(family), None, None, None, False, None, text)
    return _decode_family(plain, data, big_endian=order == "big")


_decode_short = lru_cache(maxsize=2048)(_decode)


def _decode_family(plain: SocketAddress, data: bytes, *, big_endian: bool) -> SocketAddress:
    def host(start: int) -> int:
        return int.from_bytes(data[start : start + 4], "big" if big_endian else "little")

    family, size = plain.family, len(data)
    decoded = plain
    if family == _UNIX:
        decoded = _unix(plain, data[2:])
    elif family == _INET and size >= 8:  # noqa: PLR2004 - port and address
        decoded = plain._replace(address=".".join(map(str, data[4:8])), port=_port(data))
    elif family == _INET6 and size >= 24:  # noqa: PLR2004 - port, flow and address; the scope may be missing
        decoded = plain._replace(address=_inet6(data[8:24]), port=_port(data), scope=host(24) or None)
    elif family == _NETLINK and size >= 12:  # noqa: PLR2004 - padding, port id, groups
        decoded = plain._replace(port=host(4), scope=host(8))
    elif family == _PACKET and size >= 12:  # noqa: PLR2004 - protocol, interface, type, length of the address
        decoded = plain._replace(address=data[12 : 12 + data[11]].hex(":") or None, scope=host(4))
    elif family == _VSOCK and size >= 12:  # noqa: PLR2004 - reserved, port, context id
        decoded = plain._replace(address=str(host(8)), port=host(4))
    return decoded


def _unix(plain: SocketAddress, name: bytes) -> SocketAddress:
    if name[:1] == b"\0" and len(name) > 1:
        return plain._replace(path=printable(name[1:]), abstract=True)
    return plain._replace(path=printable(name.partition(b"\0")[0]))


def _port(data: bytes) -> int:
    return int.from_bytes(data[2:4], "big")


def _inet6(data: bytes) -> str:
    import ipaddress  # noqa: PLC0415  # slow to import, and few logs need it

    address = ipaddress.IPv6Address(data)
    # Pythons differ in how they write these: 3.13 dotted, older ones in hex.
    return f"::ffff:{address.ipv4_mapped}" if address.ipv4_mapped else str(address)
