"""The pair ledger against money counted by hand, and against every way a provisional fill can end."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import FillStatus, MergeStepped, Redeemed, WalletStatus
from core.ids import FillId, Outcome, Side
from core.ledger import Entry, EntryKind
from core.lifecycle import IllegalTransition
from core.pair import PairLedger
from core.units import Ms, Shares, Usdc, shares, usdc
from tests.core.accounts import BUY, MARKET, NO, PAIR_ARB, SELL, T0, YES

MATCHED, MINED, CONFIRMED = FillStatus.MATCHED, FillStatus.MINED, FillStatus.CONFIRMED
FAILED, RETRYING = FillStatus.FAILED, FillStatus.RETRYING


def a_pair() -> PairLedger:
    return PairLedger(MARKET, PAIR_ARB)


def trade(
    pair: PairLedger,
    fill_id: str,
    outcome: Outcome,
    size: str,
    paid: str,
    *,
    side: Side = BUY,
    fee: str = "0",
    status: FillStatus = CONFIRMED,
) -> tuple[Entry, ...]:
    return pair.filled(FillId(fill_id), outcome, side, shares(size), usdc(paid), usdc(fee), status, T0)


def merged(action: str, size: str, status: WalletStatus) -> MergeStepped:
    return MergeStepped(action, MARKET, shares(size), status, T0)


def a_bought_pair(yes: str = "100", no: str = "100") -> PairLedger:
    """YES at 0.48 and NO at 0.49, confirmed."""
    pair = a_pair()
    trade(pair, "y", YES, yes, "48")
    trade(pair, "n", NO, no, "49")
    return pair


def test_a_new_ledger_holds_nothing_and_risks_nothing() -> None:
    pair = a_pair()

    assert (pair.worst_case, pair.best_case, pair.locked, pair.exposed) == (0, 0, 0, 0)
    assert pair.exposed_outcome is None
    assert pair.avg(YES) is None
    assert pair.pair_cost is None
    assert pair.uncompleted_avg is None


def test_both_legs_below_a_dollar_are_locked_in() -> None:
    pair = a_bought_pair()

    assert pair.locked == shares("100")
    assert pair.exposed == 0
    assert pair.worst_case == pair.best_case == usdc("3")
    assert pair.pair_cost == usdc("0.97")


def test_fees_are_part_of_what_a_pair_costs() -> None:
    """The check of trading.md 3: as taker this pair costs 99.4975."""
    pair = a_pair()
    trade(pair, "y", YES, "100", "48", fee="1.248")
    trade(pair, "n", NO, "100", "49", fee="1.2495")

    assert pair.spent == usdc("99.4975")
    assert pair.fees == usdc("2.4975")
    assert pair.worst_case == usdc("0.5025")
    assert pair.pair_cost == usdc("0.994975")


def test_one_leg_alone_can_lose_all_it_cost() -> None:
    pair = a_pair()
    trade(pair, "y", YES, "100", "48")

    assert pair.worst_case == -usdc("48")
    assert pair.best_case == usdc("52")
    assert pair.exposed_outcome is YES
    assert pair.uncompleted_avg == usdc("0.48")


def test_the_larger_leg_is_the_exposed_one() -> None:
    pair = a_bought_pair(yes="80", no="100")

    assert pair.locked == shares("80")
    assert pair.exposed == shares("20")
    assert pair.exposed_outcome is NO
    assert pair.uncompleted_avg == usdc("0.49")


def test_an_average_is_rounded_against_us() -> None:
    pair = a_pair()
    trade(pair, "y", YES, "3", "1")

    assert pair.avg(YES) == Usdc(333_334)


def test_a_provisional_buy_counts_as_landed_where_that_is_worse() -> None:
    pair = a_pair()

    trade(pair, "y", YES, "100", "48", status=MATCHED)

    assert pair.held(YES) == shares("100")
    assert pair.worst_case == -usdc("48")


def test_a_provisional_completion_locks_nothing_yet() -> None:
    pair = a_pair()
    trade(pair, "y", YES, "100", "48")

    trade(pair, "n", NO, "100", "49", status=MATCHED)
    assert pair.locked == shares("100")
    assert pair.worst_case == -usdc("48"), "the completion may fail and NO may win"

    pair.settled(FillId("n"), CONFIRMED, T0)
    assert pair.worst_case == usdc("3")


def test_two_provisional_legs_count_as_the_worse_one_alone() -> None:
    pair = a_pair()
    trade(pair, "y", YES, "100", "48", status=MATCHED)
    trade(pair, "n", NO, "100", "49", status=MATCHED)

    assert pair.worst_case == -usdc("49")


def test_a_provisional_receipt_counts_nothing() -> None:
    pair = a_pair()
    trade(pair, "y", YES, "100", "48")

    trade(pair, "s", YES, "100", "50", side=SELL, status=MATCHED)
    assert pair.held(YES) == 0
    assert pair.received == usdc("50")
    assert pair.worst_case == -usdc("48")

    pair.settled(FillId("s"), CONFIRMED, T0)
    assert pair.worst_case == usdc("2")


def test_a_fill_books_its_trade_and_then_its_fee() -> None:
    booked = trade(a_pair(), "y", YES, "100", "48", fee="1.248")

    assert [(entry.kind, entry.shares, entry.usdc) for entry in booked] == [
        (EntryKind.BUY, shares("100"), -usdc("48")),
        (EntryKind.FEE, 0, -usdc("1.248")),
    ]
    assert {entry.fill_id for entry in booked} == {"y"}
    assert {(entry.market_id, entry.strategy, entry.outcome) for entry in booked} == {(MARKET, PAIR_ARB, YES)}


def test_a_sale_books_what_it_brought_and_no_fee_where_there_is_none() -> None:
    pair = a_bought_pair()

    (entry,) = trade(pair, "s", YES, "10", "5", side=SELL)

    assert (entry.kind, entry.shares, entry.usdc) == (EntryKind.SELL, -shares("10"), usdc("5"))


def test_a_fill_told_twice_is_booked_once() -> None:
    pair = a_pair()
    trade(pair, "y", YES, "100", "48", status=MATCHED)

    assert trade(pair, "y", YES, "100", "48", status=MATCHED) == ()

    assert pair.held(YES) == shares("100")


def test_a_fill_told_again_with_a_later_status_settles() -> None:
    pair = a_pair()
    trade(pair, "y", YES, "100", "48", status=MATCHED)
    trade(pair, "n", NO, "100", "49")

    trade(pair, "y", YES, "100", "48", status=CONFIRMED)

    assert pair.provisional == 0
    assert pair.worst_case == usdc("3")


def test_a_fill_first_told_as_failed_books_nothing() -> None:
    pair = a_pair()

    assert trade(pair, "y", YES, "100", "48", status=FAILED) == ()

    assert pair.held(YES) == 0
    assert pair.knows(FillId("y"))


@pytest.mark.parametrize("status", [MINED, RETRYING])
def test_a_fill_on_its_way_stays_provisional(status: FillStatus) -> None:
    pair = a_pair()
    trade(pair, "y", YES, "100", "48", status=MATCHED)

    assert pair.settled(FillId("y"), status, T0) == ()

    assert pair.provisional == 1


def test_a_failed_buy_is_taken_back() -> None:
    pair = a_pair()
    trade(pair, "y", YES, "100", "48", fee="1.248", status=MATCHED)

    booked = pair.settled(FillId("y"), FAILED, Ms(T0 + 9))

    assert [(entry.kind, entry.shares, entry.usdc, entry.fill_id) for entry in booked] == [
        (EntryKind.BUY, -shares("100"), usdc("48"), "y"),
        (EntryKind.FEE, 0, usdc("1.248"), "y"),
    ]
    assert {entry.at_ms for entry in booked} == {T0 + 9}
    assert (pair.held(YES), pair.cost(YES), pair.spent, pair.fees, pair.worst_case) == (0, 0, 0, 0, 0)


def test_a_failed_sale_gives_the_shares_back_at_what_they_had_cost() -> None:
    pair = a_pair()
    trade(pair, "y", YES, "100", "48")
    trade(pair, "s", YES, "40", "30", side=SELL, fee="0.5", status=MATCHED)

    pair.settled(FillId("s"), FAILED, T0)

    assert (pair.held(YES), pair.cost(YES)) == (shares("100"), usdc("48"))
    assert (pair.realized, pair.received, pair.fees) == (0, 0, 0)


def test_a_failure_is_not_told_twice() -> None:
    pair = a_pair()
    trade(pair, "y", YES, "100", "48", status=MATCHED)
    pair.settled(FillId("y"), FAILED, T0)

    assert pair.settled(FillId("y"), FAILED, T0) == ()
    assert pair.settled(FillId("y"), MINED, T0) == ()
    assert pair.held(YES) == 0


def test_a_confirmed_fill_that_fails_is_an_error() -> None:
    pair = a_bought_pair()

    with pytest.raises(IllegalTransition, match="failed cannot follow confirmed"):
        pair.settled(FillId("y"), FAILED, T0)

    assert pair.held(YES) == shares("100")


def test_settling_what_was_never_booked_is_an_error() -> None:
    with pytest.raises(LookupError, match="f9"):
        a_pair().settled(FillId("f9"), CONFIRMED, T0)


def test_selling_realizes_by_average_cost() -> None:
    pair = a_pair()
    trade(pair, "a", YES, "10", "4")
    trade(pair, "b", YES, "10", "6")

    trade(pair, "s", YES, "10", "7", side=SELL, fee="0.1")

    assert pair.cost(YES) == usdc("5")
    assert pair.realized == usdc("1.9")


def test_a_share_sold_before_it_was_bought_is_a_debt() -> None:
    """The venue's word comes first: what we missed shows as a negative holding, and is not hidden."""
    pair = a_pair()

    trade(pair, "s", YES, "10", "5", side=SELL)

    assert pair.held(YES) == -shares("10")
    assert pair.worst_case == -usdc("5")


