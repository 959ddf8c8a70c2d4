"""Where, when and how large the resting bids of pair arbitrage are."""

from dataclasses import replace

import pytest

from core.events import (
    AckStatus,
    CloseReason,
    MarketKind,
    OrderAcked,
    OrderClosed,
    OrderSent,
    Top,
)
from core.ids import Outcome
from core.intents import OrderKind, Purpose
from core.orders import Orders
from core.strategies.pair_arb import propose
from core.strategies.view import Gate
from core.trading import State, legal
from core.units import price, shares, usdc
from tests.builders import (
    MARKET,
    T0,
    a_change,
    a_listing,
    a_mood,
    a_pair,
    a_place,
    a_trusted_book,
    a_view,
    an_order_id,
    at,
    params,
    seconds,
)
from tests.core.pair_scenes import a_leg, asked, check


def test_a_wide_spread_is_quoted_one_tick_inside_on_both_sides() -> None:
    proposal = propose(a_view(book=a_trusted_book("0.46x1000", "0.52x1000")), params())

    assert proposal.verdict == "quote"
    assert asked(proposal) == {"buy yes": "50 at 0.47", "buy no": "50 at 0.49"}
    assert all(w.kind is OrderKind.QUOTE and w.purpose is Purpose.OPENING for w in proposal.wanted)


@pytest.mark.parametrize(
    ("bids", "asks", "quotes"),
    [
        # Both inside would be 0.985: exactly the ceiling.
        ("0.4825x1000", "0.5025x1000", {"buy yes": "50 at 0.485", "buy no": "50 at 0.5"}),
        # Inside on one side only.
        ("0.485x1000", "0.5025x1000", {"buy yes": "50 at 0.4875", "buy no": "50 at 0.4975"}),
        # At the best bids, nothing inside.
        ("0.4875x1000", "0.5025x1000", {"buy yes": "50 at 0.4875", "buy no": "50 at 0.4975"}),
    ],
)
def test_quotes_stay_within_the_ceiling_inside_or_at_the_best_bids(
    bids: str, asks: str, quotes: dict[str, str]
) -> None:
    view = a_view(book=a_trusted_book(bids, asks), listing=a_listing(tick="0.0025"))

    assert asked(propose(view, params())) == quotes


def test_a_spread_smaller_than_the_edge_is_not_quoted() -> None:
    proposal = propose(a_view(book=a_trusted_book("0.48x1000", "0.49x1000")), params())

    assert asked(proposal) == {}
    edge = check(proposal, Gate.EDGE)
    assert (edge.passed, edge.value, edge.limit) == (False, price("0.99"), price("0.985"))


def test_a_spread_of_exactly_the_edge_is_joined() -> None:
    view = a_view(book=a_trusted_book("0.48x1000", "0.495x1000"), listing=a_listing(tick="0.005"))

    assert asked(propose(view, params())) == {"buy yes": "50 at 0.48", "buy no": "49.5 at 0.505"}


def test_the_edge_may_bind_before_the_cap() -> None:
    assert params(min_edge=price("0.02")).ceiling == price("0.98")
    assert params().ceiling == price("0.985")


def test_one_empty_side_is_not_quoted() -> None:
    proposal = propose(a_view(book=a_trusted_book("0.48x1000", "")), params(min_liquidity=usdc("0")))

    assert asked(proposal) == {}
    assert proposal.failed is Gate.EDGE


@pytest.mark.parametrize(
    ("bids", "asks", "yes_size"),
    [
        ("0.60x1000", "0.66x1000", "40.98"),  # 25 USDC at 0.61
        ("0.48x1000", "0.52x1000", "50"),  # the imbalance is the smaller
    ],
)
def test_a_leg_is_a_step_of_usdc_or_the_imbalance_whichever_is_less(
    bids: str, asks: str, yes_size: str
) -> None:
    proposal = propose(a_view(book=a_trusted_book(bids, asks)), params())

    assert asked(proposal)["buy yes"].split(" at ")[0] == yes_size


def test_where_our_own_orders_are_shown_they_are_not_the_best_bid() -> None:
    orders = Orders(MARKET)
    orders.add(a_place("0.49", "50"))
    book = a_trusted_book("0.49x50 0.46x1000", "0.52x1000")

    live = propose(a_view(book=book, orders=orders, own_shown=True), params())
    paper = propose(a_view(book=book, orders=orders, own_shown=False), params())

    assert asked(live)["buy yes"] == "50 at 0.47", "inside 0.46, the best bid of others"
    assert asked(paper)["buy yes"] == "50 at 0.5", "on paper 0.49 is somebody else's"


