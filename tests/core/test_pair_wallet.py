"""What leaves a pair ledger by the wallet: merges and redemptions, each booked once."""

import pytest

from core.events import Redeemed, WalletStatus
from core.ids import FillId
from core.ledger import EntryKind
from core.units import Shares, shares, usdc
from tests.core.accounts import MARKET, NO, SELL, T0, YES
from tests.core.pairs import CONFIRMED, MATCHED, MINED, a_bought_pair, a_pair, merged, trade


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
