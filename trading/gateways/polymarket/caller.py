"""One request to the venue over kept connections: signed at the last moment, bounded in time and size, never raising.

What is told apart here decides about money: ``NeverSent`` proves that the venue has seen nothing, ``Lost`` proves
nothing at all.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import httpx

from core.units import Ms
from trading.gateways.polymarket.credentials import Credentials, l1_headers, l2_headers
from trading.gateways.polymarket.signing import Signer
from trading.gateways.polymarket.venue_time import VenueTime

CONNECT_S: Final = 2.0
CONNECTION_FREE_S: Final = 1.0  # all connections busy for longer: the request is not sent
CONNECTIONS_MAX: Final = 32
# Shorter than any server's idle time that is known, longer than our own pauses (``transport.TIME_EVERY_S``).
IDLE_S: Final = 30.0
BYTES_MAX: Final = 8 * 1024 * 1024

Query = Sequence[tuple[str, str]]


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


class Caller:
    """Owns the connections. ``credentials`` and ``time`` are set by the transport while it starts."""

    def __init__(self, base_url: str, signer: Signer, *, clock: Callable[[], Ms]) -> None:
        self.credentials: Credentials | None = None
        self.time = VenueTime()
        self.clock = clock
        self._address = signer.address
        self._signer = signer
        self._http = httpx.AsyncClient(
            base_url=base_url,
            http2=True,
            timeout=httpx.Timeout(None, connect=CONNECT_S, pool=CONNECTION_FREE_S),
            limits=httpx.Limits(
                max_connections=CONNECTIONS_MAX,
                max_keepalive_connections=CONNECTIONS_MAX,
                keepalive_expiry=IDLE_S,
            ),
            # A simulator next door is asked directly, whatever proxy the machine has.
            trust_env=base_url.startswith("https://"),
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def public(self, method: str, path: str, *, within_s: float) -> Answer | NeverSent | Lost:
        """Ask without saying who we are."""
        return await self._ask(method, path, {}, b"", (), within_s)

    async def by_wallet(self, method: str, path: str, *, within_s: float) -> Answer | NeverSent | Lost:
        """Ask as the wallet's key (L1): only API keys are made this way."""
        headers = l1_headers(self._signer, self.time.seconds(self.clock()))
        return await self._ask(method, path, headers, b"", (), within_s)

    async def by_key(
        self, method: str, path: str, *, body: bytes = b"", query: Query = (), within_s: float
    ) -> Answer | NeverSent | Lost:
        """Ask as the API key (L2). ``body`` leaves exactly as it is."""
        if self.credentials is None:
            return NeverSent("no API key yet")
        headers = l2_headers(
            self._address,
            self.credentials,
            at_s=self.time.seconds(self.clock()),
            method=method,
            path=path,
            body=body,
        )
        if body:
            headers["Content-Type"] = "application/json"
        return await self._ask(method, path, headers, body, query, within_s)

    async def _ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: Query, within_s: float
    ) -> Answer | NeverSent | Lost:
        # No content at all for an empty body: the signature covers none either.
        request = self._http.build_request(
            method, path, params=list(query) or None, content=body or None, headers=headers
        )
        try:
            async with asyncio.timeout(within_s):
                return await self._exchange(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            return NeverSent(f"{type(error).__name__}: {error}")
        except TimeoutError:
            return Lost(f"no answer within {within_s} s")
        except httpx.HTTPError as error:
            return Lost(f"{type(error).__name__}: {error}")

    async def _exchange(self, request: httpx.Request) -> Answer | Lost:
        answer = await self._http.send(request, stream=True)
        try:
            body = bytearray()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > BYTES_MAX:
                    return Lost(f"an answer of more than {BYTES_MAX} bytes")
        finally:
            await answer.aclose()
        return Answer(
            answer.status_code,
            bytes(body),
            answer.headers.get("retry-after"),
            _number(answer.headers.get("poly-ratelimit-remaining")),
        )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.removeprefix("-").isdigit() else None
