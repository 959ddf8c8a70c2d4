"""Goal: no script of market and orders makes the paper venue give what the market never offered.

Method: draw an evening of books, prints, quotes, takes, cancels and merges on one small market, act it as the
runner would, and hold every fill against what was displayed and printed, every dollar against the fills, and
every word against the order table and the ledgers that hear it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import (
    BookChanged,
    BookSnapshot,
    CancelFailed,
    Event,
    Evidence,
    FillSeen,
    FillSettled,
    MergeStepped,
    OrderAcked,
    OrderClosed,
    OrderRejected,
    Origin,
    Top,
    TradePrinted,
)
from core.ids import IntentKey, Outcome, Side
from core.intents import Cancel, Merge, OrderKind, Place, Purpose
from core.ledger import Ledger
from core.orders import Orders, Status, Stray, in_yes_terms
from core.pair import PairLedger
from core.units import Ms, Price, Shares, Usdc, cost, cost_up, mirrored, shares, usdc
from tests.core.accounts import BUY, MARKET, NO, PAIR_ARB, SELL, T0, YES, a_book, a_listing, sent
from tests.core.paper_play import Cue, Played, a_venue, act, drain, play

HELD = {(MARKET, YES): shares("200"), (MARKET, NO): shares("200")}
CASH = "400"
LOT = 500_000

prices = st.integers(47, 53).map(lambda cents: Price(cents * 100))
sizes = st.sampled_from([0, 0, 10, 30, 60]).map(lambda lots: Shares(lots * LOT))
order_sizes = st.integers(10, 80).map(lambda lots: Shares(lots * LOT))
outcomes, sides = st.sampled_from(Outcome), st.sampled_from(Side)


@st.composite
def books(draw: st.DrawFn) -> BookSnapshot:
    """A whole book, usually sound, sometimes torn."""
    middle = draw(st.integers(48, 52))
    overlap = draw(st.sampled_from([0, 0, 0, 0, 2]))
    bids = {Price((middle - n + overlap) * 100): draw(sizes) for n in range(1, 4)}
    asks = {Price((middle + n) * 100): draw(sizes) for n in range(4)}
    bought = tuple((at, size) for at, size in bids.items() if size)
    sold = tuple((at, size) for at, size in asks.items() if size)
    return BookSnapshot(
        MARKET, YES, T0, T0, bought, sold, Top(None, None), Origin.CHANNEL, draw(st.booleans())
    )


@st.composite
def changes(draw: st.DrawFn) -> BookChanged:
    found = draw(st.lists(st.tuples(st.booleans(), prices, sizes), min_size=1, max_size=3))
    return BookChanged(MARKET, T0, T0, tuple(found), None, None, draw(st.sampled_from([True, True, False])))


@st.composite
def prints(draw: st.DrawFn) -> TradePrinted:
    size = draw(st.integers(1, 50_000_000))
    return TradePrinted(MARKET, draw(outcomes), draw(sides), draw(prices), Shares(size), T0, T0)


@st.composite
def places(draw: st.DrawFn) -> Place:
    return Place(
        key=IntentKey(""),
        market_id=MARKET,
        strategy=PAIR_ARB,
        outcome=draw(outcomes),
        side=draw(sides),
        price=draw(prices),
        shares=draw(order_sizes),
        kind=draw(st.sampled_from(OrderKind)),
        purpose=Purpose.OPENING,
        decided_ms=T0,
    )


cancels = st.integers(0, 12).map(lambda number: Cancel(IntentKey(f"k{number}"), MARKET, "drawn", T0))
merges = order_sizes.map(lambda size: Merge("", MARKET, size, T0))
cues = st.one_of(
    books(), changes(), changes(), prints(), prints(), places(), places(), places(), cancels, merges
)
Evening = Sequence[tuple[int, Cue]]
evenings = st.lists(st.tuples(st.integers(0, 900), cues), min_size=10, max_size=45)


def told(evening: Evening) -> list[tuple[int, Cue]]:
    """Running times and names: every order and action gets its own key."""
    now, orders = 0, 0
    script: list[tuple[int, Cue]] = []
    for number, (pause, cue) in enumerate(evening):
        now += pause
        script.append((now, _named(cue, orders if isinstance(cue, Place) else number, Ms(T0 + now))))
        orders += isinstance(cue, Place)
    return script


def _named(cue: Cue, number: int, now: Ms) -> Cue:
    match cue:
        case Place():
            return replace(cue, key=IntentKey(f"k{number}"), decided_ms=now)
        case Merge():
            return replace(cue, action_id=f"m{number}")
        case BookSnapshot() | BookChanged() | TradePrinted():
            return cue._replace(said_ms=now, heard_ms=now)
        case _:
            return cue


def acted(evening: Evening) -> Played:
    return play(told(evening), cash=CASH, held=HELD, until=60_000)


def orders_of(evening: Evening) -> dict[IntentKey, Place]:
    return {cue.key: cue for _, cue in told(evening) if isinstance(cue, Place)}


@dataclass(frozen=True)
class Moment:
    """What one observation made the venue say, and the book as it was displayed then."""

    cue: Event
    fills: list[FillSeen]
    bids: dict[Price, Shares]
    asks: dict[Price, Shares]


def moments(evening: Evening) -> Iterator[Moment]:
    """Act the evening again and look at what each observation alone brought."""
    venue = a_venue(CASH, HELD)
    venue.list_market(a_listing())
    venue.observe(a_book(), T0)
    shown: dict[bool, dict[Price, Shares]] = {
        True: {Price(4_800): shares("100")},
        False: {Price(5_200): shares("100")},
    }
    for at, cue in told(evening):
        now = Ms(T0 + at)
        drain(venue, now)
        act(venue, cue, now)
        if isinstance(cue, BookSnapshot):
            shown = {True: dict(cue.bids), False: dict(cue.asks)}
        elif isinstance(cue, BookChanged):
            for is_bid, level, size in cue.levels:
                shown[is_bid][level] = size
        fills = [event for event in venue.advance(now) if isinstance(event, FillSeen)]
        if isinstance(cue, (BookSnapshot, BookChanged, TradePrinted)):
            yield Moment(cue, fills, dict(shown[True]), dict(shown[False]))


@given(evenings)
def test_no_order_fills_beyond_its_size_or_beyond_its_limit(evening: Evening) -> None:
    played, placed = acted(evening), orders_of(evening)

    filled: dict[IntentKey, int] = defaultdict(int)
    paid: dict[IntentKey, int] = defaultdict(int)
    for fill in played.fills():
        assert fill.shares > 0
        filled[fill.key] += fill.shares
        paid[fill.key] += fill.amount
    for key, size in filled.items():
        place = placed[key]
        assert size <= place.shares
        if place.side is BUY:
            # A sweep rounds each of its levels up by less than a millionth.
            assert paid[key] <= cost_up(place.price, Shares(size)) + (place.kind is OrderKind.TAKE)
        else:
            assert paid[key] >= cost(place.price, Shares(size)) - (place.kind is OrderKind.TAKE)


@given(evenings)
def test_a_print_fills_no_more_than_was_printed_and_only_the_side_it_hit(
    evening: Evening,
) -> None:
    placed = orders_of(evening)
    for moment in moments(evening):
        if not isinstance(moment.cue, TradePrinted):
            continue
        queue = [fill for fill in moment.fills if fill.evidence is Evidence.QUEUE]
        assert sum(fill.shares for fill in queue) <= moment.cue.size
        hit_bids = (moment.cue.side is SELL) is (moment.cue.outcome is YES)
        at = moment.cue.price if moment.cue.outcome is YES else mirrored(moment.cue.price)
        for fill in queue:
            is_bid, limit = in_yes_terms(placed[fill.key])
            assert is_bid is hit_bids
            assert limit >= at if is_bid else limit <= at


@given(evenings)
def test_quotes_fill_no_more_than_what_crosses_us(evening: Evening) -> None:
    placed = orders_of(evening)
    for moment in moments(evening):
        crossed = [fill for fill in moment.fills if fill.evidence is Evidence.CROSSED]
        if isinstance(moment.cue, TradePrinted):
            assert not crossed, "a print is no quote"
        for side in (True, False):
            ours = [fill for fill in crossed if in_yes_terms(placed[fill.key])[0] is side]
            if not ours:
                continue
            limits = [in_yes_terms(placed[fill.key])[1] for fill in ours]
            offered = (
                sum(size for at, size in moment.asks.items() if at <= max(limits))
                if side
                else sum(size for at, size in moment.bids.items() if at >= min(limits))
            )
            assert sum(fill.shares for fill in ours) <= offered


@given(evenings)
def test_displayed_size_is_never_ours_twice(evening: Evening) -> None:
    """Without prints nothing is ever renewed: all we took of a side is at most its levels' largest sizes."""
    quiet = [(pause, cue) for pause, cue in evening if not isinstance(cue, TradePrinted)]
    placed = orders_of(quiet)
    most: dict[tuple[bool, Price], int] = {
        (True, Price(4_800)): shares("100"),
        (False, Price(5_200)): shares("100"),
    }
    for moment in moments(quiet):
        for is_bid, side in ((True, moment.bids), (False, moment.asks)):
            for at, size in side.items():
                most[is_bid, at] = max(most.get((is_bid, at), 0), size)

    taken: Counter[bool] = Counter()
    for fill in acted(quiet).fills():
        assert fill.evidence in (Evidence.CROSSED, Evidence.SWEPT)
        taken[not in_yes_terms(placed[fill.key])[0]] += fill.shares

    for is_bid in (True, False):
        assert taken[is_bid] <= sum(size for (side, _), size in most.items() if side is is_bid)


