"""What ops does when no runner answers a halt: cancel at the venue by the API key, and look what is left.

On paper there is nothing to cancel: the paper venue lives in the trader, and dies or stands still with it. Where orders
are signed ops has the trader's API key (``venue_pass``), which cancels and reads and places nothing.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import Final

from django.conf import settings
from django.db import DatabaseError

from core.ids import MarketId, OrderId
from core.units import Ms
from feeds import selectors as feeds
from infra import clock, logs
from risk.services import Withdrawn
from trading import selectors
from trading.gateways.polymarket.answers import Unanswered
from trading.gateways.polymarket.credentials import Credentials, Keyless
from trading.gateways.polymarket.orders.translate import Standing, order_read
from trading.gateways.polymarket.transport.transport import Transport
from trading.models import Order
from trading.wallet import venue_pass
from trading.wallet.venue_pass import VenuePass

WITHIN_S: Final = 20.0
LOOKS_AT_ONCE: Final = 8
MARGIN_MS: Final = 1_000
# The venue shows an order that landed within this (trading.md 11); before, its absence proves nothing.
LANDED_MS: Final = 10_000
OVER: Final = frozenset({Standing.CANCELLED, Standing.MATCHED, Standing.INVALID})
ON_PAPER: Final = "on paper the venue lives in the trader: while that is silent there is nothing to cancel"
UNARMED: Final = (
    "no API key is here: the trader has left none, so nothing was cancelled; cancel at the venue by hand"
)
ROWLESS: Final = "withdrew at the venue; our own rows cannot be read, so orders on their way are not known"
SILENT: Final = (
    "the venue does not answer; it is asked on, and its own sweep cancels 10 s after the last heartbeat"
)

log = logs.get("trading")


def withdraw(market_id: str | None) -> Withdrawn:
    """Cancel all orders of the API key, or those of one market. Never raises for what the venue does."""
    now = clock.now_ms()
    if not settings.POLYLOLY.signs:
        return Withdrawn(0, None, (), None, now, ON_PAPER)
    given = venue_pass.left()
    if given is None:
        return Withdrawn(0, None, (), None, now, UNARMED)
    market = None if market_id is None else MarketId(market_id)
    try:
        rows, last = _open_rows(given.wallet, market), _last_written(given.wallet)
        provable = now if last is None else max(now, Ms(last + _longest_delay() + MARGIN_MS))
    except DatabaseError as error:
        log.error(
            "rows of our orders not read, withdrawing all the same", error=str(error), event_type="error"
        )
        done = asyncio.run(_withdraw(given, market, {}, None, now))
        return replace(done, note=done.note or ROWLESS)
    return asyncio.run(_withdraw(given, market, rows, last, provable))


async def _withdraw(
    given: VenuePass, market_id: MarketId | None, rows: dict[OrderId, Ms], last: Ms | None, provable: Ms
) -> Withdrawn:
    who = Keyless(given.address, given.signature_type)
    key = Credentials(given.api_key, given.secret, given.passphrase)
    transport = Transport(settings.POLYLOLY.urls.clob, who, credentials=key, chance=Random())
    try:
        async with asyncio.timeout(WITHIN_S):
            return await Hand(transport, market_id, rows, last, provable).act()
    except TimeoutError:
        return Withdrawn(len(rows), None, tuple(rows), last, provable, SILENT)
    finally:
        await transport.close()


class Hand:
    """One go at the venue. ``rows``: our orders that are open by their rows, and when each was written."""

    def __init__(
        self,
        transport: Transport,
        market_id: MarketId | None,
        rows: dict[OrderId, Ms],
        last: Ms | None,
        provable: Ms,
    ) -> None:
        self._transport = transport
        self._market_id = market_id
        self._rows = rows
        self._last = last
        self._provable = provable

    async def act(self) -> Withdrawn:
        await self._transport.renew_time()
        before = await self._open()
        if self._market_id is None:
            done = await self._transport.cancel_all()
        else:
            done = await self._transport.cancel_market(self._market_id)
        left = await self._open()
        if isinstance(left, Unanswered):
            unknown = [*self._rows] if isinstance(before, Unanswered) else sorted({*before, *self._rows})
            log.error("venue not answered to ops", event_type="error", why=left.reason)
            return Withdrawn(len(unknown), None, tuple(unknown), self._last, self._provable, SILENT)
        cancelled = () if isinstance(done, Unanswered) else done.canceled
        seen = {*cancelled} | (set() if isinstance(before, Unanswered) else before)
        unknown = await self._unsure({*self._rows} - seen - left)
        found = len(seen | left)
        return Withdrawn(found, tuple(sorted(left)), tuple(unknown), self._last, self._provable, None)

    async def _open(self) -> set[OrderId] | Unanswered:
        listed = await self._transport.open_orders(self._market_id)
        return listed if isinstance(listed, Unanswered) else {OrderId(order.id.lower()) for order in listed}

    async def _unsure(self, order_ids: Iterable[OrderId]) -> list[OrderId]:
        """Of orders that the venue did not list, those that may be there all the same."""
        turns = asyncio.Semaphore(LOOKS_AT_ONCE)

        async def unsure(order_id: OrderId) -> bool:
            async with turns:
                found = await self._transport.order(order_id)
            if isinstance(found, Unanswered):
                return True
            if found is None:
                return clock.now_ms() - self._rows[order_id] < LANDED_MS
            fact = order_read(found)
            return fact is None or fact.standing not in OVER

        names = sorted(order_ids)
        return [
            name
            for name, doubt in zip(names, await asyncio.gather(*map(unsure, names)), strict=True)
            if doubt
        ]


def _open_rows(wallet: str, market_id: MarketId | None) -> dict[OrderId, Ms]:
    account = selectors.account_of(mode=settings.POLYLOLY.mode.value, name=wallet)
    if account is None:
        return {}
    rows = selectors.open_orders(account.pk)
    if market_id is not None:
        rows = rows.filter(market_id=market_id)
    return {OrderId(name.lower()): Ms(at_ms) for name, at_ms in rows.values_list("order_id", "written_ms")}


def _last_written(wallet: str) -> Ms | None:
    """When an order was last allowed to leave: its row is written right before."""
    account = selectors.account_of(mode=settings.POLYLOLY.mode.value, name=wallet)
    newest = (
        None if account is None else Order.objects.filter(account=account).order_by("-written_ms").first()
    )
    return None if newest is None else Ms(newest.written_ms)


def _longest_delay() -> Ms:
    return max((market.delay_ms for market in feeds.listed_markets()), default=Ms(0))
