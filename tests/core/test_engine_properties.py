"""What must hold for every history: of the truth at a wild venue, and of the engine against itself."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine import Engine
from core.ids import Outcome
from core.risk import Refused
from core.units import shares, usdc
from tests.builders import a_setup, patient
from tests.core.wild import MARKETS, Draw, Wild, history
from tests.examples import examples

# Long histories: what goes wrong does so after a hundred things that went well. A seed names one.
DRAWS = st.one_of(
    st.integers(0, 2**32 - 1).map(history),
    st.lists(st.tuples(st.integers(0, 24), st.integers(0, 60), st.integers(0, 60)), max_size=60),
)
TIGHT = patient(position=usdc("60"), total_exposure=usdc("90"), orders_per_s=50, order_min=usdc("1"))


def played(draws: list[Draw], cash: str = "10000") -> Wild:
    wild = Wild(a_setup(limits=TIGHT), cash)
    for draw in draws:
        wild.act(draw)
    return wild


@settings(max_examples=examples(200), deadline=None)
@given(DRAWS)
def test_no_two_own_orders_can_ever_match_each_other(draws: list[Draw]) -> None:
    wild = Wild(a_setup(limits=TIGHT), "10000")

    for draw in draws:
        wild.act(draw)
        assert wild.crossing() == []


@settings(max_examples=examples(200), deadline=None)
@given(DRAWS)
def test_no_leg_is_ever_ahead_by_more_than_the_limit_whatever_fills_or_fails(draws: list[Draw]) -> None:
    wild = Wild(a_setup(limits=TIGHT), "10000")

    for draw in draws:
        wild.act(draw)
        for market in MARKETS:
            for outcome in Outcome:
                assert wild.lead(market, outcome) <= shares("50")


@settings(max_examples=examples(200), deadline=None)
@given(DRAWS)
def test_money_that_is_not_there_is_never_spent(draws: list[Draw]) -> None:
    wild = Wild(a_setup(limits=TIGHT), "45")

    for draw in draws:
        wild.act(draw)
        assert wild.spent() <= usdc("45")


@settings(max_examples=examples(100), deadline=None)
@given(DRAWS)
def test_the_same_events_bring_the_same_steps(draws: list[Draw]) -> None:
    wild = played(draws)
    again = Engine(a_setup(limits=TIGHT), entries=[wild.deposit], sequences={})

    assert [again.step(event) for event in wild.events] == wild.steps


@settings(max_examples=examples(150), deadline=None)
@given(DRAWS)
def test_an_engine_rebuilt_from_its_entries_holds_the_same(draws: list[Draw]) -> None:
    wild = played(draws)
    rebuilt = Engine(a_setup(limits=TIGHT), entries=wild.entries(), sequences={})
    for listing in wild.listed:
        rebuilt.step(listing)

    assert rebuilt.ledger.cash == wild.engine.ledger.cash
    assert rebuilt.ledger.positions() == wild.engine.ledger.positions()
    assert rebuilt.ledger.realized() == wild.engine.ledger.realized()
    for market in MARKETS:
        now, then = rebuilt.desks[market].pair, wild.engine.desks[market].pair
        for outcome in Outcome:
            assert (now.held(outcome), now.cost(outcome)) == (then.held(outcome), then.cost(outcome))


@settings(max_examples=examples(100), deadline=None)
@given(DRAWS)
def test_what_was_refused_is_never_among_what_leaves(draws: list[Draw]) -> None:
    wild = played(draws, cash="45")
    refused = [refusal.intent for step in wild.steps for refusal in step.refusals]

    for truth in wild.orders.values():
        assert not any(truth.place is intent for intent in refused)
    assert all(isinstance(refusal, Refused) for step in wild.steps for refusal in step.refusals)


@settings(max_examples=examples(200), deadline=None)
@given(DRAWS)
def test_exposure_stays_within_its_limits_whatever_comes_late_or_never(draws: list[Draw]) -> None:
    wild = Wild(a_setup(limits=TIGHT), "10000")

    for draw in draws:
        wild.act(draw)
        if wild.settled():
            assert all(wild.at_risk(market) <= TIGHT.position for market in MARKETS)
            assert sum(wild.at_risk(market) for market in MARKETS) <= TIGHT.total_exposure