@pytest.mark.parametrize(("size", "deep"), [("208.33", False), ("208.34", True)])
def test_a_thin_book_is_not_quoted(size: str, deep: bool) -> None:
    """The thinner side is worth 99.9984 or 100.0032 USDC."""
    proposal = propose(a_view(book=a_trusted_book(f"0.48x{size}", "0.52x1000")), params())

    assert check(proposal, Gate.LIQUIDITY).passed is deep
    assert bool(proposal.wanted) is deep


def test_quotes_leave_for_the_five_minutes_before_the_start() -> None:
    def word(before_ms: int) -> str:
        listing = a_listing(starts_ms=at(before_ms))
        return check(propose(a_view(listing=listing), params()), Gate.TIMING).word

    assert word(seconds(300)) == "close to game start"
    assert word(1) == "close to game start"
    assert word(seconds(300) + 1) == "in play"


def test_outside_the_simulator_nothing_is_quoted_in_play() -> None:
    careful = params(quote_in_play=False)

    assert asked(propose(a_view(mood=a_mood(in_play=True)), careful)) == {}
    assert asked(propose(a_view(mood=a_mood(in_play=None)), careful)) == {}, "unknown is not before"
    assert asked(propose(a_view(mood=a_mood(in_play=False)), careful)) != {}


def test_quotes_stay_away_until_the_pull_is_over() -> None:
    pulled = a_mood(pulled_until_ms=at(30_000), pulled_why="score")

    early = propose(a_view(mood=pulled, now=at(29_999)), params())
    late = propose(a_view(mood=pulled, now=at(30_000)), params())

    calm = check(early, Gate.CALM)
    assert (calm.passed, calm.value, calm.word) == (False, 1, "score")
    assert asked(early) == {}
    assert asked(late) != {}


def test_the_deciding_map_is_not_quoted_in_the_series_market_only() -> None:
    deciding = a_mood(deciding=True)

    series = propose(a_view(mood=deciding), params())
    on_map = propose(a_view(mood=deciding, listing=a_listing(kind=MarketKind.MAP, map_number=3)), params())

    assert check(series, Gate.CERTAINTY).word == "deciding map"
    assert asked(series) == {}
    assert asked(on_map) != {}


@pytest.mark.parametrize(
    ("legs", "sides"),
    [
        ("0", {"yes", "no"}),
        ("19.99", {"yes", "no"}),
        ("20", {"no"}),
    ],
)
def test_a_leg_ahead_by_twenty_shares_is_not_bid_for_any_more(legs: str, sides: set[str]) -> None:
    view = a_view(pair=a_pair(legs, paid_yes="9.6"), book=a_trusted_book("0.46x1000", "0.52x1000"))

    assert {wanted.outcome for wanted in propose(view, params()).wanted} == sides


def test_the_lagging_leg_is_bid_for_up_to_what_leaves_the_edge() -> None:
    """25 YES at 0.48: NO may cost 0.985 - 0.48 = 0.505, on the grid 0.50; the best NO bid is 0.49."""
    proposal = propose(a_leg(bids="0.45x1000", asks="0.51x1000"), params())

    assert asked(proposal) == {"buy no": "25 at 0.5"}
    assert proposal.wanted[0].purpose is Purpose.REDUCING


def test_the_lagging_bid_stays_one_tick_inside_the_best_bid() -> None:
    proposal = propose(a_leg(bids="0.45x1000", asks="0.55x1000"), params())

    assert asked(proposal) == {"buy no": "25 at 0.46"}, "0.505 would be allowed, 0.45 is the best"


def test_the_lagging_bid_rests_below_the_best_rather_than_above_what_a_pair_may_cost() -> None:
    proposal = propose(a_leg(paid="13.5", bids="0.48x1000", asks="0.55x1000"), params())

    assert asked(proposal) == {"buy no": "25 at 0.44"}, "0.985 - 0.54; the best NO bid is 0.45"


def test_the_lagging_bid_stays_one_tick_below_the_ask() -> None:
    proposal = propose(a_leg(paid="11", bids="0.47x1000", asks="0.48x1000"), params(min_edge=price("0.1")))

    assert asked(proposal) == {"buy no": "25 at 0.46"}, "0.90 - 0.44 = 0.46 is what a pair may cost"


def test_every_outcome_is_asked_for_at_most_once() -> None:
    for yes in ("0", "7", "19", "25", "40"):
        view = a_view(pair=a_pair(yes, paid_yes="3"), book=a_trusted_book("0.44x1000", "0.52x1000"))
        outcomes: list[Outcome] = [wanted.outcome for wanted in propose(view, params()).wanted]
        assert len(outcomes) == len(set(outcomes))


def test_a_match_that_is_over_is_not_a_match_before_play() -> None:
    over = a_mood(in_play=False, over=True)

    for careful in (params(), params(quote_in_play=False)):
        proposal = propose(a_view(mood=over), careful)
        assert asked(proposal) == {}
        assert check(proposal, Gate.TIMING).word == "over"