@given(evenings)
def test_cash_and_shares_move_by_fills_and_merges_only(evening: Evening) -> None:
    played, placed = acted(evening), orders_of(evening)

    cash = int(usdc(CASH))
    held = {leg: int(size) for leg, size in HELD.items()}
    for event in played.said:
        if isinstance(event, FillSeen):
            place = placed[event.key]
            sign = 1 if place.side is BUY else -1
            cash -= sign * event.amount + event.fee
            held[MARKET, place.outcome] += sign * event.shares
        elif isinstance(event, MergeStepped) and event.status == "confirmed":
            cash += event.shares
            for outcome in Outcome:
                held[MARKET, outcome] -= event.shares

    assert played.venue.cash == cash
    for outcome in Outcome:
        assert played.venue.held(MARKET, outcome) == held[MARKET, outcome]


@given(evenings)
def test_nothing_is_spent_that_is_not_there(evening: Evening) -> None:
    venue = a_venue(CASH, HELD)
    venue.list_market(a_listing())
    venue.observe(a_book(), T0)
    for at, cue in told(evening):
        drain(venue, Ms(T0 + at))
        act(venue, cue, Ms(T0 + at))
        assert venue.cash >= 0
        assert venue.free_cash() >= 0
        for outcome in Outcome:
            assert venue.held(MARKET, outcome) >= 0
            assert venue.free_shares(MARKET, outcome) >= 0


