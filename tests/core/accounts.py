"""Words for the tests of orders, ledgers and the paper venue: one market, one account, text for numbers."""

from core.events import (
    AckStatus,
    BookChanged,
    BookSnapshot,
    CancelFailed,
    CloseReason,
    Evidence,
    FeeSchedule,
    FillSeen,
    FillStatus,
    MarketKind,
    MarketListed,
    OrderAcked,
    OrderClosed,
    OrderRejected,
    OrderSent,
    OrderUnknown,
    Origin,
    RejectCode,
    Top,
    TradePrinted,
)
from core.ids import EventId, FillId, GroupId, IntentKey, MarketId, OrderId, Outcome, Side, Strategy, TokenId
from core.intents import OrderKind, Place, Purpose
from core.orders import Order, Orders
from core.units import Ms, Price, Prob, Shares, mirrored, price, shares, usdc

MARKET = MarketId("0xmarket")
OTHER = MarketId("0xother")
YES, NO = Outcome.YES, Outcome.NO
BUY, SELL = Side.BUY, Side.SELL
PAIR_ARB = Strategy.PAIR_ARB
T0 = Ms(1_000_000)
ESPORTS = FeeSchedule(Prob(50_000), 1, Prob(150_000))


def a_place(
    outcome: Outcome = YES,
    side: Side = BUY,
    at: str = "0.48",
    size: str = "100",
    *,
    key: str = "k1",
    kind: OrderKind = OrderKind.QUOTE,
    market: MarketId = MARKET,
    now: int = T0,
) -> Place:
    return Place(
        key=IntentKey(key),
        market_id=market,
        strategy=PAIR_ARB,
        outcome=outcome,
        side=side,
        price=price(at),
        shares=shares(size),
        kind=kind,
        purpose=Purpose.OPENING,
        decided_ms=Ms(now),
    )


def a_take(
    outcome: Outcome = YES, side: Side = BUY, at: str = "0.52", size: str = "100", *, key: str = "t1"
) -> Place:
    return a_place(outcome, side, at, size, key=key, kind=OrderKind.TAKE)


def sent(key: str = "k1", at: int = T0) -> OrderSent:
    return OrderSent(IntentKey(key), OrderId(f"id-{key}"), Ms(at))


def acked(status: AckStatus = AckStatus.LIVE, key: str = "k1", at: int = T0) -> OrderAcked:
    return OrderAcked(IntentKey(key), OrderId(f"id-{key}"), status, Ms(at))


def rejected(key: str = "k1", at: int = T0) -> OrderRejected:
    return rejected_for(RejectCode.OTHER, key, at)


def rejected_for(code: RejectCode, key: str = "k1", at: int = T0) -> OrderRejected:
    return OrderRejected(IntentKey(key), code, "no", Ms(at))


def unanswered(key: str = "k1", at: int = T0) -> OrderUnknown:
    return OrderUnknown(IntentKey(key), "timeout", Ms(at))


def closed(
    reason: CloseReason = CloseReason.CANCELLED, filled: str = "0", key: str = "k1", at: int = T0
) -> OrderClosed:
    return OrderClosed(IntentKey(key), reason, shares(filled), Ms(at))


def cancel_failed(key: str = "k1", at: int = T0) -> CancelFailed:
    return CancelFailed(IntentKey(key), "no answer", Ms(at))


def fill(
    size: str = "100",
    *,
    paid: str = "48",
    fee: str = "0",
    fill_id: str = "f1",
    key: str = "k1",
    status: FillStatus = FillStatus.MATCHED,
    at: int = T0,
) -> FillSeen:
    return FillSeen(
        fill_id=FillId(fill_id),
        key=IntentKey(key),
        shares=shares(size),
        amount=usdc(paid),
        fee=usdc(fee),
        status=status,
        evidence=Evidence.QUEUE,
        said_ms=Ms(at),
        heard_ms=Ms(at),
    )


def a_listing(
    *,
    tick: str = "0.01",
    least: str = "5",
    delay: int = 1_000,
    fees: FeeSchedule | None = ESPORTS,
    starts: int | None = None,
    wiped: bool = False,
    market: MarketId = MARKET,
    at: int = T0,
) -> MarketListed:
    return MarketListed(
        market_id=market,
        event_id=EventId("e"),
        group=GroupId("event e"),
        match_id=None,
        kind=MarketKind.SERIES,
        title="A vs B",
        yes_token=TokenId("1"),
        no_token=TokenId("2"),
        yes_name="A",
        no_name="B",
        tick=price(tick),
        min_size=shares(least),
        delay_ms=Ms(delay),
        fees=fees,
        starts_ms=None if starts is None else Ms(starts),
        map_number=None,
        best_of=3,
        wiped_at_start=wiped,
        heard_ms=Ms(at),
    )


def levels(text: str) -> tuple[tuple[Price, Shares], ...]:
    """Read ``"0.48x100 0.47x50"``."""
    pairs = (item.split("x") for item in text.split())
    return tuple((price(at), shares(size)) for at, size in pairs)


def a_book(
    bids: str = "0.48x100",
    asks: str = "0.52x100",
    *,
    at: int = T0,
    ends_frame: bool = True,
    origin: Origin = Origin.CHANNEL,
    market: MarketId = MARKET,
) -> BookSnapshot:
    bought, sold = levels(bids), levels(asks)
    top = Top(
        max((level[0] for level in bought), default=None), min((level[0] for level in sold), default=None)
    )
    return BookSnapshot(market, YES, Ms(at), Ms(at), bought, sold, top, origin, ends_frame)


def a_change(
    bids: str = "", asks: str = "", *, at: int = T0, ends_frame: bool = True, market: MarketId = MARKET
) -> BookChanged:
    changed = [(True, level, size) for level, size in levels(bids)]
    changed += [(False, level, size) for level, size in levels(asks)]
    return BookChanged(market, Ms(at), Ms(at), tuple(changed), None, None, ends_frame)


def a_print(
    at_price: str, size: str, *, taker: Side = SELL, outcome: Outcome = YES, at: int = T0
) -> TradePrinted:
    """A trade of others: by default a taker sold YES."""
    return TradePrinted(MARKET, outcome, taker, price(at_price), shares(size), Ms(at), Ms(at))


def seen_from_no(trade: TradePrinted) -> TradePrinted:
    """The same trade as the other token would have printed it."""
    side = BUY if trade.side is SELL else SELL
    return trade._replace(outcome=trade.outcome.other, side=side, price=mirrored(trade.price))


def orders(*places: Place, live: bool = True) -> Orders:
    """Orders of one market, all resting unless said otherwise."""
    book = Orders(MARKET)
    for place in places:
        book.add(place)
        if live:
            book.apply(sent(place.key))
            book.apply(acked(key=place.key))
    return book


def the(book: Orders, key: str = "k1") -> Order:
    order = book.get(IntentKey(key))
    assert order is not None
    return order
