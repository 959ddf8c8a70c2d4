"""Reading our orders, trades and balances back. Idempotent, so tried again, and bounded in tries, time and pages."""

import asyncio
import re
from collections.abc import Callable
from random import Random
from typing import Final, TypeVar

import msgspec
from polymarket._internal.protocol import is_v2_position_id

from core.ids import MarketId, OrderId, TokenId
from core.units import Ms
from infra import aio
from trading.gateways.polymarket import reading
from trading.gateways.polymarket.answers import (
    RESTARTING,
    TOO_MANY,
    Beat,
    Unanswered,
    read_beat,
    retry_after,
)
from trading.gateways.polymarket.transport.budget import READS_A_S, READS_BURST, Bucket
from trading.gateways.polymarket.transport.caller import Answer, Caller, Query
from trading.gateways.polymarket.wire import (
    BalanceAllowance,
    OpenOrder,
    Page,
    T,
    Unreadable,
    VenueTrade,
    excerpt,
)

TRIES: Final = 3
TRY_WITHIN_S: Final = 5.0
BUDGET_WAIT_MS: Final = 3_000
RETRY_WAIT_MAX_MS: Final = 3_000
PAGES_MAX: Final = 100
FIRST_PAGE: Final = "MA=="
UNIX_SECONDS: Final = re.compile(rb"[0-9]{1,11}")

R = TypeVar("R")