@given(evenings)
def test_the_same_evening_twice_is_the_same_word_for_word(evening: Evening) -> None:
    assert acted(evening).said == acted(evening).said


@given(evenings)
def test_time_only_goes_forward_in_what_is_said(evening: Evening) -> None:
    times = [event.heard_ms for event in acted(evening).said]

    assert times == sorted(times)


@given(evenings)
def test_no_two_own_orders_ever_stand_where_they_could_trade(evening: Evening) -> None:
    """Not the same token, not by minting, not by merging: so none of our fills can be with ourselves."""
    placed = orders_of(evening)
    venue = a_venue(CASH, HELD)
    venue.list_market(a_listing())
    venue.observe(a_book(), T0)
    for at, cue in told(evening):
        drain(venue, Ms(T0 + at))
        act(venue, cue, Ms(T0 + at))
        standing = [placed[key] for key in venue.open_keys() if venue.queue_ahead(key) is not None]
        own = Orders(MARKET)
        for place in standing:
            assert own.would_match_own(place) is None
            own.add(place)


def _mirrored(cue: Cue) -> Cue:
    """The same thing in a world where the two outcomes have changed names."""
    match cue:
        case Place():
            return replace(cue, outcome=cue.outcome.other)
        case TradePrinted():
            return cue._replace(outcome=cue.outcome.other)
        case BookSnapshot():
            bids = tuple((mirrored(at), size) for at, size in cue.asks)
            asks = tuple((mirrored(at), size) for at, size in cue.bids)
            return cue._replace(bids=bids, asks=asks, outcome=NO)
        case BookChanged():
            return cue._replace(
                levels=tuple((not is_bid, mirrored(at), size) for is_bid, at, size in cue.levels)
            )
        case _:
            return cue


