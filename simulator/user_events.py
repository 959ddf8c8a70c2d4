"""Events of the user channel in the venue's own fields (polymarket.md 6), as its captured frames have them.

Every number is text. ``timestamp`` is in milliseconds, that of a CONFIRMED trade in seconds; ``created_at``,
``match_time`` and ``last_update`` are in seconds: so the captures mix them (polymarket.md C-25).
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Final, Literal, NamedTuple
from uuid import UUID

import msgspec

from core.ids import MarketId, OrderId, Side, TokenId
from core.units import CERTAIN, Ms, Shares, text
from simulator.exchange.accounts import Account
from simulator.exchange.happenings import OrderEnded, OrderPlaced, OrderUpdated, TradeHappened, TradeMoved
from simulator.exchange.orders import CancelReason, Order, Refusal, Status
from simulator.exchange.trades import MakerPart, TradeStatus
from simulator.sheets import Sheet
from simulator.wire import price_text, size_text

SECOND_MS: Final = 1_000
NO_FEE: Final = "0"
CANCELED: Final = "CANCELED"
Kind = Literal["PLACEMENT", "UPDATE", "CANCELLATION"]
BAD_BALANCE: Final = "CANCELED_NOT_ENOUGH_BALANCE"
# What the status says of an order that ended; a refusal after the delay is told apart below.
ENDED: Final = {
    CancelReason.ASKED: CANCELED,
    CancelReason.EXPIRED: "CANCELED_EXPIRED_ORDER",
    CancelReason.KILLED: CANCELED,
    CancelReason.UNCOVERED: BAD_BALANCE,
    CancelReason.HEARTBEAT: CANCELED,
    CancelReason.GAME_START: CANCELED,
    CancelReason.RESOLVED: "CANCELED_MARKET_RESOLVED",
}


class OrderEvent(msgspec.Struct, frozen=True, kw_only=True):
    id: OrderId
    owner: str
    market: MarketId
    asset_id: TokenId
    side: str
    order_owner: str
    original_size: str
    size_matched: str
    price: str
    associate_trades: list[str] | None
    outcome: str
    type: Kind
    created_at: str
    expiration: str
    order_type: str
    status: str
    maker_address: str
    timestamp: str
    event_type: Literal["order"] = "order"


class MakerOrder(msgspec.Struct, frozen=True, kw_only=True):
    order_id: OrderId
    owner: str
    maker_address: str
    matched_amount: str
    price: str
    fee_rate_bps: str
    asset_id: TokenId
    outcome: str
    outcome_index: int
    side: str


class TradeEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``maker_orders`` is the one field that a fault leaves out."""

    type: str
    id: str
    taker_order_id: OrderId
    market: MarketId
    asset_id: TokenId
    side: str
    size: str
    price: str
    fee_rate_bps: str
    status: str
    match_time: str
    last_update: str
    outcome: str
    owner: str
    trade_owner: str
    maker_address: str
    transaction_hash: str
    bucket_index: int
    maker_orders: list[MakerOrder] | None = None
    trader_side: str
    timestamp: str
    event_type: str


UserEvent = OrderEvent | TradeEvent


class Party(NamedTuple):
    """Who stands behind an order, as the other side sees it."""

    api_key: str
    address: str


PartyOf = Callable[[Account], Party]


def house_party(account: Account) -> Party:
    """A trader of the house under a name of its own, always the same."""
    digest = sha256(f"party|{account.name}".encode()).digest()
    return Party(str(UUID(bytes=digest[:16], version=4)), "0x" + digest[12:].hex())


