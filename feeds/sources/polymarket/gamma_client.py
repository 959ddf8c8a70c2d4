"""Asks Gamma for events, a page at a time (polymarket.md 7). Bounded in time, tries, bytes and pages."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Final

import httpx
import msgspec
from msgspec import Raw

from feeds.errors import Unanswered, Unreadable
from feeds.sources.polymarket.gamma_wire import Page, pages
from infra import aio, logs

TRIES: Final = 4
PAGE_S: Final = 20.0  # for the whole answer, however slowly it drips
CONNECT_S: Final = 5.0
LIMIT: Final = 100
PAGES_MAX: Final = 60
BYTES_MAX: Final = 32 * 1024 * 1024

log = logs.get("discovery")

Query = Sequence[tuple[str, str]]


class GammaClient:
    """One kept connection to Gamma. ``tries`` and the timeouts are arguments for tests only."""

    def __init__(self, url: str, *, chance: Random, page_s: float = PAGE_S, tries: int = TRIES) -> None:
        self._url = f"{url}/events/keyset"
        self._chance = chance
        self._page_s = page_s
        self._tries = tries
        # A simulator next door is asked directly, whatever proxy the machine has.
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(page_s, connect=CONNECT_S), trust_env=url.startswith("https://")
        )

    async def events(self, query: Query) -> AsyncIterator[list[Raw]]:
        """The events of each page. Raises ``Unanswered`` in the middle when a page cannot be had."""
        after: str | None = None
        for _ in range(PAGES_MAX):
            cursor = [] if after is None else [("after_cursor", after)]
            page = await self._page([*query, ("limit", str(LIMIT)), *cursor])
            yield page.events
            if page.next_cursor is None or page.next_cursor == after:
                return
            after = page.next_cursor
        raise Unanswered(f"more than {PAGES_MAX} pages of events")

    async def close(self) -> None:
        await self._http.aclose()

    async def _page(self, query: Query) -> Page:
        waits = aio.back_off(self._chance)
        why = ""
        for attempt in range(self._tries):
            if attempt:
                await asyncio.sleep(next(waits) / 1000)
            try:
                async with asyncio.timeout(self._page_s):
                    return pages.decode(await self._body(query))
            except (msgspec.DecodeError, RecursionError) as error:
                why = f"answer not understood: {error}"
            except TimeoutError:
                why = f"no whole answer within {self._page_s} s"
            except (httpx.HTTPError, Unreadable) as error:
                why = f"{type(error).__name__}: {error}"
            log.warning("gamma did not answer", event_type="source_lost", why=why, attempt=attempt + 1)
        raise Unanswered(f"GET {self._url}: {why}")

    async def _body(self, query: Query) -> bytes:
        async with self._http.stream("GET", self._url, params=list(query)) as answer:
            if answer.status_code != 200:
                raise _refusal(answer.status_code, await answer.aread())
            body = bytearray()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > BYTES_MAX:
                    raise Unreadable(f"an answer of more than {BYTES_MAX} bytes")
            return bytes(body)


def _refusal(status: int, body: bytes) -> Unanswered | Unreadable:
    """Asking again helps against 429 and 5xx, not against our own mistake."""
    words = f"{status} {body[:200].decode(errors='replace')}"
    return Unreadable(words) if status == 429 or status >= 500 else Unanswered(words)
