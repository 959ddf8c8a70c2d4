"""Pair arbitrage by small scenes, one view in and one proposal out: permission, legs, completion, merges."""

import pytest

from core.events import (
    FillStatus,
)
from core.ids import FillId
from core.intents import OrderKind, Purpose
from core.orders import Orders
from core.strategies.legs import ways_out
from core.strategies.pair_arb import propose
from core.strategies.view import Gate
from core.trading import State, legal
from core.units import Ms, shares, usdc
from tests.builders import (
    BUY,
    MARKET,
    NO,
    SELL,
    T0,
    YES,
    a_listing,
    a_mood,
    a_pair,
    a_place,
    a_trusted_book,
    a_view,
    at,
    params,
    seconds,
)
from tests.core.pair_scenes import a_leg, asked, check

LONG_AGO = Ms(T0 - 300_000)


def test_dust_is_no_leg() -> None:
    proposal = propose(a_view(pair=a_pair("4.99", paid_yes="2.4"), mood=a_mood()), params())

    assert set(asked(proposal)) == {"buy yes", "buy no"}
    assert not [found for found in proposal.gates if found.gate is Gate.LEG]


def test_the_lagging_leg_is_taken_when_the_swept_ask_with_fee_leaves_the_edge() -> None:
    """25 YES at 0.40, NO offered at 0.57: 0.97 and a fee of 0.30638 make 24.55638 for 25."""
    proposal = propose(a_leg(paid="10", bids="0.43x1000", asks="0.50x1000"), params())

    assert proposal.verdict == "take"
    assert proposal.wanted[0].kind is OrderKind.TAKE
    assert proposal.wanted[0].purpose is Purpose.REDUCING
    complete = check(proposal, Gate.COMPLETE)
    assert (complete.value, complete.limit) == (usdc("0.443620"), usdc("0.375"))


def test_the_lagging_leg_is_not_taken_for_a_cent_more() -> None:
    proposal = propose(a_leg(paid="10.1", bids="0.43x1000", asks="0.50x1000"), params())

    assert proposal.verdict == "quote"
    assert check(proposal, Gate.COMPLETE).value == usdc("0.343620")


def test_old_losses_count_against_completing_by_taking() -> None:
    """The fully completed worst case must be the edge of all that is locked, whatever was lost before."""
    view = a_leg(paid="10", bids="0.43x1000", asks="0.50x1000")
    for fill, side, amount in (("in", BUY, "5"), ("out", SELL, "4.9")):
        size, sure = shares("10"), FillStatus.CONFIRMED
        view.pair.filled(FillId(fill), NO, side, size, usdc(amount), usdc("0"), sure, T0)

    assert propose(view, params()).verdict == "quote"


def test_a_leg_may_wait_for_its_time() -> None:
    waiting = propose(a_leg(now=at(seconds(300) - 1)), params())
    over = propose(a_leg(now=at(seconds(300))), params())

    assert waiting.verdict == "quote"
    assert over.verdict == "take"
    assert over.failed is Gate.LEG


def test_selling_and_completing_are_one_price_on_a_mirrored_book_and_completing_wins() -> None:
    """A NO ask is a YES bid: 25 YES at 0.48 lose 0.25 and a fee of 0.31138 either way; a pair merges for 1."""
    proposal = propose(a_leg(bids="0.47x1000", now=at(seconds(300))), params())

    assert [wanted.outcome for wanted in proposal.wanted] == [NO]
    priced = {found.word: found.value for found in proposal.gates if found.gate is Gate.LEG}
    assert priced["loss if completed"] == priced["loss if sold at the bid"] == usdc("0.56138")


def test_a_leg_whose_completion_loses_too_much_is_sold_at_once() -> None:
    """25 YES at 0.60; YES fell to 0.48: completing at 0.52 loses 3.3 USDC, more than the 2 we bear."""
    proposal = propose(a_leg(paid="15"), params())

    assert asked(proposal) == {"sell yes": "25 at 0.47"}
    assert proposal.failed is Gate.LEG


def test_unconfirmed_shares_cannot_be_sold() -> None:
    view = a_view(pair=a_pair("25", paid_yes="15", sure=False), mood=a_mood(naked_since_ms=LONG_AGO))

    assert not [wanted for wanted in propose(view, params()).wanted if wanted.side is SELL]


@pytest.mark.parametrize("state", [State.RESOLVED])
def test_nothing_is_proposed_where_it_is_not_legal(state: State) -> None:
    proposal = propose(a_view(legal=legal(state, halted=False)), params())

    assert (proposal.verdict, proposal.failed, proposal.wanted) == ("no", Gate.TRADING, ())


def test_a_halt_withdraws_everything_and_says_why() -> None:
    halted = a_view(halted="manual_halt", legal=legal(State.IDLE, halted=True))

    proposal = propose(halted, params())

    assert proposal.wanted == ()
    assert check(proposal, Gate.TRADING).word == "manual_halt"


def test_an_unknown_fee_is_no_basis_for_an_order() -> None:
    assert propose(a_view(listing=a_listing(fees=None)), params()).failed is Gate.FEES