def test_only_confirmed_pairs_can_be_merged() -> None:
    pair = a_pair()
    trade(pair, "y", YES, "100", "48")
    trade(pair, "n", NO, "60", "29")
    trade(pair, "n2", NO, "40", "19", status=MINED)

    assert pair.mergeable == shares("60")

    pair.settled(FillId("n2"), CONFIRMED, T0)
    assert pair.mergeable == shares("100")


def test_shares_being_sold_cannot_be_merged() -> None:
    pair = a_bought_pair()

    trade(pair, "s", YES, "30", "15", side=SELL, status=MATCHED)

    assert pair.mergeable == shares("70")


def test_a_planned_merge_reserves_its_shares() -> None:
    pair = a_bought_pair()

    pair.merge_planned("m1", shares("60"))

    assert pair.reserved == shares("60")
    assert pair.mergeable == shares("40")
    assert pair.sellable(YES) == shares("40")
    with pytest.raises(ValueError, match="cannot merge"):
        pair.merge_planned("m2", shares("40.01"))


def test_a_merge_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="cannot merge"):
        a_bought_pair().merge_planned("m1", Shares(0))


def test_a_confirmed_merge_turns_pairs_into_dollars() -> None:
    pair = a_bought_pair()
    pair.merge_planned("m1", shares("60"))

    assert pair.merge_stepped(merged("m1", "60", WalletStatus.SUBMITTED)) == ()
    booked = pair.merge_stepped(merged("m1", "60", WalletStatus.CONFIRMED))

    assert [(entry.kind, entry.outcome, entry.shares, entry.usdc) for entry in booked] == [
        (EntryKind.MERGE, YES, -shares("60"), usdc("60")),
        (EntryKind.MERGE, NO, -shares("60"), 0),
    ]
    assert {entry.note for entry in booked} == {"m1"}
    assert (pair.held(YES), pair.held(NO), pair.reserved) == (shares("40"), shares("40"), 0)
    assert pair.realized == usdc("1.8"), "60 of what cost 58.2"
    assert pair.worst_case == usdc("3"), "what was locked in is what was realized"


