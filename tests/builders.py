"""Named defaults for everything the core speaks of. A test names only the numbers it is about.

Numbers are text in the units people use (USDC, shares, prices); times are milliseconds from ``T0``.
"""

from dataclasses import replace
from typing import Any, Final

from core.book import Book
from core.desk import Desk
from core.engine import Setup
from core.events import (
    BookChanged,
    BookSnapshot,
    Evidence,
    FeeSchedule,
    FillSeen,
    FillStatus,
    MarketKind,
    MarketListed,
    MatchSignal,
    Origin,
    SignalKind,
    Top,
)
from core.ids import (
    EventId,
    FillId,
    GroupId,
    IntentKey,
    MarketId,
    MatchId,
    OrderId,
    Outcome,
    Side,
    Strategy,
    TokenId,
)
from core.intents import OrderKind, Place, Purpose
from core.ledger import Entry, EntryKind
from core.orders import Orders
from core.pair import PairLedger
from core.risk import Exposure
from core.strategies.view import Mood, View
from core.trading import LEGAL, State
from core.units import ONE, Ms, Price, Prob, Shares, Usdc, price, shares, usdc
from tests.agreed import limits as limits
from tests.agreed import params as params
from tests.agreed import patient as patient

T0: Final = Ms(1_764_000_000_000)

MARKET: Final = MarketId("0xmarket")
OTHER: Final = MarketId("0xother")
MATCH: Final = MatchId("simulator:7")
ACCOUNT: Final = "paper:main"
YES, NO = Outcome.YES, Outcome.NO
BUY, SELL = Side.BUY, Side.SELL
ESPORTS: Final = FeeSchedule(Prob(50_000), 1, Prob(150_000))
DEEP_BIDS: Final = "0.48x1000"
DEEP_ASKS: Final = "0.52x1000"


def at(after_ms: int) -> Ms:
    """``after_ms`` after ``T0``."""
    return Ms(T0 + after_ms)


def seconds(count: int) -> int:
    return count * 1_000


def a_listing(
    market: MarketId = MARKET,
    *,
    tick: str = "0.01",
    min_size: str = "5",
    delay_ms: int = 1_000,
    fees: FeeSchedule | None = ESPORTS,
    kind: MarketKind = MarketKind.SERIES,
    map_number: int | None = None,
    best_of: int | None = 3,
    match: MatchId | None = MATCH,
    starts_ms: int | None = None,
    group: str = "lol: spring cup",
    heard_ms: int = T0,
) -> MarketListed:
    return MarketListed(
        market_id=market,
        event_id=EventId("event"),
        group=GroupId(group),
        match_id=match,
        kind=kind,
        title="Left vs Right",
        yes_token=TokenId(f"{market}-1"),
        no_token=TokenId(f"{market}-2"),
        yes_name="Left",
        no_name="Right",
        tick=price(tick),
        min_size=shares(min_size),
        delay_ms=Ms(delay_ms),
        fees=fees,
        starts_ms=None if starts_ms is None else Ms(starts_ms),
        map_number=map_number,
        best_of=best_of,
        wiped_at_start=False,
        heard_ms=Ms(heard_ms),
    )


def a_place(
    at_price: str = "0.48",
    size: str = "50",
    *,
    outcome: Outcome = YES,
    side: Side = BUY,
    kind: OrderKind = OrderKind.QUOTE,
    purpose: Purpose = Purpose.OPENING,
    market: MarketId = MARKET,
    number: int = 1,
    now: int = T0,
) -> Place:
    return Place(
        key=IntentKey(f"{ACCOUNT}|{market}|{Strategy.PAIR_ARB}|{number}"),
        market_id=market,
        strategy=Strategy.PAIR_ARB,
        outcome=outcome,
        side=side,
        price=price(at_price),
        shares=shares(size),
        kind=kind,
        purpose=purpose,
        decided_ms=Ms(now),
    )


