"""The other end of a connection, where records tell which end it is."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.late_patterns import compile_late

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event

OUTBOUND = frozenset({"connect", "send"})
INBOUND = frozenset({"accept", "receive"})
_LONGEST = 45  # INET6_ADDRSTRLEN, without its NUL
_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = compile_late(rf"{_BYTE}(?:\.{_BYTE}){{3}}")


class Remote(NamedTuple):
    """The other end.

    Attributes:
        side: ``source`` where it came to this host, ``destination`` where this host went.
        address: an IP address; None where only a name is known.
        port: of TCP or UDP.
        host: its name, or what stands in an address's place and is none.
    """

    side: str
    address: Optional[str]
    port: Optional[int]
    host: Optional[str]


def remote(event: Event) -> Optional[Remote]:
    """Return where a connection went, or who came; None for what is neither, and for sockets that are no network's."""
    address, message = event.address, event.message
    if address is not None and address.name in {"inet", "inet6"} and address.address is not None:
        side = (
            "destination" if event.category in OUTBOUND else "source" if event.category in INBOUND else None
        )
        return Remote(side, address.address, address.port, None) if side else None
    if message is not None and (message.addr or message.hostname):
        known = message.addr if message.addr and is_ip(message.addr) else None
        return Remote("source", known, None, message.hostname or (None if known else message.addr))
    return None


def is_ip(text: str) -> bool:
    """Say whether a text is an IP address, without a zone."""
    return len(text) <= _LONGEST and _is_short_ip(text)


@lru_cache(maxsize=1024)
def _is_short_ip(text: str) -> bool:
    if ":" not in text:
        return _IPV4.fullmatch(text) is not None
    import ipaddress  # noqa: PLC0415  # slow to import, and many logs have no such address

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text
