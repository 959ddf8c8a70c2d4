"""Profit adds up to the same whatever way it is asked for, and a day that was closed stays as it was."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.ids import FillId, MarketId, Outcome, Strategy
from core.ledger import Entry, EntryKind, Ledger
from core.pnl import NOTHING, Books, Closing, Profit, Unsure, by, days, total
from core.units import Ms, Price, Shares, Usdc, price, shares, usdc
from core.valuation import Mark
from tests.builders import MARKET, NO, OTHER, YES, a_deposit
from tests.core.lives import actions, live

EXTERNAL, PAIR_ARB = Strategy.EXTERNAL, Strategy.PAIR_ARB
HISTORY = st.lists(actions, max_size=40)


def an_entry(
    kind: EntryKind,
    gained: str,
    usdc_gained: int,
    *,
    outcome: Outcome | None = YES,
    fill: str | None = None,
    market: MarketId = MARKET,
    strategy: Strategy = PAIR_ARB,
) -> Entry:
    size = Shares(-shares(gained[1:])) if gained.startswith("-") else shares(gained)
    fill_id = None if fill is None else FillId(fill)
    return Entry(kind, market, strategy, outcome, size, Usdc(usdc_gained), fill_id, Ms(0), None)


def bought(gained: str, paid: str, fill: str = "f", **more: object) -> Entry:
    return an_entry(EntryKind.BUY, gained, -usdc(paid), fill=fill, **more)  # type: ignore[arg-type]


def sold(gave: str, got: str, fill: str = "g") -> Entry:
    return an_entry(EntryKind.SELL, f"-{gave}", usdc(got), fill=fill)


def a_mark(
    yes: str = "0",
    no: str = "0",
    worth: str | None = None,
    *,
    payout: str | None = None,
    market: MarketId = MARKET,
) -> Mark:
    return Mark(
        market,
        shares(yes),
        shares(no),
        None if worth is None else usdc(worth),
        worth is not None,
        None if payout is None else price(payout),
        Ms(0),
    )


def the_books(*entries: Entry, on: Sequence[int] = ()) -> Books:
    """All on day 0 unless ``on`` says otherwise."""
    books = Books()
    for number, entry in enumerate(entries):
        books.book(entry, on[number] if on else 0)
    return books


def test_what_a_sale_brought_above_its_cost_is_realized_on_its_day() -> None:
    books = the_books(bought("10", "4"), sold("10", "5"), on=(1, 2))

    (cell,) = books.holdings({}, [])

    assert cell.profit == Profit(usdc("1"), Usdc(0), Usdc(0), Usdc(0))
    assert (books.realized_on(1), books.realized_on(2)) == (0, usdc("1"))


def test_shares_are_worth_what_they_would_bring() -> None:
    books = the_books(bought("75", "30"), bought("50", "25", "g", outcome=NO))

    (cell,) = books.holdings({MARKET: a_mark("75", "50", "62")}, [])

    assert cell.profit.unrealized == usdc("62") - usdc("55")
    assert cell.priced


def test_more_shares_than_were_marked_bring_as_much_a_share() -> None:
    mark = a_mark("30", "10", "18")

    assert mark.of(shares("40"), shares("10")) == usdc("10") + usdc("12")
    assert mark.of(shares("30"), shares("30")) == usdc("30")
    assert mark.of(shares("10"), shares("30")) is None, "nobody said what a NO would bring"


def test_resolved_shares_are_worth_their_payout() -> None:
    mark = a_mark("30", "10", "20", payout="0.5")

    assert mark.of(shares("7"), shares("1")) == usdc("4")


def test_what_nobody_can_price_counts_as_what_it_cost_and_says_so() -> None:
    books = the_books(bought("10", "4"))

    (cell,) = books.holdings({}, [])

    assert (cell.profit.unrealized, cell.priced) == (0, False)


def test_a_pair_of_two_strategies_is_worth_a_dollar_between_them() -> None:
    books = the_books(
        bought("10", "6"), bought("10", "3", "x", outcome=NO, strategy=EXTERNAL), bought("2", "1", "y")
    )

    cells = books.holdings({MARKET: a_mark("12", "10", "11")}, [])

    assert total(cells).unrealized == usdc("11") - usdc("10")
    assert by(cells, lambda cell: cell.strategy)[EXTERNAL].unrealized == usdc("5") - usdc("3")


def test_profit_on_fills_that_may_still_fail_is_provisional() -> None:
    books = the_books(bought("10", "4"), bought("10", "4", "unsure"))
    unsure = [Unsure((MARKET, PAIR_ARB), YES, shares("10"), Usdc(-usdc("4")))]

    (cell,) = books.holdings({MARKET: a_mark("20", "0", "10")}, unsure)

    assert cell.profit.unrealized == usdc("2")
    assert cell.profit.provisional == usdc("1")


def test_a_fill_that_fails_takes_its_profit_back_on_the_day_it_fails() -> None:
    sale = sold("10", "5")
    back = replace(sale, shares=Shares(-sale.shares), usdc=Usdc(-sale.usdc))

    books = the_books(bought("10", "4"), sale, back, on=(1, 1, 2))

    assert (books.realized_on(1), books.realized_on(2)) == (usdc("1"), -usdc("1"))


def test_money_brought_in_is_no_profit() -> None:
    books = the_books(a_deposit("1000"))

    assert total(books.holdings({}, [])) == NOTHING
    assert books.identity().gap == 0


def test_a_closed_day_is_what_was_earned_between_its_closing_and_the_one_before() -> None:
    closings = [Closing(10, Usdc(3), Usdc(10)), Closing(11, Usdc(5), Usdc(7))]

    told = days(closings, 12, Profit(Usdc(9), Usdc(1), Usdc(0), Usdc(0)))

    assert [(day.day, day.realized, day.unrealized, day.closed) for day in told] == [
        (10, 3, 7, True),
        (11, 2, -5, True),
        (12, 4, -1, False),
    ]


@given(HISTORY, st.integers(0, 96))
def test_by_day_is_the_total(history: list[tuple[object, ...]], shift: int) -> None:
    books, closings = Books(), list[Closing]()
    marks: dict[MarketId, Mark] = {}
    for number, entry in enumerate(live(history).entries):
        if number and number % 5 == 0:
            now = total(books.holdings(marks, []))
            closings.append(Closing(number // 5 - 1, now.realized, now.total))
        books.book(entry, number // 5)
        for market in (MARKET, OTHER):
            yes, no = (books.held().get((market, outcome), Shares(0)) for outcome in Outcome)
            worth = Usdc(min(yes, no) + abs(yes - no) * ((number + shift) % 97) // 97)
            marks[market] = Mark(market, yes, no, worth, sure=True, payout=None, at_ms=Ms(0))
    now = total(books.holdings(marks, []))

    told = days(closings, len(closings), now)

    assert sum(day.total for day in told) == now.total
    assert sum(day.realized for day in told) == now.realized
    for day in told:
        assert day.realized == books.realized_on(day.day), "what its entries realized"


@given(HISTORY, st.dictionaries(st.sampled_from([MARKET, OTHER]), st.integers(0, 10_000)), st.data())
def test_however_it_is_grouped_profit_is_the_same(
    history: list[tuple[object, ...]], payouts: dict[MarketId, int], data: st.DataObject
) -> None:
    life = live(history)
    books, ledger = Books(), Ledger()
    for entry in life.entries:
        strategy = data.draw(st.sampled_from(Strategy)) if entry.fill_id is None else PAIR_ARB
        moved = entry if entry.market_id is None else replace(entry, strategy=strategy)
        books.book(moved, 0)
        ledger.book([moved])
    marks = {
        market: Mark(market, Shares(0), Shares(0), None, sure=True, payout=Price(payout), at_ms=Ms(0))
        for market, payout in payouts.items()
    }
    unsure = [
        Unsure((market, PAIR_ARB), YES, Shares(10_000 * number), Usdc(-number))
        for number, (market, _) in enumerate(life.open_fills)
    ]

    cells = books.holdings(marks, unsure)

    for name in (lambda cell: cell.market_id, lambda cell: cell.strategy, lambda cell: "all"):
        assert sum(by(cells, name).values(), NOTHING) == total(cells)
    assert total(cells).realized == ledger.realized()
    assert books.identity().gap == 0
    assert books.cash == ledger.cash
    held = {(each.market_id, each.outcome): each.shares for each in ledger.positions()}
    assert books.held() == held


@given(HISTORY)
def test_realized_by_day_is_what_the_ledger_realized(history: list[tuple[object, ...]]) -> None:
    life = live(history)
    books = the_books(*life.entries, on=[number // 3 for number in range(len(life.entries))])

    assert sum(books.realized_on(day) for day in range(len(life.entries))) == life.ledger.realized()
    assert sum(books.realized_since(0).values()) == life.ledger.realized()