def order_event(said: OrderPlaced | OrderUpdated | OrderEnded, sheet: Sheet, party_of: PartyOf) -> OrderEvent:
    order, owner = said.order, party_of(said.order.owner)
    kind, status, filled = _moved(said)
    size = size_text(order.size) if order.budget is None else text(order.budget, 6)
    return OrderEvent(
        id=order.order_id,
        owner=owner.api_key,
        market=order.market_id,
        asset_id=sheet.token(order.outcome),
        side=_side(order.side),
        order_owner=owner.api_key,
        original_size=size,
        size_matched=size_text(filled),
        price=price_text(order.price),
        associate_trades=list(order.trade_ids) if filled else None,
        outcome=sheet.name(order.outcome),
        type=kind,
        created_at=_seconds(order.placed_ms),
        expiration="0" if order.expires_ms is None else _seconds(order.expires_ms),
        order_type=order.tif,
        status=status,
        maker_address=owner.address,
        timestamp=str(said.at),
    )


def trade_event(
    said: TradeHappened | TradeMoved, sheet: Sheet, party_of: PartyOf, *, for_taker: bool
) -> TradeEvent:
    """The trade as its taker or as one of its makers hears of it: the same but for ``trader_side``."""
    trade = said.trade
    status = TradeStatus.MATCHED if isinstance(said, TradeHappened) else said.status
    taker = party_of(trade.taker.owner)
    matched = status is TradeStatus.MATCHED
    return TradeEvent(
        type="TRADE",
        id=trade.trade_id,
        taker_order_id=trade.taker.order_id,
        market=trade.market_id,
        asset_id=sheet.token(trade.outcome),
        side=_side(trade.side),
        size=size_text(trade.shares),
        price=price_text(trade.price),
        fee_rate_bps=text(sheet.terms.fee_rate * 10_000 // CERTAIN, 0),
        status=status.upper(),
        match_time=_seconds(trade.match_ms),
        last_update=_seconds(said.at),
        outcome=sheet.name(trade.outcome),
        owner=taker.api_key,
        trade_owner=taker.api_key,
        maker_address=taker.address,
        transaction_hash="" if matched or trade.tx_hash is None else trade.tx_hash,
        bucket_index=trade.bucket,
        maker_orders=[_maker(part, sheet, party_of(part.order.owner)) for part in trade.makers],
        trader_side="TAKER" if for_taker else "MAKER",
        timestamp=_seconds(said.at) if status is TradeStatus.CONFIRMED else str(said.at),
        event_type="trade",
    )


def _maker(part: MakerPart, sheet: Sheet, owner: Party) -> MakerOrder:
    """One resting order in its own terms: in a mint or merge its asset is not the taker's."""
    order: Order = part.order
    token = sheet.token(order.outcome)
    return MakerOrder(
        order_id=order.order_id,
        owner=owner.api_key,
        maker_address=owner.address,
        matched_amount=size_text(part.shares),
        price=price_text(part.price),
        fee_rate_bps=NO_FEE,
        asset_id=token,
        outcome=sheet.name(order.outcome),
        outcome_index=int(token == sheet.terms.no_token),
        side=_side(order.side),
    )


def _moved(said: OrderPlaced | OrderUpdated | OrderEnded) -> tuple[Kind, str, Shares]:
    """The type of the event, the status it gives, what was matched until then."""
    if isinstance(said, OrderPlaced):
        return "PLACEMENT", said.status.upper(), Shares(0)
    if isinstance(said, OrderEnded):
        return "CANCELLATION", _ended(said), said.filled
    # It rests after a delay in which it met nobody (polymarket.md 3.2).
    unmatched = said.status is Status.LIVE and not said.filled
    return "UPDATE", "UNMATCHED" if unmatched else said.status.upper(), said.filled


def _ended(said: OrderEnded) -> str:
    if said.why is not CancelReason.REJECTED:
        return ENDED[said.why]
    refusal = said.order.refusal
    if refusal in (Refusal.FOK_NOT_FILLED, Refusal.FAK_NO_MATCH):
        return f"{CANCELED}_{refusal}"  # the venue joins the whole sentence on
    return BAD_BALANCE if refusal in (Refusal.NOT_ENOUGH, Refusal.NO_ALLOWANCE) else "INVALID"


def _side(side: Side) -> str:
    return "BUY" if side is Side.BUY else "SELL"


def _seconds(at_ms: Ms) -> str:
    return str(at_ms // SECOND_MS)