@given(evenings)
def test_names_of_outcomes_do_not_matter(evening: Evening) -> None:
    """YES and NO are one book: an evening told from the other side fills the same orders the same."""
    there = acted(evening)
    back = acted([(pause, _mirrored(cue)) for pause, cue in evening])

    def facts(played: Played) -> list[tuple[object, ...]]:
        fills = sorted(played.fills(), key=lambda fill: (fill.heard_ms, fill.key))
        return [(f.key, f.shares, f.amount, f.fee, f.evidence, f.heard_ms) for f in fills]

    assert facts(there) == facts(back)


class Listener:
    """What the engine keeps of the venue's words: order table, pair ledger, account."""

    def __init__(self) -> None:
        self.orders = Orders(MARKET)
        self.pair = PairLedger(MARKET, PAIR_ARB)
        self.ledger = Ledger()

    def place(self, place: Place) -> None:
        self.orders.add(place)
        self.orders.apply(sent(place.key, at=place.decided_ms))

    def hear(self, event: Event) -> None:
        if isinstance(event, (OrderAcked, OrderRejected, OrderClosed, CancelFailed)):
            if not isinstance(self.orders.apply(event), Stray):
                return
            assert isinstance(event, CancelFailed), "only a cancel of nothing names no order"
        elif isinstance(event, FillSeen):
            assert self.orders.apply(event) is not None
            order = self.orders.get(event.key)
            assert order is not None
            place = order.place
            self.ledger.book(
                self.pair.filled(
                    event.fill_id,
                    place.outcome,
                    place.side,
                    event.shares,
                    event.amount,
                    event.fee,
                    event.status,
                    event.heard_ms,
                )
            )
        elif isinstance(event, FillSettled):
            self.ledger.book(self.pair.settled(event.fill_id, event.status, event.heard_ms))
        elif isinstance(event, MergeStepped):
            self.ledger.book(self.pair.merge_stepped(event))


@settings(max_examples=200)
@given(evenings)
def test_the_order_table_and_the_ledgers_take_every_word_and_agree_in_the_end(
    evening: Evening,
) -> None:
    """No word of the venue is an illegal transition, and what we think we own is what the venue holds."""
    listener, venue = Listener(), a_venue(CASH, HELD)
    venue.list_market(a_listing())
    venue.observe(a_book(), T0)
    for at, cue in told(evening):
        now = Ms(T0 + at)
        for event in drain(venue, now):
            listener.hear(event)
        if isinstance(cue, Place):
            listener.place(cue)
        elif isinstance(cue, Cancel):
            listener.orders.cancel_asked(cue.key, now)
        act(venue, cue, now)
        for event in venue.advance(now):
            listener.hear(event)
    for event in drain(venue, Ms(T0 + 120_000)):
        listener.hear(event)

    assert {order.place.key for order in listener.orders.open()} == set(venue.open_keys())
    assert not listener.orders.any_unknown
    for outcome in Outcome:
        assert listener.pair.held(outcome) + HELD[MARKET, outcome] == venue.held(MARKET, outcome)
    assert listener.ledger.cash + usdc(CASH) == venue.cash
    assert listener.pair.provisional == 0
    locked = sum(
        cost_up(order.place.price, order.place.shares) - cost_up(order.place.price, order.filled)
        for order in listener.orders.open()
        if order.place.side is BUY
    )
    assert venue.free_cash() == venue.cash - Usdc(locked)
    assert all(order.status in (Status.LIVE, Status.PARTIAL) for order in listener.orders.open())


def test_the_drawn_evenings_are_not_dull() -> None:
    """Every evidence comes up: properties over evenings without fills would prove nothing."""
    seen: Counter[Evidence] = Counter()

    @settings(max_examples=150, database=None, derandomize=True)
    @given(evenings)
    def watch(evening: Evening) -> None:
        seen.update(fill.evidence for fill in acted(evening).fills())

    watch()

    assert min(seen[evidence] for evidence in (Evidence.QUEUE, Evidence.CROSSED, Evidence.SWEPT)) >= 20
