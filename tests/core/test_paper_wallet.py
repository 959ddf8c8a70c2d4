"""Merges, redemptions and the balance the paper venue tells."""

import pytest

from core.events import (
    BalanceSeen,
    MergeStepped,
    Redeemed,
    WalletStatus,
)
from core.intents import Merge, Redeem
from core.units import ONE, Ms, price, shares, usdc
from tests.core.accounts import (
    MARKET,
    NO,
    SELL,
    T0,
    YES,
    a_place,
    a_take,
)
from tests.core.paper_play import HELD, Script, play, resolved


def merge(size: str, action: str = "m1") -> Merge:
    return Merge(action, MARKET, shares(size), T0)


def redeem(yes: str, no: str) -> Redeem:
    return Redeem("r1", MARKET, shares(yes), shares(no), ONE, T0)


@pytest.mark.parametrize(("payout", "received"), [("1", "100"), ("0", "60"), ("0.5", "80")])
def test_redemption_pays_each_share_its_part(payout: str, received: str) -> None:
    played = play([(0, resolved(price(payout))), (10, redeem("100", "60"))], held=HELD)

    (paid,) = [event for event in played.said if isinstance(event, Redeemed)]
    assert (paid.yes, paid.no, paid.received) == (shares("100"), shares("60"), usdc(received))
    assert paid.heard_ms == T0 + 10 + 60 + 8_000
    assert played.venue.cash == usdc("1000") + usdc(received)
    assert played.venue.held(MARKET, YES) == 0


def test_only_what_is_held_is_redeemed() -> None:
    played = play([(0, resolved()), (10, redeem("500", "500"))], held=HELD)

    (paid,) = [event for event in played.said if isinstance(event, Redeemed)]
    assert (paid.yes, paid.no, paid.received) == (shares("100"), shares("60"), usdc("100"))


def test_redeeming_before_resolution_is_an_error() -> None:
    with pytest.raises(ValueError, match="not resolved"):
        play([(0, redeem("100", "60"))], held=HELD)


def test_a_merge_turns_free_pairs_into_cash() -> None:
    played = play([(0, merge("60"))], held=HELD)

    steps = [event for event in played.said if isinstance(event, MergeStepped)]
    assert [(step.status, step.heard_ms - T0) for step in steps] == [
        (WalletStatus.SUBMITTED, 60),
        (WalletStatus.CONFIRMED, 8_060),
    ]
    assert played.venue.cash == usdc("1060")
    assert (played.venue.held(MARKET, YES), played.venue.held(MARKET, NO)) == (shares("40"), 0)


def test_a_merge_of_more_than_is_free_fails() -> None:
    script: Script = [(0, a_place(NO, SELL, "0.60", "10")), (100, merge("50.01"))]

    played = play(script, held=HELD)

    steps = [event.status for event in played.said if isinstance(event, MergeStepped)]
    assert steps == [WalletStatus.FAILED]
    assert played.venue.cash == usdc("1000")


def test_shares_in_a_merge_cannot_be_sold_or_merged_again() -> None:
    script: Script = [(0, merge("60")), (10, merge("1", "m2")), (20, a_place(NO, SELL, "0.60", "60"))]

    played = play(script, held=HELD)

    failed = [event for event in played.said if isinstance(event, MergeStepped) and event.action_id == "m2"]
    assert [event.status for event in failed] == [WalletStatus.FAILED]
    assert played.lines("k1") == [(80, "not_enough_balance")]


def test_cash_is_told_when_it_changed() -> None:
    played = play([(0, a_take(size="40")), (5_000, a_place())])

    told = [event for event in played.said if isinstance(event, BalanceSeen)]

    assert told == [BalanceSeen(played.venue.cash, Ms(T0 + 1_060))]