def a_take(at_price: str = "0.52", size: str = "50", **more: Any) -> Place:
    """A marketable order that reduces."""
    return a_place(at_price, size, kind=OrderKind.TAKE, purpose=Purpose.REDUCING, **more)


def a_setup(**changed: Any) -> Setup:
    return replace(Setup(ACCOUNT, params(), limits(), limits_number=None, own_shown=False), **changed)


def an_exposure(**changed: Any) -> Exposure:
    """A market in order, an account with room, a book of 0.48 / 0.52 seen from YES."""
    calm = Exposure(
        halted=None,
        market_halted=None,
        breaker=None,
        window=None,
        legal=LEGAL[State.IDLE],
        trusted=True,
        trust="trusted",
        mirror_holds=True,
        fee_known=True,
        any_unknown=False,
        tick=price("0.01"),
        min_size=shares("5"),
        top=price("0.52"),
        fee=Usdc(0),
        held=Shares(0),
        ahead=Shares(0),
        ahead_cost=Usdc(0),
        surplus=shares("50"),
        at_risk=Usdc(0),
        at_risk_group=Usdc(0),
        at_risk_total=Usdc(0),
        lost_today=Usdc(0),
        cash=usdc("10000"),
        worst_case_now=Usdc(0),
        worst_case_after=Usdc(0),
        open_orders=0,
        orders_last_s=0,
        own_match=None,
        other_bid=None,
        ceiling=price("0.985"),
        quote_bar=None,
        feed_lost=None,
        clock_off_ms=Ms(0),
        group=GroupId("lol: spring cup"),
        mid_range=Price(0),
    )
    return replace(calm, **changed)


def levels(text: str) -> tuple[tuple[Price, Shares], ...]:
    """Read ``"0.48x100 0.47x50"``."""
    return tuple((price(of), shares(size)) for of, size in (item.split("x") for item in text.split()))


def a_book(
    bids: str = DEEP_BIDS, asks: str = DEEP_ASKS, *, now: int = T0, market: MarketId = MARKET
) -> tuple[BookSnapshot, BookSnapshot]:
    """Both tokens' snapshots in one frame, in YES terms; their own tops mirror each other."""
    bought, sold = levels(bids), levels(asks)
    bid = max((level[0] for level in bought), default=None)
    ask = min((level[0] for level in sold), default=None)
    no_top = Top(None if ask is None else Price(ONE - ask), None if bid is None else Price(ONE - bid))
    return (
        BookSnapshot(market, YES, Ms(now), Ms(now), bought, sold, Top(bid, ask), Origin.CHANNEL, False),
        BookSnapshot(market, NO, Ms(now), Ms(now), bought, sold, no_top, Origin.CHANNEL, True),
    )


def a_change(
    *,
    bids: str = "",
    asks: str = "",
    yes_top: Top | None = None,
    no_top: Top | None = None,
    now: int = T0,
    market: MarketId = MARKET,
) -> BookChanged:
    """One frame of one message: levels in YES terms, and what it says the tokens' own tops are."""
    changed = [(True, of, size) for of, size in levels(bids)] + [
        (False, of, size) for of, size in levels(asks)
    ]
    return BookChanged(market, Ms(now), Ms(now), tuple(changed), yes_top, no_top, True)


def a_trusted_book(bids: str = DEEP_BIDS, asks: str = DEEP_ASKS, *, now: int = T0) -> Book:
    book = Book(MARKET)
    for snapshot in a_book(bids, asks, now=now):
        book.apply(snapshot)
    book.judge_frame(Ms(now))
    return book


def a_fill(
    size: str,
    paid: str,
    *,
    number: int = 1,
    fill: str | None = None,
    fee: str = "0",
    status: FillStatus = FillStatus.CONFIRMED,
    market: MarketId = MARKET,
    now: int = T0,
) -> FillSeen:
    """A fill of the order that ``a_place(number=...)`` names."""
    return FillSeen(
        fill_id=FillId(fill or f"fill-{market}-{number}"),
        key=IntentKey(f"{ACCOUNT}|{market}|{Strategy.PAIR_ARB}|{number}"),
        shares=shares(size),
        amount=usdc(paid),
        fee=usdc(fee),
        status=status,
        evidence=Evidence.QUEUE,
        said_ms=Ms(now),
        heard_ms=Ms(now),
    )


