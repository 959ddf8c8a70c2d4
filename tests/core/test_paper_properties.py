"""Goal: no script of market and orders makes the paper venue give what the market never offered.

Method: draw an evening of books, prints, quotes, takes, cancels and merges on one small market, act it as the
runner would, and hold every fill against what was displayed and printed, every dollar against the fills, and
every word against the order table and the ledgers that hear it.
"""

from collections import Counter, defaultdict

from hypothesis import given, seed, settings

from core.events import (
    CancelFailed,
    Event,
    Evidence,
    FillSeen,
    FillSettled,
    MergeStepped,
    OrderAcked,
    OrderClosed,
    OrderRejected,
    TradePrinted,
)
from core.ids import IntentKey, Outcome
from core.intents import Cancel, OrderKind, Place
from core.ledger import Ledger
from core.orders import Orders, Status, Stray, in_yes_terms
from core.pair import PairLedger
from core.units import Ms, Price, Shares, Usdc, cost, cost_up, mirrored, shares, usdc
from tests.core.accounts import BUY, MARKET, PAIR_ARB, SELL, T0, YES, a_book, a_listing, sent
from tests.core.paper_evenings import (
    CASH,
    HELD,
    Evening,
    acted,
    evenings,
    moments,
    orders_of,
    the_other_way_round,
    told,
)
from tests.core.paper_play import Played, a_venue, act, drain
from tests.examples import examples


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


@given(evenings)
def test_names_of_outcomes_do_not_matter(evening: Evening) -> None:
    """YES and NO are one book: an evening told from the other side fills the same orders the same."""
    there = acted(evening)
    back = acted([(pause, the_other_way_round(cue)) for pause, cue in evening])

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


@settings(max_examples=examples(200))
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
    """Every evidence comes up: properties over evenings without fills would prove nothing.

    What a seed draws depends on the modules loaded, so several are tried.
    """
    seen: Counter[Evidence] = Counter()

    def dull() -> bool:
        return min(seen[evidence] for evidence in (Evidence.QUEUE, Evidence.CROSSED, Evidence.SWEPT)) < 10

    @settings(max_examples=50, database=None)
    @given(evenings)
    def watch(evening: Evening) -> None:
        seen.update(fill.evidence for fill in acted(evening).fills())

    for number in range(20):
        if dull():
            seed(number)(watch)()

    assert not dull()
