"""One request to the venue over kept connections: signed just before it leaves, bounded in time and size, never
raising.

What is told apart here decides about money: ``NeverSent`` proves that the venue has seen nothing, ``Lost`` proves
nothing at all. On httpcore, which is what httpx itself sends with: cookies, redirects and encodings have no place
between a cancel and its socket, and without them it leaves in two thirds of the time. Orders go by ``lanes``.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore

from core.units import Ms
from trading.gateways.polymarket.answers import whole
from trading.gateways.polymarket.credentials import Credentials, Keyless, l1_headers, l2_headers
from trading.gateways.polymarket.signing import Signer
from trading.gateways.polymarket.transport.sockets import Sockets
from trading.gateways.polymarket.transport.venue_time import VenueTime

CONNECT_S: Final = 2.0
CONNECTION_FREE_S: Final = 1.0  # all connections busy for longer: the request is not sent
CONNECTIONS_MAX: Final = 32
# Shorter than any server's idle time that is known, longer than our own pauses (``transport.TIME_EVERY_S``).
IDLE_S: Final = 30.0
FRESH_S: Final = 1
BYTES_MAX: Final = 8 * 1024 * 1024

BEFORE_SENDING: Final = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.ProxyError,
)
WHILE_SENDING: Final = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
    OSError,
)

Query = Sequence[tuple[str, str]]
Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    retry_header: str | None
    remaining: int | None  # of our budget, as the venue counts it; ``None``: not said


@dataclass(frozen=True, slots=True)
class NeverSent:
    """No byte of the request reached the venue: there was no connection to send it on."""

    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """Sent, maybe, and not answered."""

    reason: str


class Proof(NamedTuple):
    """What a private request carries besides its body, said at ``at_s`` of the venue's clock."""

    at_s: int
    headers: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Proof({self.at_s})"  # its headers are secrets


class Caller:
    """Owns the connections. ``credentials`` and ``time`` are set by the transport while it starts.

    ``tls``: whom to trust; the system's usual authorities when not given.
    """

    def __init__(
        self,
        base_url: str,
        signer: Signer | Keyless,
        *,
        clock: Callable[[], Ms],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.credentials: Credentials | None = None
        self.time = VenueTime()
        self.clock = clock
        self._address = signer.address
        self._signer = signer
        url = urlsplit(base_url)
        self._scheme, self._host, self._port = url.scheme.encode(), (url.hostname or "").encode(), url.port
        self._always = [(b"Host", url.netloc.encode()), (b"User-Agent", b"polyloly"), (b"Accept", b"*/*")]
        self._pool = _pool(url.scheme, url.hostname or "", tls)

    async def close(self) -> None:
        await self._pool.aclose()

    async def public(self, method: str, path: str, *, within_s: float) -> Answer | NeverSent | Lost:
        """Ask without saying who we are."""
        return await self._ask(method, path, {}, b"", (), within_s)

    async def by_wallet(self, method: str, path: str, *, within_s: float) -> Answer | NeverSent | Lost:
        """Ask as the wallet's key (L1): only API keys are made this way."""
        if isinstance(self._signer, Keyless):
            return NeverSent("the wallet's key is not here")
        headers = l1_headers(self._signer, self.time.seconds(self.clock()))
        return await self._ask(method, path, headers, b"", (), within_s)

    async def by_key(
        self, method: str, path: str, *, body: bytes = b"", query: Query = (), within_s: float
    ) -> Answer | NeverSent | Lost:
        """Ask as the API key (L2). ``body`` leaves exactly as it is."""
        proof = self.proof(method, path, body)
        if proof is None:
            return NeverSent("no API key yet")
        return await self._ask(method, path, proof.headers, body, query, within_s)

    def proof(self, method: str, path: str, body: bytes) -> Proof | None:
        """What shows now that a request is of the API key; ``None`` before there is one."""
        if self.credentials is None:
            return None
        at_s = self.time.seconds(self.clock())
        headers = l2_headers(self._address, self.credentials, at_s=at_s, method=method, path=path, body=body)
        if body:
            headers["Content-Type"] = "application/json"
        return Proof(at_s, headers)

    def is_fresh(self, at_s: int) -> bool:
        """Whether what was said at this second of the venue's clock is true still, to a second."""
        return self.time.seconds(self.clock()) - at_s <= FRESH_S

    def headers(self, method: str, named: Mapping[str, str], body: bytes) -> Headers:
        """All headers of a request, as they are written."""
        sent = [*self._always, *((name.encode(), value.encode()) for name, value in named.items())]
        if body or method == "POST":
            sent.append((b"Content-Length", str(len(body)).encode()))
        return sent

    async def _ask(
        self, method: str, path: str, named: Mapping[str, str], body: bytes, query: Query, within_s: float
    ) -> Answer | NeverSent | Lost:
        target = quote(path) + (f"?{urlencode(query)}" if query else "")
        request = httpcore.Request(
            method,
            httpcore.URL(scheme=self._scheme, host=self._host, port=self._port, target=target),
            headers=self.headers(method, named, body),
            content=body,
            extensions={"timeout": {"connect": CONNECT_S, "pool": CONNECTION_FREE_S}},
        )
        try:
            async with asyncio.timeout(within_s):
                return await self._exchange(request)
        except BEFORE_SENDING as error:
            return NeverSent(f"{type(error).__name__}: {error}")
        except TimeoutError:
            return Lost(f"no answer within {within_s} s")
        except WHILE_SENDING as error:
            return Lost(f"{type(error).__name__}: {error}")

    async def _exchange(self, request: httpcore.Request) -> Answer | Lost:
        answer = await self._pool.handle_async_request(request)
        try:
            body = bytearray()
            async for chunk in answer.aiter_stream():
                body += chunk
                if len(body) > BYTES_MAX:
                    return Lost(f"an answer of more than {BYTES_MAX} bytes")
        finally:
            await answer.aclose()
        return read_answer(answer.status, answer.headers, bytes(body))


def read_answer(status: int, headers: Headers, body: bytes) -> Answer:
    """What is of use of an answer."""
    told = {name.lower(): value.decode("latin-1") for name, value in headers}
    return Answer(status, body, told.get(b"retry-after"), whole(told.get(b"poly-ratelimit-remaining", "")))


def proxy_for(scheme: str, host: str) -> str | None:
    """Where requests to the venue go first, by the environment. A simulator next door needs none, whatever there is."""
    return getproxies().get("https") if scheme == "https" and not proxy_bypass(host) else None


def _pool(scheme: str, host: str, tls: ssl.SSLContext | None) -> httpcore.AsyncConnectionPool:
    """Kept connections, HTTP/2 where the venue speaks it."""
    proxy = proxy_for(scheme, host)
    return httpcore.AsyncConnectionPool(
        ssl_context=tls,
        http2=True,
        max_connections=CONNECTIONS_MAX,
        max_keepalive_connections=CONNECTIONS_MAX,
        keepalive_expiry=IDLE_S,
        proxy=None if proxy is None else httpcore.Proxy(proxy),
        network_backend=Sockets(),
    )