def test_a_merge_confirmed_twice_is_booked_once() -> None:
    pair = a_bought_pair()
    pair.merge_planned("m1", shares("60"))
    pair.merge_stepped(merged("m1", "60", WalletStatus.CONFIRMED))

    assert pair.merge_stepped(merged("m1", "60", WalletStatus.CONFIRMED)) == ()
    assert pair.held(YES) == shares("40")


def test_a_failed_merge_frees_its_shares() -> None:
    pair = a_bought_pair()
    pair.merge_planned("m1", shares("60"))

    assert pair.merge_stepped(merged("m1", "60", WalletStatus.FAILED)) == ()

    assert pair.mergeable == shares("100")


def test_an_unknown_merge_keeps_its_shares_reserved() -> None:
    pair = a_bought_pair()
    pair.merge_planned("m1", shares("60"))
    pair.merge_stepped(merged("m1", "60", WalletStatus.SUBMITTED))

    pair.merge_stepped(merged("m1", "60", WalletStatus.UNKNOWN))

    assert pair.reserved == shares("60")


def test_a_merge_from_an_earlier_life_is_adopted() -> None:
    pair = a_bought_pair()

    pair.merge_stepped(merged("old", "30", WalletStatus.SUBMITTED))
    assert pair.reserved == shares("30")

    pair.merge_stepped(merged("old", "30", WalletStatus.CONFIRMED))
    assert (pair.held(NO), pair.reserved) == (shares("70"), 0)


