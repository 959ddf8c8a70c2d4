"""Takes up what an earlier life of the process left at the venue, before anything is traded (trading.md 11).

What is open and ours is cancelled and followed to its end, trades nobody heard of are adopted in the order in which
they happened, what the venue has never heard of stays UNKNOWN until that is proven. Orders of others are reported.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.answers import FillStatus
from core.events import Event
from core.ids import FillId, MarketId, OrderId
from core.kept import KeptOrder
from core.units import Ms
from infra import clock, logs
from trading.gateways.polymarket.orders.asking import Asking
from trading.gateways.polymarket.orders.own_order import OwnOrder
from trading.gateways.polymarket.orders.own_orders import MarketTerms, OwnOrders
from trading.gateways.polymarket.orders.strays import BEFORE_MS

WITHIN_MS: Final = 30_000  # real; then trading may begin beside what the venue did not answer, or not begin
ROUND_MS: Final = 50
LOOKS_AT_ONCE: Final = 8

log = logs.get("gateway")


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a start found at the venue.

    ``events`` are for the engine, in order. ``foreign``: open orders of this wallet that are not ours. ``open``: ours
    whose end the venue has not told yet; ``unsure``: ours that it does not know, until it is proven that they never
    landed. ``answered``: false when the venue did not say what is open or what was traded: then nothing is known.
    """

    events: tuple[Event, ...]
    foreign: tuple[OrderId, ...]
    open: tuple[OrderId, ...]
    unsure: tuple[OrderId, ...]
    answered: bool


async def recover(
    orders: OwnOrders,
    asking: Asking,
    kept: Sequence[KeptOrder],
    *,
    terms: Mapping[MarketId, MarketTerms],
    provisional: Mapping[FillId, FillStatus],
    within_ms: int = WITHIN_MS,
) -> Recovered:
    """Read, cancel and follow until nothing of ours is open, or ``within_ms`` of real time have passed."""
    began, now = clock.monotonic_ms(), asking.clock()
    for old in kept:
        order = orders.keep(old, terms.get(old.place.market_id), now, provisional)
        if not order.is_over:
            order.want_gone(now, asked_by_core=False)
    known = {fill_id for old in kept for fill_id in old.fills}
    orders.strays.loosen({fill_id: at for fill_id, at in provisional.items() if fill_id not in known})
    # Trades first: an order's end is told with what it has traded, and that should be known by then.
    heard = await asking.trades(_trades_from(kept, now))
    surveyed = await asking.survey(orders.strays.loose_trades())
    while _under_way(orders) and clock.monotonic_ms() - began < within_ms:
        await _round(orders, asking)
        heard = heard or await asking.trades(_trades_from(kept, now))
        surveyed = surveyed or await asking.survey()
        await asyncio.sleep(ROUND_MS / 1000)
    events = tuple(orders.said)
    orders.said.clear()
    found = Recovered(
        events=events,
        foreign=tuple(orders.strays.foreign),
        open=tuple(order.order_id for order in orders.active() if not order.is_over and not _unsure(order)),
        unsure=tuple(order.order_id for order in orders.active() if _unsure(order)),
        answered=heard and surveyed,
    )
    log.info(
        "venue asked for what was left",
        event_type="recovery",
        kept=len(kept),
        events=len(events),
        foreign=len(found.foreign),
        still_open=len(found.open),
        unsure=len(found.unsure),
        answered=found.answered,
        took_ms=clock.monotonic_ms() - began,
    )
    return found


async def _round(orders: OwnOrders, asking: Asking) -> None:
    """Carry out what is due, and wait for it."""
    wishes = orders.wishes(asking.clock())
    if wishes.cancels:
        await asking.cancel(wishes.cancels)
    for start in range(0, len(wishes.looks), LOOKS_AT_ONCE):
        await asyncio.gather(*(asking.look(order) for order in wishes.looks[start : start + LOOKS_AT_ONCE]))
    if wishes.trades_after is not None:
        await asking.trades(wishes.trades_after)
    if wishes.survey:
        await asking.survey(wishes.loose)


def _under_way(orders: OwnOrders) -> bool:
    return any(order.fills.missing or not (order.is_over or _unsure(order)) for order in orders.active())


def _unsure(order: OwnOrder) -> bool:
    """Asked for and not known: only time proves that it never landed, and nothing waits for that."""
    inquiry = order.inquiry
    return inquiry is not None and not inquiry.landed and inquiry.missed


def _trades_from(kept: Sequence[KeptOrder], now: Ms) -> Ms:
    """Early enough for every trade of these orders that may not have been heard of."""
    starts = [old.place.decided_ms if old.status == "unknown" else old.since_ms for old in kept]
    return Ms(min([now, *starts]) - BEFORE_MS)
