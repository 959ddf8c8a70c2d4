"""The pair ledger against money counted by hand."""

import pytest

from core.events import FillStatus, WalletStatus
from core.ids import FillId
from core.ledger import Entry, EntryKind
from core.lifecycle import IllegalTransition
from core.pair import PairLedger
from core.units import Ms, Usdc, shares, usdc
from tests.core.accounts import MARKET, NO, PAIR_ARB, SELL, T0, YES
from tests.core.pairs import (
    CONFIRMED,
    FAILED,
    MATCHED,
    MINED,
    RETRYING,
    a_bought_pair,
    a_pair,
    merged,
    state_of,
    trade,
)


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
    assert state_of(again) == state_of(pair)


def test_rebuilding_passes_by_the_entries_of_others() -> None:
    pair = a_bought_pair()
    foreign = [
        Entry(EntryKind.BUY, MARKET, None, YES, shares("7"), Usdc(-3), FillId("x"), T0, None),
    ]

    again = a_pair()
    again.rebuild([*foreign, *_entries_of(pair)])

    assert again.held(YES) == shares("100")


def _entries_of(pair: PairLedger) -> list[Entry]:
    return list(pair._entries)
