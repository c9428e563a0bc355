"""Socket addresses as SOCKADDR records carry them: a ``struct sockaddr`` in hex (linux/socket.h, in.h, un.h)."""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.records.decoding import printable
from mig_audit.modules.audit.records.memo import LONGEST

if TYPE_CHECKING:
    from typing import Literal

    _Order = Literal["little", "big"]

# linux/socket.h; the names are those of libaudit and ausearch.
_FAMILY_NAMES = (
    "unspec unix inet ax25 ipx appletalk netrom bridge atmpvc x25 inet6 rose decnet netbeui security key netlink packet"
    " ash econet atmsvc rds sna irda pppox wanpipe llc ib mpls can tipc bluetooth iucv rxrpc isdn phonet ieee802154 caif"
    " alg nfc vsock kcm qipcrtr smc xdp mctp"
)
FAMILIES = dict(enumerate(_FAMILY_NAMES.split()))
_UNIX, _INET, _INET6, _NETLINK, _PACKET, _VSOCK = 1, 2, 10, 16, 17, 40
_HEX_DIGITS = b"0123456789ABCDEFabcdef"
_MAPPED = bytes(10) + b"\xff\xff"  # RFC 4291, 2.5.5.2: before an IPv4 address
_GROUPS = Struct(">8H")
_DOTTED = "%d.%d.%d.%d"
_COLONS = "%x:%x:%x:%x:%x:%x:%x:%x"
_new = tuple.__new__  # what SocketAddress(...) does, without its Python frame


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
    return parse_sockaddr(raw) if len(raw) > LONGEST else _decode_short(raw)


def parse_sockaddr(raw: bytes) -> SocketAddress:
    """Return what `decode_sockaddr` does, remembering nothing: for a caller that remembers what becomes of it."""
    text = printable(raw)
    data = b"" if len(raw) % 2 or raw.translate(None, _HEX_DIGITS) else bytes.fromhex(text)
    if len(data) < 2:  # noqa: PLR2004 - the two bytes of sa_family
        return SocketAddress(None, None, None, None, None, False, None, text)
    # The family is in the host's byte order, and a foreign log may come from a big-endian host.
    order: _Order = "big" if data[1] else "little"
    family = int.from_bytes(data[:2], order)
    return _new(SocketAddress, (family, FAMILIES.get(family), *_meaning(family, data, order), text))


_decode_short = lru_cache(maxsize=2048)(parse_sockaddr)


def _meaning(  # noqa: PLR0911 - a family each
    family: int, data: bytes, order: _Order
) -> tuple[Optional[str], Optional[int], Optional[str], bool, Optional[int]]:
    """Return address, port, path, whether that is abstract, and scope; of the host's numbers, in its order."""
    size = len(data)
    if family == _INET and size >= 8:  # noqa: PLR2004 - port and address
        return _DOTTED % tuple(data[4:8]), _port(data), None, False, None
    if family == _INET6 and size >= 24:  # noqa: PLR2004 - port, flow and address; the scope may be missing
        return inet6_text(data[8:24]), _port(data), None, False, int.from_bytes(data[24:28], order) or None
    if family == _UNIX:
        if data[2:3] == b"\0" and size > 3:  # noqa: PLR2004 - a name after its NUL
            return None, None, printable(data[3:]), True, None
        return None, None, printable(data[2:].partition(b"\0")[0]), False, None
    if size < 12:  # noqa: PLR2004 - that many have all others
        return None, None, None, False, None
    first, second = int.from_bytes(data[4:8], order), int.from_bytes(data[8:12], order)
    if family == _NETLINK:  # padding, port id, groups
        return None, first, None, False, second
    if family == _PACKET:  # protocol, interface, type, length of the address
        return data[12 : 12 + data[11]].hex(":") or None, None, None, False, first
    if family == _VSOCK:  # reserved, port, context id
        return str(second), first, None, False, None
    return None, None, None, False, None


def _port(data: bytes) -> int:
    return int.from_bytes(data[2:4], "big")


def inet6_text(data: bytes) -> str:
    """Return an address of sixteen bytes as RFC 5952 has it: the first of its longest runs of zeros is left out.

    The library's is not used: it takes four times as long, and Pythons differ in how they write mapped addresses.
    """
    if data.startswith(_MAPPED):
        return "::ffff:" + _DOTTED % tuple(data[12:])
    text = _COLONS % _GROUPS.unpack(data)
    if "0:0" not in text:
        return text
    text = f":{text}:"
    for groups in range(8, 1, -1):
        head, run, tail = text.partition(f":{'0:' * groups}")
        if run:
            return f"{head[1:]}::{tail[:-1]}"
    return text[1:-1]
