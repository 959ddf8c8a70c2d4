"""From the venue's words to facts about our orders, whichever road they took: channel, reads or answers.

Two facts carry everything: where an order stands, and who was part of a trade. What they change is decided in
``own_order``; nothing here knows an order of ours. Sources: polymarket.md 3.2, 3.6, 3.10, 6.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.answers import FillStatus
from core.ids import MarketId, OrderId, Side, TokenId
from core.units import Ms, Price, Shares, Usdc
from trading.gateways.polymarket.wire import (
    MakerOrder,
    OpenOrder,
    OrderEvent,
    OrderEventKind,
    OrderState,
    VenueTrade,
)

# One trade is one fill, however a road spells its id.
UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Standing(StrEnum):
    """Where the venue says an order stands."""

    LIVE = "live"
    DELAYED = "delayed"
    MATCHED = "matched"  # nothing of it rests, by the venue's word
    CANCELLED = "cancelled"
    INVALID = "invalid"  # not taken after its delay, or thrown out since


@dataclass(frozen=True, slots=True)
class OrderFact:
    """``matched``: shares of the order that have traded; ``None`` where the message did not say."""

    order_id: OrderId
    standing: Standing
    matched: Shares | None


@dataclass(frozen=True, slots=True)
class Leg:
    """One order's part in a trade, in that order's own terms. ``side`` is ``None`` where it was not said."""

    order_id: OrderId
    token: TokenId
    side: Side | None
    price: Price
    shares: Shares
    amount: Usdc


@dataclass(frozen=True, slots=True)
class TradeFact:
    """One trade at one of its statuses.

    ``makers`` has one leg for each resting order, of either token when the trade minted or merged; ``None``
    when the message left them out (polymarket.md 6). ``matched_ms`` orders trades in time; ``None``: not said.
    """

    trade_id: str
    market_id: MarketId
    status: FillStatus
    taker: Leg
    makers: tuple[Leg, ...] | None
    matched_ms: Ms | None
    said_ms: Ms | None


# What a read says of an order. UNMATCHED was marketable and rests; silence about the state says nothing.
READ: Final = {
    OrderState.LIVE: Standing.LIVE,
    OrderState.UNMATCHED: Standing.LIVE,
    OrderState.DELAYED: Standing.DELAYED,
    OrderState.MATCHED: Standing.MATCHED,
    OrderState.CANCELED: Standing.CANCELLED,
    OrderState.INVALID: Standing.INVALID,
}


def order_read(order: OpenOrder) -> OrderFact | None:
    """What ``GET /data/order`` or ``/data/orders`` says; ``None`` when it does not say where the order stands."""
    standing = READ.get(order.state)
    if standing is None:
        return None
    if standing is Standing.LIVE and order.matched >= order.shares:
        standing = Standing.MATCHED
    return OrderFact(_id(order.id), standing, order.matched)


def order_told(event: OrderEvent) -> OrderFact:
    """What the channel says. The kind of the event counts, its status only refines it.

    A status MATCHED beside a part of the size is a part matched: only the whole size is the end of an order here.
    """
    matched = event.matched if event.size_matched else None
    return OrderFact(_id(event.id), _standing_told(event, matched), matched)


def _standing_told(event: OrderEvent, matched: Shares | None) -> Standing:
    if event.state is OrderState.INVALID:
        return Standing.INVALID
    if event.kind is OrderEventKind.CANCELLATION or event.state is OrderState.CANCELED:
        return Standing.CANCELLED
    if matched is not None and matched >= event.shares > 0:
        return Standing.MATCHED
    return Standing.DELAYED if event.state is OrderState.DELAYED else Standing.LIVE


def trade_told(trade: VenueTrade) -> TradeFact:
    """A trade of the channel or of ``GET /data/trades``."""
    taker = Leg(
        order_id=_id(trade.taker_order_id),
        token=trade.asset_id,
        side=trade.direction,
        price=trade.at,
        shares=trade.shares,
        amount=trade.worth,
    )
    makers = None if trade.maker_orders is None else tuple(_maker(part) for part in trade.maker_orders)
    return TradeFact(
        trade_id=trade.id.lower() if UUID.fullmatch(trade.id) else trade.id,
        market_id=trade.market,
        status=trade.state,
        taker=taker,
        makers=makers or None,  # no trade is without a maker: an empty list leaves them out as well
        matched_ms=trade.matched_ms,
        said_ms=trade.said_ms,
    )


def _maker(part: MakerOrder) -> Leg:
    return Leg(
        order_id=_id(part.order_id),
        token=part.asset_id,
        side=part.direction,
        price=part.at,
        shares=part.shares,
        amount=part.worth,
    )


def merged(legs: list[Leg]) -> Leg:
    """One order's parts in one trade as one: the venue may list a maker twice, and a fill is named once."""
    first = legs[0]
    return Leg(
        order_id=first.order_id,
        token=first.token,
        side=first.side,
        price=first.price,
        shares=Shares(sum(leg.shares for leg in legs)),
        amount=Usdc(sum(leg.amount for leg in legs)),
    )


def _id(text: str) -> OrderId:
    return OrderId(text.lower())