def a_pair(
    yes: str = "0", no: str = "0", *, paid_yes: str = "0", paid_no: str = "0", sure: bool = True
) -> PairLedger:
    """A pair ledger that bought these shares for these amounts; ``sure``: the fills are CONFIRMED."""
    pair = PairLedger(MARKET, Strategy.PAIR_ARB)
    status = FillStatus.CONFIRMED if sure else FillStatus.MATCHED
    for outcome, size, paid in ((YES, yes, paid_yes), (NO, no, paid_no)):
        if shares(size):
            fill = FillId(f"before-{outcome}")
            pair.filled(fill, outcome, BUY, shares(size), usdc(paid), Usdc(0), status, T0)
    return pair


def a_mood(**changed: Any) -> Mood:
    calm = Mood(
        in_play=True, deciding=False, pulled_until_ms=Ms(0), pulled_why="", naked_since_ms=None, over=False
    )
    return replace(calm, **changed)


def a_view(
    *,
    book: Book | None = None,
    pair: PairLedger | None = None,
    orders: Orders | None = None,
    now: int = T0,
    **changed: Any,
) -> View:
    view = View(
        listing=a_listing(),
        book=book or a_trusted_book(),
        pair=pair or a_pair(),
        orders=orders or Orders(MARKET),
        mood=a_mood(),
        legal=LEGAL[State.IDLE],
        halted=None,
        own_shown=False,
        marketable_min=usdc("1"),
        cash_short=False,
        takes_marketable=True,
        now=Ms(now),
    )
    return replace(view, **changed)


def a_desk(
    *,
    yes: str = "0",
    no: str = "0",
    paid_yes: str = "0",
    paid_no: str = "0",
    bids: str | None = None,
    asks: str = DEEP_ASKS,
    **listed: Any,
) -> Desk:
    """A desk that holds these shares; with ``bids`` its book is TRUSTED."""
    desk = Desk(a_listing(**listed), 0)
    for outcome, size, paid in ((YES, yes, paid_yes), (NO, no, paid_no)):
        if shares(size):
            fill, status = FillId(f"before-{outcome}"), FillStatus.CONFIRMED
            desk.pair.filled(fill, outcome, BUY, shares(size), usdc(paid), Usdc(0), status, T0)
    desk.holdings_changed(T0)
    if bids is not None:
        for snapshot in a_book(bids, asks):
            desk.book.apply(snapshot)
        desk.book.judge_frame(T0)
    return desk


def a_signal(
    kind: SignalKind = SignalKind.SCORE,
    *,
    map_number: int = 1,
    maps: tuple[int, int] = (0, 0),
    score: tuple[int, int] = (1, 0),
    lead: int | None = 500,
    winner: int | None = None,
    source: str = "simulator",
    match: MatchId = MATCH,
    now: int = T0,
) -> MatchSignal:
    return MatchSignal(
        match_id=match,
        source=source,
        kind=kind,
        map_number=map_number,
        maps=maps,
        score=score,
        lead=lead,
        clock_ms=Ms(600_000),
        winner=winner,
        said_ms=Ms(now),
        heard_ms=Ms(now),
    )


def a_deposit(amount: str = "10000") -> Entry:
    return Entry(
        kind=EntryKind.DEPOSIT,
        market_id=None,
        strategy=None,
        outcome=None,
        shares=Shares(0),
        usdc=usdc(amount),
        fill_id=None,
        at_ms=T0,
        note="start cash",
    )


def an_order_id(key: IntentKey) -> OrderId:
    return OrderId(f"id-of-{key}")