@pytest.mark.parametrize(("pairs", "merged"), [("49.99", "0"), ("50", "50"), ("80.005", "80")])
def test_fifty_confirmed_pairs_are_merged(pairs: str, merged: str) -> None:
    pair = a_pair(pairs, pairs, paid_yes="24", paid_no="24")

    assert propose(a_view(pair=pair), params()).merge == shares(merged)


def test_unconfirmed_pairs_are_not_merged() -> None:
    pair = a_pair("80", "80", paid_yes="39", paid_no="39", sure=False)

    assert propose(a_view(pair=pair), params()).merge == 0


@pytest.mark.parametrize(("invested", "merged"), [("1199.99", "0"), ("1200", "6")])
def test_a_small_batch_is_merged_when_the_market_has_used_up_its_money(invested: str, merged: str) -> None:
    """Four fifths of ``max_total_cost``."""
    pair = a_pair("6", "6", paid_yes=invested)

    assert propose(a_view(pair=pair), params()).merge == shares(merged)


def test_merging_stays_legal_in_a_halt() -> None:
    pair = a_pair("60", "60", paid_yes="29", paid_no="29")
    halted = a_view(pair=pair, halted="manual_halt", legal=legal(State.LOCKED_PAIR, halted=True))

    proposal = propose(halted, params())

    assert (proposal.wanted, proposal.merge) == ((), shares("60"))


def test_a_completion_never_pays_more_than_was_decided() -> None:
    """The venue holds a taker back for a second. A limit of 0.58 would have cost 14.8045 of 14.625 allowed."""
    proposal = propose(a_leg(paid="10", bids="0.43x1000", asks="0.50x1000"), params())

    assert asked(proposal) == {"buy no": "25 at 0.57"}


def test_a_completion_of_a_naked_leg_loses_no_more_than_is_borne_at_its_limit() -> None:
    """25 YES at 0.545: completing at 0.52 loses 1.937 of 2; at the tick beyond it would lose 2.186."""
    proposal = propose(a_leg(paid="13.625", now=at(seconds(300))), params())

    assert asked(proposal) == {"buy no": "25 at 0.52"}


def test_a_sweep_through_a_half_is_priced_with_the_dearest_fee() -> None:
    """NO is offered at 0.48 and 0.80: the fee at 0.80 alone would hide a third of what the sweep may cost."""
    ways = ways_out(a_leg(bids="0.52x10 0.2x1000", asks="0.6x1000"), YES)

    assert ways.complete == usdc("12") + usdc("4.8") + usdc("12") + usdc("0.3125") - usdc("25")


def test_a_leg_too_cheap_for_a_marketable_sale_is_not_offered_for_sale_below_it() -> None:
    """5 YES are worth 1 USDC at 0.20 and 0.95 one tick below."""
    proposal = propose(a_leg("5", paid="4", bids="0.20x1000", asks="0.24x1000"), params())

    assert asked(proposal) == {"sell yes": "5 at 0.2"}


def test_a_leg_worth_less_than_the_smallest_marketable_order_waits() -> None:
    proposal = propose(a_leg("5", paid="4", bids="0.19x1000", asks="0.24x1000"), params())

    assert not [wanted for wanted in proposal.wanted if wanted.kind is OrderKind.TAKE]
    assert "chosen: no way out now" in [found.word for found in proposal.gates]


def test_the_three_prices_of_a_naked_leg_and_the_choice_are_recorded() -> None:
    proposal = propose(a_leg(now=at(seconds(300))), params())

    told = [(found.word, found.value) for found in proposal.gates if found.gate is Gate.LEG]
    assert told == [
        ("time open", seconds(300)),
        ("loss if completed", usdc("0.312")),
        ("loss if sold at the bid", usdc("0.312")),
        ("hold: no model probability", None),
        ("chosen: complete", None),
    ]


def test_an_unconfirmed_leg_is_not_completed_by_taking() -> None:
    """If its fill fails, the completion is a naked leg of its own."""
    cheap = a_view(
        pair=a_pair("25", paid_yes="10", sure=False), book=a_trusted_book("0.43x1000", "0.50x1000")
    )

    proposal = propose(cheap, params())

    assert not [wanted for wanted in proposal.wanted if wanted.kind is OrderKind.TAKE]
    assert check(proposal, Gate.COMPLETE).word == "not settled yet"


def test_our_own_bid_is_not_what_a_leg_is_sold_to() -> None:
    orders = Orders(MARKET)
    orders.add(a_place("0.50", "25"))
    book = a_trusted_book("0.50x25 0.48x1000", "0.52x1000")
    pair = a_pair("25", paid_yes="12")

    assert ways_out(a_view(book=book, pair=pair, orders=orders, own_shown=True), YES).sell == usdc("0.312")
    assert ways_out(a_view(book=book, pair=pair, orders=orders, own_shown=False), YES).sell != usdc("0.312")


def test_a_market_without_money_merges_small_batches() -> None:
    pair = a_pair("6", "6", paid_yes="3", paid_no="2.8")

    assert propose(a_view(pair=pair, cash_short=True), params()).merge == shares("6")
    assert propose(a_view(pair=pair, cash_short=False), params()).merge == 0
