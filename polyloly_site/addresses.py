"""Where the venue answers: the real one, and which addresses may be taken for a simulator of ours."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final, NamedTuple

NEAR_NAME: Final = re.compile(r"[a-z][a-z0-9_-]*")  # a digit first, and it may be an address in disguise


class Urls(NamedTuple):
    """Where the venue answers. ``matches_ws`` exists at the simulator only."""

    market_ws: str
    user_ws: str
    sports_ws: str
    clob: str
    gamma: str
    data: str
    relayer: str
    rpc: str
    geoblock: str
    matches_ws: str | None


POLYMARKET: Final = Urls(
    market_ws="wss://ws-subscriptions-clob.polymarket.com/ws/market",
    user_ws="wss://ws-subscriptions-clob.polymarket.com/ws/user",
    sports_ws="wss://sports-api.polymarket.com/ws",
    clob="https://clob.polymarket.com",
    gamma="https://gamma-api.polymarket.com",
    data="https://data-api.polymarket.com",
    relayer="https://relayer-v2.polymarket.com",
    rpc="https://polygon.drpc.org",
    geoblock="https://polymarket.com/api/geoblock",
    matches_ws=None,
)


def simulated(http: str) -> Urls:
    """Everything of the venue behind one origin."""
    ws = "ws" + http.removeprefix("http")
    return Urls(
        market_ws=f"{ws}/ws/market",
        user_ws=f"{ws}/ws/user",
        sports_ws=f"{ws}/ws",
        clob=http,
        gamma=http,
        data=http,
        relayer=http,
        rpc=f"{http}/rpc",
        geoblock=f"{http}/api/geoblock",
        matches_ws=f"{ws}/ws/matches",
    )


Network = IPv4Network | IPv6Network


def networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks with commas between. Raises ``ValueError`` naming the one that is none."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def near(host: str) -> bool:
    """Whether a host is of our own network: a private or loopback address, or a name without a dot."""
    try:
        found = ip_address(host)
    except ValueError:
        return NEAR_NAME.fullmatch(host) is not None
    found = getattr(found, "ipv4_mapped", None) or found
    return found.is_private and not found.is_link_local and not found.is_unspecified