def test_redemption_pays_and_empties_both_legs() -> None:
    pair = a_bought_pair(yes="80", no="100")

    booked = pair.redeemed(Redeemed("r1", MARKET, shares("80"), shares("100"), usdc("80"), T0))

    assert [(entry.outcome, entry.shares, entry.usdc) for entry in booked] == [
        (YES, -shares("80"), usdc("80")),
        (NO, -shares("100"), 0),
    ]
    assert pair.realized == -usdc("17")
    assert pair.worst_case == pair.best_case == -usdc("17")


def test_the_receipt_of_a_single_leg_stands_on_that_leg() -> None:
    pair = a_pair()
    trade(pair, "n", NO, "10", "4")

    (entry,) = pair.redeemed(Redeemed("r1", MARKET, Shares(0), shares("10"), usdc("10"), T0))

    assert (entry.outcome, entry.usdc) == (NO, usdc("10"))


def test_a_redemption_told_twice_is_booked_once() -> None:
    pair = a_bought_pair()
    told = Redeemed("r1", MARKET, shares("100"), shares("100"), usdc("100"), T0)
    pair.redeemed(told)

    assert pair.redeemed(told) == ()
    assert pair.realized == usdc("3")


def test_what_if_is_what_then_is() -> None:
    pair = a_pair()
    trade(pair, "y", YES, "100", "48")

    worst, exposed = pair.after_buy(NO, shares("80"), usdc("40"))
    assert (pair.held(NO), pair.worst_case) == (0, -usdc("48")), "asking changes nothing"

    trade(pair, "n", NO, "80", "39", fee="1")
    assert (pair.worst_case, pair.exposed) == (worst, exposed)


def test_rebuilding_knows_the_fills_and_merges_it_has_booked() -> None:
    pair = a_bought_pair()
    pair.merge_planned("m1", shares("60"))
    entries = [*_entries_of(pair), *pair.merge_stepped(merged("m1", "60", WalletStatus.CONFIRMED))]

    again = a_pair()
    again.rebuild(entries)

    assert trade(again, "y", YES, "100", "48") == ()
    assert again.merge_stepped(merged("m1", "60", WalletStatus.CONFIRMED)) == ()
    assert _state(again) == _state(pair)


def test_rebuilding_passes_by_the_entries_of_others() -> None:
    pair = a_bought_pair()
    foreign = [
        Entry(EntryKind.BUY, MARKET, None, YES, shares("7"), Usdc(-3), FillId("x"), T0, None),
    ]

    again = a_pair()
    again.rebuild([*foreign, *_entries_of(pair)])

    assert again.held(YES) == shares("100")


@dataclass(frozen=True)
class Trade:
    outcome: Outcome
    side: Side
    size: Shares
    amount: Usdc
    fee: Usdc
    end: FillStatus

    def pays(self, winner: Outcome, *, receipts: bool) -> int:
        """What it is worth once ``winner`` has won, had it landed."""
        worth = self.size if self.outcome is winner else 0
        if self.side is BUY:
            return worth - self.amount - self.fee
        return (max(0, self.amount - self.fee) if receipts else min(0, self.amount - self.fee)) - worth


