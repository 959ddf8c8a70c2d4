"""What the venue's list says of markets by their ids, to anybody: tokens and fees of those that no row knows, also when
they are long over. Asked for by a rebuild, and by a reconciliation that hears of a trade in a strange market.
"""

from collections.abc import Iterable
from typing import Final

import httpx
import msgspec
from msgspec import Raw

from core.ids import MarketId
from feeds.sources.polymarket.gamma import Terms, terms_of
from infra import clock
from trading.gateways.polymarket.answers import Unanswered

ASK_S: Final = 5.0
AT_ONCE: Final = 20
MARKETS_MAX: Final = 2_000


class _Page(msgspec.Struct):
    markets: list[Raw]


class TermsReader:
    """Close it. Every call ends by itself."""

    def __init__(self, url: str) -> None:
        # A simulator next door is asked directly, whatever proxy the machine has.
        self._http = httpx.AsyncClient(base_url=url, timeout=ASK_S, trust_env=url.startswith("https://"))

    async def close(self) -> None:
        await self._http.aclose()

    async def terms(self, market_ids: Iterable[MarketId]) -> tuple[list[Terms], list[Unanswered]]:
        """Those it tells of, and why it does not of others; of the first ``MARKETS_MAX``."""
        found: list[Terms] = []
        silent: list[Unanswered] = []
        wanted = list(dict.fromkeys(market_ids))
        for start in range(0, min(len(wanted), MARKETS_MAX), AT_ONCE):
            for closed in ("true", "false"):
                told = await self._page(wanted[start : start + AT_ONCE], closed)
                if isinstance(told, Unanswered):
                    silent.append(told)
                else:
                    found += told
        return found, silent

    async def _page(self, market_ids: list[MarketId], closed: str) -> list[Terms] | Unanswered:
        # A V2 condition has 31 bytes and is padded everywhere else (polymarket.md 3.1).
        names = [form for name in market_ids for form in _forms(name)]
        query: list[tuple[str, str | int | float | bool | None]] = [("condition_ids", name) for name in names]
        query += [("closed", closed), ("limit", "100")]
        try:
            answer = await self._http.get("/markets/keyset", params=query)
            if answer.status_code != httpx.codes.OK:
                return _unanswered(f"HTTP {answer.status_code}")
            page = msgspec.json.decode(answer.content, type=_Page)
        except (httpx.HTTPError, msgspec.DecodeError) as error:
            return _unanswered(f"{type(error).__name__}: {error}")
        return [terms for text in page.markets if (terms := terms_of(text)) is not None]


def _forms(name: MarketId) -> tuple[str, ...]:
    return (name, name[:-2]) if name.endswith("00") else (name,)


def _unanswered(why: str) -> Unanswered:
    return Unanswered(f"the list of markets: {why}", clock.now_ms())
