"""Each difference has its name, counts when it lasts, and nothing under way, late or unanswered is one."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.differences import Aspect, Before, Compared, Figures, Kind, Traded
from core.events import FillStatus
from core.ids import FillId, OrderId, Outcome, Strategy
from core.ledger import Entry, EntryKind
from core.reconcile import LEFT_OUT_MS, compare, unsure
from core.units import ONE, Ms, Price, Shares, Usdc, shares, usdc
from tests.builders import MARKET, NO, OTHER, SELL, T0, YES, at
from tests.core.sides import LATER, LEG, OURS, PAIR, a_trade, an_open, once, ours, theirs, twice

EXTERNAL = Strategy.EXTERNAL
HELD = {LEG: "10"}


def kinds(compared: Compared) -> list[Kind]:
    return [each.kind for each in compared.differences]


def test_books_that_agree_are_clean() -> None:
    trade = a_trade()

    compared = once(
        ours(held=HELD, trades=[trade], open_orders=[an_open()]),
        theirs(held=HELD, trades=[trade], open_orders=[an_open()]),
    )

    assert compared.clean
    assert compared.differences == ()
    assert compared.judged == frozenset(Aspect)


CASES = {
    "a fill nobody told us of": (
        ours(),
        theirs(cash="995.2", held=HELD, trades=[a_trade()]),
        Kind.MISSING_FILL,
        PAIR,
        {None: -usdc("4.8"), LEG: shares("10")},
    ),
    "a fill the venue took back": (
        ours(cash="995.2", held=HELD, trades=[a_trade()]),
        theirs(held={LEG: "0"}, trades=[a_trade(status=FillStatus.FAILED)]),
        Kind.PHANTOM_FILL,
        PAIR,
        {None: usdc("4.8"), LEG: -shares("10")},
    ),
    "a fill the venue does not list": (
        ours(cash="995.2", held=HELD, trades=[a_trade()]),
        theirs(held={LEG: "0"}),
        Kind.PHANTOM_FILL,
        PAIR,
        {None: usdc("4.8"), LEG: -shares("10")},
    ),
    "somebody else's trade": (
        ours(known={}),
        theirs(cash="995.1", held=HELD, trades=[a_trade(fee="0.1", strategy=None)]),
        Kind.EXTERNAL_TRADE,
        EXTERNAL,
        {None: -usdc("4.9"), LEG: shares("10")},
    ),
    "shares that are not there": (
        ours(held=HELD),
        theirs(held={LEG: "7"}),
        Kind.WRONG_BALANCE,
        PAIR,
        {LEG: -shares("3")},
    ),
    "shares nobody bought": (
        ours(held=HELD),
        theirs(held={LEG: "12"}),
        Kind.WRONG_BALANCE,
        EXTERNAL,
        {LEG: shares("2")},
    ),
    "shares of a market we never traded": (
        ours(),
        theirs(held={(OTHER, NO): "2"}),
        Kind.WRONG_BALANCE,
        EXTERNAL,
        {(OTHER, NO): shares("2")},
    ),
    "cash that is not there": (
        ours(),
        theirs(cash="900"),
        Kind.WRONG_BALANCE,
        None,
        {None: -usdc("100")},
    ),
    "an order the venue lost": (ours(open_orders=[an_open()]), theirs(), Kind.LOST_ORDER, PAIR, {}),
    "an order of somebody else": (
        ours(),
        theirs(open_orders=[an_open(OrderId("0xtheirs"))]),
        Kind.EXTERNAL_ORDER,
        EXTERNAL,
        {},
    ),
    "shares redeemed behind our back": (
        ours(held=HELD),
        theirs(cash="1010", held={LEG: "0"}, payouts={MARKET: ONE}),
        Kind.RESOLVED_MARKET,
        PAIR,
        {LEG: -shares("10"), None: usdc("10")},
    ),
    "shares that lost and are gone": (
        ours(held=HELD),
        theirs(held={LEG: "0"}, payouts={MARKET: Price(0)}),
        Kind.RESOLVED_MARKET,
        PAIR,
        {LEG: -shares("10"), None: 0},
    ),
    "a market decided that still waits for its redemption": (
        ours(held=HELD),
        theirs(held=HELD, payouts={MARKET: ONE}),
        Kind.RESOLVED_MARKET,
        PAIR,
        {},
    ),
    "shares paid at a half": (
        ours(held=HELD),
        theirs(cash="1005", held={LEG: "0"}, payouts={MARKET: Price(ONE // 2)}),
        Kind.FIFTY_FIFTY,
        PAIR,
        {LEG: -shares("10"), None: usdc("5")},
    ),
    "too little to count": (
        ours(held=HELD),
        theirs(held={LEG: "10.01"}),
        Kind.DUST,
        EXTERNAL,
        {LEG: shares("0.01")},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_difference_has_its_name_and_what_it_would_change(name: str) -> None:
    mine, told, kind, strategy, effect = CASES[name]

    compared = once(mine, told)

    assert kinds(compared) == [kind], "told once, under one name"
    (found,) = compared.differences
    assert (found.strategy, dict(found.effect)) == (strategy, effect)
    assert not found.is_mismatch, "seen once proves nothing"
    assert compared.clean is (kind is Kind.DUST)


@pytest.mark.parametrize("name", CASES)
def test_seen_in_two_runs_it_is_a_mismatch_but_for_dust(name: str) -> None:
    mine, told, kind, *_ = CASES[name]

    (found,) = twice(mine, told).differences

    assert found.runs == 2
    assert found.first_ms == LATER
    assert found.is_mismatch is (kind is not Kind.DUST)


def test_two_looks_within_a_moment_are_no_two_runs() -> None:
    (found,) = twice(ours(), theirs(cash="900"), apart_ms=29_999).differences

    assert found.runs == 2
    assert not found.is_mismatch


def test_a_gap_that_moves_waits_for_a_third_run() -> None:
    """Two runs may each meet another row that comes late; three of them are a leak."""
    mine = ours()
    seen: dict[str, Before] = {}
    standing = []
    for number, cash in enumerate(("900", "890", "880")):
        told = theirs(cash=cash, read_ms=Ms(LATER + number * 60_000))
        (found,) = compare(mine, told, before=seen).differences
        seen = {found.key: Before(found.runs, found.first_ms, tuple(gap for _, gap in found.effect))}
        standing.append(found.is_mismatch)

    assert standing == [False, False, True]


def test_a_gap_that_turns_around_is_another_one() -> None:
    less = once(ours(), theirs(cash="900"))
    more = once(ours(), theirs(cash="1100"))

    assert less.differences[0].key != more.differences[0].key


@pytest.mark.parametrize("status", [FillStatus.MATCHED, FillStatus.MINED, FillStatus.RETRYING])
def test_a_fill_that_has_not_reached_the_chain_is_no_wrong_balance(status: FillStatus) -> None:
    """It is in the ledger, and the chain may show it or not."""
    trade = a_trade(status=status)
    mine = ours(cash="995.2", held=HELD, trades=[trade], under_way=[{None: usdc("4.8"), LEG: -shares("10")}])

    assert once(mine, theirs(held={LEG: "0"}, trades=[trade])).clean
    assert once(mine, theirs(cash="995.2", held=HELD, trades=[trade])).clean
    assert kinds(once(mine, theirs(cash="997", held=HELD, trades=[trade]))) == [Kind.WRONG_BALANCE]


def test_what_is_younger_than_a_minute_is_left_out() -> None:
    young = LEFT_OUT_MS - 1
    read = at(young)
    trade = a_trade()
    told = theirs(
        cash="995.2", held={}, trades=[trade], open_orders=[an_open(OrderId("0xnew"))], read_ms=read
    )

    assert kinds(once(ours(cash="995.2"), told)) == []
    mine = ours(cash="995.2", trades=[trade], open_orders=[an_open()])
    assert kinds(once(mine, replace(told, trades=(), open_orders=()))) == []
    assert kinds(once(mine, replace(told, trades=(), open_orders=(), read_ms=at(young + 1)))) == [
        Kind.PHANTOM_FILL,
        Kind.LOST_ORDER,
    ]


def test_a_trade_from_before_the_list_begins_is_not_missed_in_it() -> None:
    old = a_trade(after_ms=-3_600_000)
    mine = ours(cash="995.2", held=HELD, trades=[old])

    assert once(mine, theirs(cash="995.2", held=HELD)).clean


def test_a_redemption_under_way_explains_both_sides() -> None:
    paid = {LEG: -shares("10"), None: usdc("10")}
    mine = ours(held=HELD, under_way=[paid], redeeming=[MARKET])
    payouts = {MARKET: ONE}

    assert once(mine, theirs(held=HELD, payouts=payouts)).clean
    assert once(mine, theirs(cash="1010", held={LEG: "0"}, payouts=payouts)).clean


def test_others_shares_burnt_with_ours_are_named_as_theirs() -> None:
    """A v1 redemption takes every share of the wallet; ours is booked, what others held is not."""
    mine = ours(held={LEG: "5"}, owners={LEG: {EXTERNAL: shares("5"), PAIR: Shares(0)}})

    compared = once(mine, theirs(cash="1005", held={LEG: "0"}, payouts={MARKET: ONE}))

    assert kinds(compared) == [Kind.RESOLVED_MARKET]
    assert compared.differences[0].strategy is EXTERNAL


def test_what_nobody_answered_is_neither_clean_nor_different() -> None:
    silent = theirs(trades=None, open_orders=None, answered=False, silent=("the venue does not answer",))
    mine = ours(cash="1", held=HELD, trades=[a_trade()], open_orders=[an_open()])

    compared = once(mine, silent)

    assert compared.differences == ()
    assert compared.judged == frozenset()
    assert not compared.clean


@pytest.mark.parametrize(
    ("aspect", "told"),
    [
        (Aspect.TRADES, theirs(cash="900", trades=None, open_orders=[])),
        (Aspect.ORDERS, theirs(cash="900", open_orders=None)),
        (Aspect.BALANCES, theirs(answered=False)),
    ],
)
def test_one_silence_keeps_nobody_from_judging_the_rest(aspect: Aspect, told: object) -> None:
    compared = once(ours(), told)  # type: ignore[arg-type]

    assert compared.judged == frozenset(Aspect) - {aspect}
    assert kinds(compared) == ([] if aspect is Aspect.BALANCES else [Kind.WRONG_BALANCE])
    assert not compared.clean


def test_what_a_person_has_settled_is_not_told_again() -> None:
    told = theirs(trades=[a_trade("t2:0xelse", order=OrderId("0xelse"))])
    mine = ours(trades=[a_trade()], open_orders=[an_open()])

    assert kinds(compare(mine, told, before={}, accepted=[])) == [
        Kind.EXTERNAL_TRADE,
        Kind.PHANTOM_FILL,
        Kind.LOST_ORDER,
    ]
    assert compare(mine, told, before={}, accepted=["t2:0xelse", "t1:0xours", OURS]).differences == ()


def test_too_much_under_way_is_not_judged_unless_nothing_could_explain_it() -> None:
    parts: list[Figures] = [{None: -(2**number)} for number in range(24)]
    mine = ours(under_way=parts)

    within = once(mine, theirs(cash="995"))
    beyond = once(mine, theirs(cash="1001"))

    assert (kinds(within), within.unjudged) == ([], ("cash: too much is under way",))
    assert not within.clean, "what nobody could judge is not clean"
    assert kinds(beyond) == [Kind.WRONG_BALANCE]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4])
def test_of_very_much_under_way_a_few_that_have_not_arrived_explain_it(size: int) -> None:
    """A busy minute: nearly all of it has arrived."""
    parts: list[Figures] = [{None: -(2**number)} for number in range(24)]
    late = sum(part[None] for part in parts[3 : 3 + size])
    mine = ours(under_way=parts)
    told = theirs()
    assert told.figures is not None
    told = replace(told, figures={None: told.figures[None] + late})

    assert once(mine, told).clean


def test_an_entry_is_unsure_while_it_is_young_or_its_fill_may_fail() -> None:
    def bought(fill: str, *, at_ms: int, kind: EntryKind = EntryKind.BUY, cost: str = "4.8") -> Entry:
        size = shares("10") if kind is EntryKind.BUY else Shares(0)
        return Entry(kind, MARKET, PAIR, YES, size, Usdc(-usdc(cost)), FillId(fill), Ms(at_ms), None)

    def merged(outcome: Outcome, paid: str) -> Entry:
        gone = Shares(-shares("3"))
        return Entry(EntryKind.MERGE, MARKET, PAIR, outcome, gone, usdc(paid), None, at(5_000), "m")

    entries = [
        bought("old", at_ms=T0),
        bought("may fail", at_ms=T0),
        bought("may fail", at_ms=T0, kind=EntryKind.FEE, cost="0.1"),
        merged(YES, "3"),
        merged(NO, "0"),
    ]

    found = unsure(entries, since_ms=at(5_000), unsettled={FillId("may fail")})

    assert found == [
        {None: usdc("4.9"), LEG: -shares("10")},
        {None: -usdc("3"), LEG: shares("3"), (MARKET, NO): shares("3")},
    ]


trades = st.lists(
    st.builds(
        lambda number, size, paid, sells, outcome: a_trade(
            f"t{number}:0xours",
            size=str(size),
            paid=str(paid),
            side=SELL if sells else a_trade().side,
            outcome=outcome,
        ),
        st.integers(0, 10_000),
        st.integers(1, 50),
        st.integers(1, 50),
        st.booleans(),
        st.sampled_from([YES, NO]),
    ),
    max_size=8,
    unique_by=lambda trade: trade.fill_id,
)


def _after(all_of_them: list[Traded]) -> dict[object, int]:
    figures: dict[object, int] = {None: usdc("1000"), (MARKET, YES): 0, (MARKET, NO): 0}
    for trade in all_of_them:
        for name, amount in trade.effect.items():
            figures[name] = figures[name] + amount
    return figures


@given(trades, st.data())
def test_however_much_has_settled_honest_books_are_clean(made: list[Traded], choice: st.DataObject) -> None:
    """All fills are booked; the chain shows any part of those that are not final."""
    shown = [trade for trade in made if choice.draw(st.booleans())]
    under_way = [{name: -amount for name, amount in trade.effect.items()} for trade in made]
    mine = replace(
        ours(trades=made, under_way=under_way),
        figures=_after(made),  # type: ignore[arg-type]
    )
    told = replace(theirs(trades=made), figures=_after(shown))  # type: ignore[arg-type]

    assert once(mine, told).clean


@given(trades.filter(bool), st.data())
def test_whichever_fills_are_missing_they_are_named_one_by_one(
    made: list[Traded], choice: st.DataObject
) -> None:
    """And taking over what each says makes the books equal."""
    missing = [trade for trade in made if choice.draw(st.booleans())]
    booked = [trade for trade in made if trade not in missing]
    mine = replace(ours(trades=booked), figures=_after(booked))  # type: ignore[arg-type]
    told = replace(theirs(trades=made), figures=_after(made))  # type: ignore[arg-type]

    compared = once(mine, told)

    assert [each.fill_id for each in compared.differences] == [trade.fill_id for trade in missing]
    assert set(kinds(compared)) <= {Kind.MISSING_FILL}
    mended = dict(mine.figures)
    for each in compared.differences:
        for name, amount in each.effect:
            mended[name] = mended.get(name, 0) + amount
    assert mended == told.figures