@pytest.mark.parametrize(("asks", "quoted"), [("0.98x1000", True), ("0.99x1000", False)])
def test_near_certain_is_judged_by_the_mid(asks: str, quoted: bool) -> None:
    """Bids of 0.91 and asks of 0.98 or 0.99: a mid of 0.945 or 0.95, whichever side it is seen from."""
    proposal = propose(a_view(book=a_trusted_book("0.91x1000", asks)), params(step=usdc("45")))

    certain = check(proposal, Gate.CERTAINTY)
    assert certain.passed is quoted
    assert (certain.value, certain.limit) == (price("0.945" if quoted else "0.95"), price("0.95"))


def test_our_own_size_is_no_liquidity() -> None:
    orders = Orders(MARKET)
    orders.add(a_place("0.48", "50"))
    view = a_view(book=a_trusted_book("0.48x250", "0.52x1000"), orders=orders)

    assert check(propose(view, params()), Gate.LIQUIDITY).value == usdc("120")
    shown = propose(replace(view, own_shown=True), params())
    assert check(shown, Gate.LIQUIDITY).value == usdc("96")


@pytest.mark.parametrize(("invested", "quoted"), [("1450", True), ("1450.000001", False)])
def test_both_quotes_filled_must_stay_within_what_a_market_may_cost(invested: str, quoted: bool) -> None:
    pair = a_pair("2000", "2000", paid_yes=invested)
    proposal = propose(a_view(pair=pair), params())

    assert bool(asked(proposal)) is quoted
    cost = check(proposal, Gate.COST)
    assert (cost.passed, cost.limit) == (quoted, usdc("1500"))


def test_best_bids_off_a_coarser_grid_are_joined_on_the_grid() -> None:
    """The tick went from 0.001 to 0.01 and others' old bids still rest between the steps."""
    proposal = propose(a_view(book=a_trusted_book("0.463x1000", "0.525x1000")), params())

    assert asked(proposal) == {"buy yes": "50 at 0.47", "buy no": "50 at 0.48"}


def test_where_only_reducing_is_legal_no_quote_stays() -> None:
    finalizing = a_leg()
    finalizing = replace(finalizing, legal=legal(State.FINALIZING, halted=False))

    proposal = propose(finalizing, params())

    assert asked(proposal) == {}
    assert proposal.failed is Gate.TRADING


def test_a_broken_mirror_keeps_quotes_but_not_through_a_pull() -> None:
    book = a_trusted_book()
    book.apply(a_change(yes_top=Top(price("0.47"), price("0.52"))))
    book.judge_frame(T0)
    pulled = a_mood(pulled_until_ms=at(30_000), pulled_why="score")

    assert propose(a_view(book=book), params()).verdict == "hold"
    assert propose(a_view(book=book, mood=pulled), params()).verdict == "no"


def test_below_twenty_shares_the_lagging_leg_is_quoted_like_any_other() -> None:
    """10 YES at 0.48 ahead: a whole quote for NO, but not above what leaves the edge of the pair."""
    near = propose(a_leg("10", paid="4.8", bids="0.45x1000", asks="0.51x1000"), params())
    far = propose(a_leg("10", paid="4.8", bids="0.38x1000", asks="0.44x1000"), params())

    assert asked(near)["buy no"] == "50 at 0.5"
    assert asked(far)["buy no"] == "50 at 0.5", "the best NO bid is 0.56; 0.985 - 0.48 is all we give"
    assert near.wanted[0].purpose is far.wanted[0].purpose is Purpose.OPENING


def test_an_unconfirmed_lead_is_not_reason_enough_to_raise_the_other_bid() -> None:
    """Raised for shares that may fail to arrive it would be an opening bid in disguise."""
    unsure = a_view(
        pair=a_pair("25", paid_yes="12", sure=False), book=a_trusted_book("0.45x1000", "0.51x1000")
    )

    proposal = propose(unsure, params())

    assert asked(proposal) == {"buy no": "50 at 0.5"}
    assert proposal.wanted[0].purpose is Purpose.OPENING


def test_shares_told_of_but_unseen_are_not_bid_for_again() -> None:
    orders = Orders(MARKET)
    orders.add(a_place("0.48", "50"))
    for event in (
        OrderSent(a_place().key, an_order_id(a_place().key), T0),
        OrderAcked(a_place().key, an_order_id(a_place().key), AckStatus.LIVE, T0),
        OrderClosed(a_place().key, CloseReason.CANCELLED, shares("30"), T0),
    ):
        orders.apply(event)

    assert asked(propose(a_view(orders=orders), params()))["buy yes"] == "20 at 0.49"