@st.composite
def trades(draw: st.DrawFn, ends: Sequence[FillStatus] = (MATCHED, MINED, CONFIRMED, FAILED)) -> Trade:
    size = draw(st.integers(1, 200)) * 10_000
    price = draw(st.integers(1, 9_999))
    amount = size * price // 10_000
    return Trade(
        outcome=draw(st.sampled_from(Outcome)),
        side=draw(st.sampled_from(Side)),
        size=Shares(size),
        amount=Usdc(amount),
        fee=Usdc(draw(st.integers(0, amount // 10))),
        end=draw(st.sampled_from(list(ends))),
    )


def live(history: list[Trade]) -> tuple[PairLedger, list[Entry]]:
    """Tell every trade as MATCHED first and then, one after another, what became of it."""
    pair = a_pair()
    entries: list[Entry] = []
    for number, item in enumerate(history):
        entries += pair.filled(
            FillId(f"f{number}"), item.outcome, item.side, item.size, item.amount, item.fee, MATCHED, T0
        )
    for number, item in enumerate(history):
        entries += pair.settled(FillId(f"f{number}"), item.end, T0)
    return pair, entries


def _entries_of(pair: PairLedger) -> list[Entry]:
    return list(pair._entries)


def _state(pair: PairLedger) -> tuple[object, ...]:
    numbers = (pair.held(YES), pair.held(NO), pair.cost(YES), pair.cost(NO), pair.spent, pair.received)
    return (*numbers, pair.fees, pair.realized, pair.worst_case, pair.best_case, pair.mergeable)


@given(st.lists(trades(), max_size=7))
def test_the_worst_case_is_the_worst_of_every_way_it_can_end(history: list[Trade]) -> None:
    """Count all of them: each provisional fill lands or fails, and one of two outcomes wins."""
    pair, _ = live(history)
    sure = [item for item in history if item.end is CONFIRMED]
    open_fills = [item for item in history if item.end in (MATCHED, MINED)]

    worst = min(
        sum(
            item.amount - item.fee - (item.size if item.outcome is winner else 0)
            for item in sure
            if item.side is SELL
        )
        + sum(item.pays(winner, receipts=False) for item in sure if item.side is BUY)
        + sum(
            item.pays(winner, receipts=False) for item, lands in zip(open_fills, ends, strict=True) if lands
        )
        for winner in Outcome
        for ends in product((True, False), repeat=len(open_fills))
    )

    assert pair.worst_case == worst


@given(st.lists(trades(), max_size=12), st.data())
def test_no_outcome_pays_less_than_the_worst_case(history: list[Trade], data: st.DataObject) -> None:
    pair, _ = live(history)
    floor = pair.worst_case
    for number, item in enumerate(history):
        if item.end in (MATCHED, MINED):
            pair.settled(FillId(f"f{number}"), data.draw(st.sampled_from([CONFIRMED, FAILED])), T0)

    flow = pair.received - pair.spent
    profits = [flow + pair.held(winner) for winner in Outcome]

    assert min(profits) == pair.worst_case >= floor


@given(st.lists(trades(), max_size=12))
def test_a_failed_fill_leaves_no_trace(history: list[Trade]) -> None:
    pair, _ = live(history)
    without, _ = live([item for item in history if item.end is not FAILED])

    assert _state(pair) == _state(without)


@given(st.lists(trades(), max_size=12))
def test_rebuilt_from_its_entries_it_is_the_same(history: list[Trade]) -> None:
    pair, entries = live(history)
    unsure = [FillId(f"f{n}") for n, item in enumerate(history) if item.end in (MATCHED, MINED)]

    again = a_pair()
    again.rebuild(entries, unsure)

    assert _state(again) == _state(pair)
    assert again.provisional == pair.provisional


@given(st.lists(trades(), max_size=12))
def test_realized_is_all_that_came_of_it_once_nothing_is_held(history: list[Trade]) -> None:
    pair, entries = live(history)
    for outcome in Outcome:
        held = pair.held(outcome)
        if held:
            side = SELL if held > 0 else BUY
            entries += pair.filled(
                FillId(f"out-{outcome}"),
                outcome,
                side,
                Shares(abs(held)),
                usdc("1"),
                usdc("0"),
                CONFIRMED,
                T0,
            )

    assert (pair.cost(YES), pair.cost(NO)) == (0, 0)
    assert pair.realized == sum(entry.usdc for entry in entries)


@given(st.lists(trades(), max_size=8), st.sampled_from(Outcome), st.integers(1, 100), st.integers(0, 60))
def test_a_buy_foretold_is_the_buy_confirmed(
    history: list[Trade], outcome: Outcome, lots: int, paid: int
) -> None:
    pair, _ = live(history)
    size, amount = Shares(lots * 10_000), Usdc(paid * 10_000)

    foretold = pair.after_buy(outcome, size, amount)
    pair.filled(FillId("new"), outcome, BUY, size, amount, Usdc(0), CONFIRMED, T0)

    assert (pair.worst_case, pair.exposed) == foretold


@given(st.lists(trades(), max_size=10), st.integers(1, 10))
def test_a_merge_never_changes_the_worst_case_and_never_touches_the_provisional(
    history: list[Trade], parts: int
) -> None:
    pair, _ = live(history)
    size = Shares(pair.mergeable // parts)
    if not size:
        return
    before = pair.worst_case

    pair.merge_planned("m", size)
    pair.merge_stepped(MergeStepped("m", MARKET, size, WalletStatus.CONFIRMED, T0))

    assert pair.worst_case == before
    for number, item in enumerate(history):
        if item.end in (MATCHED, MINED) and item.side is BUY:
            pair.settled(FillId(f"f{number}"), FAILED, T0)
    assert min(pair.held(YES), pair.held(NO)) >= 0 or any(item.side is SELL for item in history)
