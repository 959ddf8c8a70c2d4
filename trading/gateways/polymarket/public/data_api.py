"""The Data API v2 (polymarket.md 8): positions by the indexer, which lags, and how markets were resolved. No key."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Final, Generic, TypeVar

import httpx
import msgspec

from core.differences import Carried
from core.ids import MarketId, Outcome, TokenId
from core.ledger import EntryKind
from core.units import Ms, Price, Shares, Usdc
from infra import clock
from trading.gateways.polymarket.answers import Unanswered

ASK_S: Final = 5.0
TRIES: Final = 2
PAGE: Final = 500
PAGES_MAX: Final = 20
CONDITIONS_AT_ONCE: Final = 20
MICRO: Final = 1_000_000
PAYOUT: Final = 100  # a payout is told in millionths, a price is in ten-thousandths
OUTCOMES: Final = (Outcome.YES, Outcome.NO)
Row = TypeVar("Row")
CARRIED: Final = {"SPLIT": EntryKind.SPLIT, "MERGE": EntryKind.MERGE, "REDEEM": EntryKind.REDEEM}


@dataclass(frozen=True, slots=True)
class Listed:
    """A position by the indexer. Sizes are JSON doubles there: good to a millionth, no better."""

    market_id: MarketId
    outcome: Outcome
    token: TokenId
    shares: Shares
    cost: Usdc


class _Position(msgspec.Struct):
    condition_id: str
    token_id: str
    outcome_index: int
    current_size: Decimal
    total_cost_usdc: Decimal | None = None


class _Pagination(msgspec.Struct):
    has_more: bool = False
    next_cursor: str | None = None


class _Page(msgspec.Struct, Generic[Row]):
    data: list[Row]
    pagination: _Pagination = msgspec.field(default_factory=_Pagination)


class _Activity(msgspec.Struct):
    type: str
    condition_id: str
    size: Decimal
    usdc_size: Decimal
    timestamp: int
    outcome_index: int | None = None
    transaction_hash: str = ""


class _Resolution(msgspec.Struct):
    condition_id: str
    payouts: list[int] | None = None


class _Resolutions(msgspec.Struct):
    data: list[_Resolution]


POSITIONS: Final = msgspec.json.Decoder(_Page[_Position])
ACTIVITY: Final = msgspec.json.Decoder(_Page[_Activity])


class DataApi:
    """Close it. Every call ends by itself."""

    def __init__(self, url: str) -> None:
        # A simulator next door is asked directly, whatever proxy the machine has.
        self._http = httpx.AsyncClient(base_url=url, timeout=ASK_S, trust_env=url.startswith("https://"))

    async def close(self) -> None:
        await self._http.aclose()

    async def positions(self, wallet: str) -> list[Listed] | Unanswered:
        """Everything held, of all pages. It hides what is below a tenth of a share."""
        rows = await self._paged("positions", POSITIONS, {"user": wallet})
        if isinstance(rows, Unanswered):
            return rows
        return [_listed(row) for row in rows if 0 <= row.outcome_index < len(OUTCOMES)]

    async def carried(self, wallet: str) -> list[Carried] | Unanswered:
        """Every split, merge and redemption of the wallet, of all pages."""
        rows = await self._paged("activity", ACTIVITY, {"user": wallet, "type": ",".join(CARRIED)})
        if isinstance(rows, Unanswered):
            return rows
        return [_carried(row) for row in rows if row.type in CARRIED]

    async def payouts(self, market_ids: Sequence[MarketId]) -> dict[MarketId, Price] | Unanswered:
        """What a YES share pays, of those that are resolved."""
        found: dict[MarketId, Price] = {}
        for asked in _batches(market_ids):
            answer = await self._get("/v2/resolutions", {"condition": ",".join(asked)})
            if isinstance(answer, Unanswered):
                return answer
            try:
                rows = msgspec.json.decode(answer, type=_Resolutions).data
            except msgspec.DecodeError as error:
                return self._unanswered(f"resolutions not understood: {error}")
            found |= {
                MarketId(row.condition_id): Price(row.payouts[0] // PAYOUT) for row in rows if row.payouts
            }
        return found

    async def _paged(
        self, what: str, reader: "msgspec.json.Decoder[_Page[Row]]", query: dict[str, str]
    ) -> list[Row] | Unanswered:
        """The rows of all pages of ``/v2/{what}``."""
        found: list[Row] = []
        asked = query | {"limit": str(PAGE)}
        for _ in range(PAGES_MAX):
            answer = await self._get(f"/v2/{what}", asked)
            if isinstance(answer, Unanswered):
                return answer
            try:
                page = reader.decode(answer)
            except msgspec.DecodeError as error:
                return self._unanswered(f"{what} not understood: {error}")
            found += page.data
            if not page.pagination.has_more or page.pagination.next_cursor is None:
                return found
            asked["cursor"] = page.pagination.next_cursor
        return self._unanswered(f"more than {PAGES_MAX} pages of {what}")

    async def _get(self, path: str, asked: dict[str, str]) -> bytes | Unanswered:
        why = ""
        for _ in range(TRIES):
            try:
                answer = await self._http.get(path, params=asked)
            except httpx.HTTPError as error:
                why = f"{type(error).__name__}: {error}"
                continue
            if answer.status_code == httpx.codes.OK:
                return answer.content
            why = f"HTTP {answer.status_code}"
        return self._unanswered(f"GET {path}: {why}")

    def _unanswered(self, why: str) -> Unanswered:
        return Unanswered(f"the Data API: {why}", clock.now_ms())


def _listed(row: _Position) -> Listed:
    return Listed(
        MarketId(row.condition_id),
        OUTCOMES[row.outcome_index],
        TokenId(row.token_id),
        Shares(_micro(row.current_size)),
        Usdc(_micro(row.total_cost_usdc or Decimal(0))),
    )


def _carried(row: _Activity) -> Carried:
    both = row.outcome_index is None or not 0 <= row.outcome_index < len(OUTCOMES)
    return Carried(
        CARRIED[row.type],
        MarketId(row.condition_id),
        None if both or row.outcome_index is None else OUTCOMES[row.outcome_index],
        Shares(_micro(row.size)),
        Usdc(_micro(row.usdc_size)),
        row.transaction_hash,
        Ms(row.timestamp * 1_000),
    )


def _micro(number: Decimal) -> int:
    return int((number * MICRO).to_integral_value(ROUND_FLOOR))


def _batches(market_ids: Sequence[MarketId]) -> Iterable[Sequence[MarketId]]:
    return (
        market_ids[start : start + CONDITIONS_AT_ONCE]
        for start in range(0, len(market_ids), CONDITIONS_AT_ONCE)
    )