class Reads:
    """Everything that only asks, and the heartbeat. One signer's view; ``Transport`` adds what acts."""

    def __init__(self, caller: Caller, *, signature_type: int, chance: Random) -> None:
        self._caller = caller
        self._signature_type = signature_type
        self._chance = chance
        self._reads = Bucket(READS_A_S, READS_BURST)

    async def order(self, order_id: OrderId) -> OpenOrder | Unanswered | None:
        """One of our orders, closed ones too. ``None``: the venue does not know it (now)."""
        answer = await self._get_or_absent(f"/data/order/{order_id}")
        if answer is None or isinstance(answer, Unanswered):
            return answer
        found = reading.read_order(answer.body)
        return self._not_understood(found) if isinstance(found, Unreadable) else found

    async def open_orders(self, market: MarketId | None = None) -> list[OpenOrder] | Unanswered:
        """Every open order of this API key, of all pages."""
        query = () if market is None else (("market", market),)
        return await self._pages("/data/orders", query, reading.read_orders, lambda order: order.id)

    async def trades(
        self, after_ms: Ms | None = None, market: MarketId | None = None, *, trade_id: str | None = None
    ) -> list[VenueTrade] | Unanswered:
        """Our trades matched since ``after_ms``, all pages. The venue takes seconds, so up to two more are in it."""
        query = [] if after_ms is None else [("after", str(max(0, after_ms // 1000 - 1)))]
        query += [] if market is None else [("market", market)]
        query += [] if trade_id is None else [("id", trade_id)]
        return await self._pages("/data/trades", query, reading.read_trades, lambda trade: trade.id)

    async def balance(self, token: TokenId | None = None) -> BalanceAllowance | Unanswered:
        """USDC we may spend (``None``), or shares of one token. Cached by the venue: see ``refresh_balance``."""
        answer = await self._get("/balance-allowance", self._of_asset(token))
        if isinstance(answer, Unanswered):
            return answer
        found = reading.read_balance(answer.body)
        return self._not_understood(found) if isinstance(found, Unreadable) else found

    async def refresh_balance(self, token: TokenId | None = None) -> Unanswered | None:
        """Let the venue read the chain again. Needed after approvals and deposits. ``None``: it did."""
        answer = await self._get("/balance-allowance/update", self._of_asset(token))
        return answer if isinstance(answer, Unanswered) else None

    async def closed_only(self) -> bool | Unanswered:
        """Whether this account may only close positions."""
        answer = await self._get("/auth/ban-status/closed-only")
        if isinstance(answer, Unanswered):
            return answer
        try:
            return msgspec.json.decode(answer.body, type=dict[str, bool])["closed_only"]
        except (msgspec.DecodeError, RecursionError, KeyError) as error:
            return self._not_understood(Unreadable(str(error), excerpt(answer.body)))

    async def ok(self) -> bool:
        """Whether the venue says of itself that it is well."""
        answer = await self._caller.public("GET", "/ok", within_s=TRY_WITHIN_S)
        return isinstance(answer, Answer) and answer.status == 200

    async def time(self) -> Ms | Unanswered:
        """The venue's clock, to the second. Tried once."""
        asked_ms = self._caller.clock()
        answer = await self._caller.public("GET", "/time", within_s=TRY_WITHIN_S)
        heard_ms = self._caller.clock()
        if not isinstance(answer, Answer):
            return Unanswered(answer.reason, heard_ms)
        text = answer.body.strip().strip(b'"')
        if answer.status != 200 or not UNIX_SECONDS.fullmatch(text):
            return Unanswered(f"HTTP {answer.status}: {excerpt(answer.body)}", heard_ms)
        self._caller.time.learn(int(text), asked_ms=asked_ms, heard_ms=heard_ms)
        return Ms(int(text) * 1000)

    async def renew_time(self) -> bool:
        """Follow the venue's clock; false when it was not told."""
        return not isinstance(await self.time(), Unanswered)

    async def heartbeat(self, last_id: str | None) -> Beat | Unanswered:
        """Say that we live, in the chain of ``last_id`` (``None`` begins one). Tried once: the chain would break.

        ``Beat.accepted`` is false when the venue expected another id, and ``Beat.id`` is that one.
        """
        body = msgspec.json.encode({"heartbeat_id": last_id})
        answer = await self._caller.by_key("POST", "/v1/heartbeats", body=body, within_s=TRY_WITHIN_S)
        if not isinstance(answer, Answer):
            return self._unanswered(answer.reason)
        beat = read_beat(answer.status, answer.body)
        return beat or self._unanswered(f"HTTP {answer.status}: {excerpt(answer.body)}")

    def _of_asset(self, token: TokenId | None) -> Query:
        kind = ("signature_type", str(self._signature_type))
        if token is None:
            return (("asset_type", "COLLATERAL"), kind)
        asset = "CONDITIONAL-V2" if is_v2_position_id(token) else "CONDITIONAL"
        return (("asset_type", asset), ("token_id", token), kind)

    async def _pages(
        self,
        path: str,
        query: Query,
        read: Callable[[bytes], Page[T] | Unreadable],
        name: Callable[[T], str],
    ) -> list[T] | Unanswered:
        """All items, each once. One that cannot be read fails the whole: what we do not know, we must not act on."""
        found: dict[str, T] = {}
        cursor = FIRST_PAGE
        for _ in range(PAGES_MAX):
            answer = await self._get(path, [*query, ("next_cursor", cursor)])
            if isinstance(answer, Unanswered):
                return answer
            page = read(answer.body)
            if isinstance(page, Unreadable):
                return self._not_understood(page)
            if page.unreadable:
                return self._not_understood(page.unreadable[0])
            found |= {name(item): item for item in page.items}
            if page.after is None or page.after == cursor:
                return list(found.values())
            cursor = page.after
        return self._unanswered(f"GET {path}: more than {PAGES_MAX} pages")

    async def _get(self, path: str, query: Query = ()) -> Answer | Unanswered:
        answer = await self._get_or_absent(path, query)
        return self._unanswered(f"GET {path}: not found") if answer is None else answer

    async def _get_or_absent(self, path: str, query: Query = ()) -> Answer | Unanswered | None:
        """A 2xx, ``None`` for a 404, or why there is neither after ``TRIES``."""
        waits = aio.back_off(self._chance)
        wait_ms, why = 0, ""
        for _ in range(TRIES):
            await asyncio.sleep(wait_ms / 1000)
            if not await self._reads.wait(within_ms=BUDGET_WAIT_MS):
                return self._unanswered(f"GET {path}: our own budget of reads is used up")
            answer = await self._caller.by_key("GET", path, query=query, within_s=TRY_WITHIN_S)
            wait_ms = next(waits)
            if not isinstance(answer, Answer):
                why = answer.reason
                continue
            if 200 <= answer.status < 300:
                return answer
            if answer.status == 404:
                return None
            why = f"HTTP {answer.status}: {excerpt(answer.body)}"
            if answer.status == 401:
                await self.renew_time()
            elif answer.status == TOO_MANY:
                wait_ms = min(retry_after(answer.retry_header, None) or wait_ms, RETRY_WAIT_MAX_MS)
                self._reads.shut(wait_ms)
            elif answer.status < 500 and answer.status != RESTARTING:
                break
        return self._unanswered(f"GET {path}: {why}")

    def _not_understood(self, what: Unreadable) -> Unanswered:
        return self._unanswered(f"answer not understood: {what.reason}: {what.excerpt}")

    def _unanswered(self, reason: str) -> Unanswered:
        return Unanswered(reason, self._caller.clock())
