"""For every history of messages the book equals a naive re-computation, and trust is never given away."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from core.book import Book, Trust
from core.events import BookChanged, BookSnapshot, Level, Origin, Top
from core.ids import Outcome, Side
from core.units import ONE, Ms, Price, Shares, cost
from tests.core.books import MARKET, T0

PRICES = st.integers(1, 99).map(lambda cents: Price(cents * 100))
SIZES = st.integers(0, 500).map(lambda size: Shares(size * 10_000))
LEVELS = st.lists(st.tuples(st.booleans(), PRICES, SIZES), max_size=6).map(tuple)
SIDES = st.dictionaries(PRICES, SIZES.filter(bool), max_size=8).map(lambda side: tuple(side.items()))
TOPS = st.builds(Top, st.none() | PRICES, st.none() | PRICES)
SAID = st.integers(T0, T0 + 50).map(Ms)


@st.composite
def changes(draw: st.DrawFn) -> BookChanged:
    yes, no = draw(st.none() | TOPS), draw(st.none() | TOPS)
    unstated = draw(st.sampled_from([(), (Outcome.YES,), (Outcome.NO,), tuple(Outcome)]))
    return BookChanged(MARKET, draw(SAID), draw(SAID), draw(LEVELS), yes, no, draw(st.booleans()), unstated)


@st.composite
def snapshots(draw: st.DrawFn) -> BookSnapshot:
    outcome = draw(st.sampled_from(Outcome))
    return BookSnapshot(
        MARKET,
        outcome,
        draw(SAID),
        draw(SAID),
        draw(SIDES),
        draw(SIDES),
        draw(TOPS),
        Origin.CHANNEL,
        draw(st.booleans()),
    )


HISTORIES = st.lists(changes() | snapshots(), max_size=16)


@dataclass
class Naive:
    """The same rules with nothing kept but the levels; every question sorts everything."""

    levels: dict[tuple[bool, Price], Shares] = field(default_factory=dict)
    newest: int = 0
    raw: dict[Outcome, Top | None] = field(default_factory=lambda: dict.fromkeys(Outcome))

    def apply(self, event: BookChanged | BookSnapshot) -> None:
        if isinstance(event, BookSnapshot):
            self.raw[event.outcome] = event.top
            if event.said_ms >= self.newest:
                self.newest = event.said_ms
                self.levels = {}
                self._set(
                    tuple((True, p, s) for p, s in event.bids) + tuple((False, p, s) for p, s in event.asks)
                )
            return
        for outcome, top in ((Outcome.YES, event.yes_top), (Outcome.NO, event.no_top)):
            if top is not None:
                self.raw[outcome] = top
            if outcome in event.unstated:
                self.raw[outcome] = None
        if event.levels and event.said_ms >= self.newest:
            self.newest = event.said_ms
            self._set(event.levels)

    def _set(self, levels: tuple[Level, ...]) -> None:
        for is_bid, at, size in levels:
            self.levels[is_bid, at] = size

    def side(self, *, is_bid: bool) -> list[tuple[Price, Shares]]:
        found = [(at, size) for (bid, at), size in self.levels.items() if bid is is_bid and size]
        return sorted(found, reverse=is_bid)


@given(HISTORIES)
def test_the_book_equals_a_naive_recomputation(history: list[BookChanged | BookSnapshot]) -> None:
    book, naive = Book(MARKET), Naive()

    for event in history:
        book.apply(event)
        naive.apply(event)

        bids, asks = naive.side(is_bid=True), naive.side(is_bid=False)
        assert list(book.bids(100)) == bids
        assert list(book.asks(100)) == asks
        assert book.best_bid == (bids[0][0] if bids else None)
        assert book.best_ask == (asks[0][0] if asks else None)
        assert (book.raw_yes, book.raw_no) == (naive.raw[Outcome.YES], naive.raw[Outcome.NO])


@given(HISTORIES, st.lists(st.integers(0, 4_000), min_size=16, max_size=16))
def test_a_book_judged_after_a_frame_is_never_believed_without_cause(
    history: list[BookChanged | BookSnapshot], waits: list[int]
) -> None:
    book, now = Book(MARKET), T0
    heard_a_snapshot = False
    for event, wait in zip(history, waits, strict=False):
        was, now = book.trust, now + wait
        book.apply(event)
        heard_a_snapshot |= isinstance(event, BookSnapshot)
        if event.ends_frame:
            book.judge_frame(Ms(now))
        if book.trust is Trust.TRUSTED and was is not Trust.TRUSTED:
            assert heard_a_snapshot
            assert book.mirror_holds() is True
        book.tick(Ms(now))
        if book.mirror_holds():
            total = book.raw_ask_sum()
            assert total is None or total >= ONE, "what is below 1 is a phantom and never holds"
    assert sum(book.trust_ms.values()) == max(0, now - T0 - (waits[0] if history else 0))


@given(SIDES, SIDES, st.sampled_from(Outcome), st.sampled_from(Side), st.integers(1, 2_000), PRICES)
def test_a_sweep_is_what_taking_level_by_level_pays(
    bids: tuple[tuple[Price, Shares], ...],
    asks: tuple[tuple[Price, Shares], ...],
    outcome: Outcome,
    side: Side,
    wanted: int,
    limit: Price,
) -> None:
    book = Book(MARKET)
    book.apply(
        BookSnapshot(MARKET, Outcome.YES, Ms(T0), Ms(T0), bids, asks, Top(None, None), Origin.CHANNEL, True)
    )
    hits = asks if (side is Side.BUY) is (outcome is Outcome.YES) else bids
    own = sorted(
        ((at if outcome is Outcome.YES else Price(ONE - at), size) for at, size in hits),
        reverse=side is Side.SELL,
    )

    swept = book.sweep(outcome, side, Shares(wanted * 10_000), limit)

    left, paid, worst = wanted * 10_000, 0, None
    for at, size in own:
        if left and (at <= limit if side is Side.BUY else at >= limit):
            taken = Shares(min(left, size))
            left, paid, worst = left - taken, paid + cost(at, taken), at
    assert (swept.filled, swept.amount, swept.worst) == (wanted * 10_000 - left, paid, worst)
