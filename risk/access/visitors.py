"""Where a request came from, and whether a program on this machine sent it by itself.

``X-Forwarded-For`` is what anybody may write. It is believed only where the peer is one of ``TRUSTED_PROXIES``, and
there only the last address that is none of theirs.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port

# A request that bears one of these did not begin on this machine, or began in a browser.
PASSED_ON: Final = (
    "Forwarded",
    "X-Real-IP",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "X-Original-Forwarded-For",
    "X-Envoy-External-Address",
    "True-Client-IP",
    "CF-Connecting-IP",
    "Via",
    "Origin",
    "Referer",
    "Sec-Fetch-Site",
)
PASSED_ON_PREFIX: Final = "x-forwarded-"
LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
IPV6_OF_ONE_CUSTOMER: Final = 64
TEXT_MAX: Final = 60

Address = IPv4Address | IPv6Address


def began_here(request: HttpRequest) -> bool:
    """Did a program on this machine ask by itself?

    The peer is loopback, nothing says that it was passed on or began in a browser, and it was called by a loopback
    name: a proxy on this machine that adds no header still passes the name it is called by, unless told otherwise.
    """
    if any(name in request.headers for name in PASSED_ON):
        return False
    if any(name.lower().startswith(PASSED_ON_PREFIX) for name in request.headers):
        return False
    domain, _ = split_domain_port(request.get_host())
    found = parsed(request.META.get("REMOTE_ADDR") or "")
    return domain in LOOPBACK_NAMES and found is not None and found.is_loopback


def address(request: HttpRequest) -> str:
    """For the record: the peer, and beside it, never instead, what a proxy says of whom it asks for."""
    peer = request.META.get("REMOTE_ADDR") or "unknown"
    forwarded = request.headers.get("X-Forwarded-For")
    return peer if forwarded is None else f"{peer} for {forwarded}"[:TEXT_MAX]


def visitor(request: HttpRequest) -> str:
    """Whom to count wrong tries of: an address, of IPv6 the /64 that one customer has.

    The peer, unless that is a trusted proxy: then whom it last spoke for.
    """
    said = request.META.get("REMOTE_ADDR") or "unknown"
    peer = parsed(said)
    if peer is None:
        return said[:TEXT_MAX]
    for hop in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        before = parsed(hop.strip())
        if before is None or not _trusted(peer):
            break
        peer = before
    return _counted_as(peer)


def parsed(text: str) -> Address | None:
    """An address, one of IPv4 in IPv6's clothes as itself; ``None`` for what is none."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _trusted(peer: Address) -> bool:
    return any(peer in network for network in settings.POLYLOLY.proxies)


def _counted_as(found: Address) -> str:
    if isinstance(found, IPv4Address):
        return str(found)
    return str(ip_network((found, IPV6_OF_ONE_CUSTOMER), strict=False))
