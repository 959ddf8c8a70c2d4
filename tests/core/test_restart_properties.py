"""What must hold however often the process dies and whatever it did not hear."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.ids import Outcome
from core.units import shares, usdc
from tests.builders import a_setup
from tests.core.mortal import Mortal
from tests.core.test_engine_properties import TIGHT
from tests.core.wild import MARKETS, Draw, history
from tests.examples import examples

ROUNDING = 20  # a millionth a fill: an average cost is rounded by each sale and each merge
DRAWS = st.integers(0, 2**32 - 1).map(history)


@settings(max_examples=examples(80), deadline=None)
@given(DRAWS)
def test_exposure_is_never_below_the_truth(draws: list[Draw]) -> None:
    mortal, picture, truth = Mortal(a_setup(limits=TIGHT), "10000"), None, 0

    for draw in draws:
        mortal.live(draw)
        if mortal.picture() != picture:
            picture = mortal.picture()
            truth = sum(mortal.truly_at_risk(market) for market in MARKETS)
        assert mortal.engine.at_risk >= truth - ROUNDING


@settings(max_examples=examples(100), deadline=None)
@given(DRAWS)
def test_no_restart_lets_two_own_orders_match_or_a_leg_run_ahead(draws: list[Draw]) -> None:
    mortal = Mortal(a_setup(limits=TIGHT), "10000")

    for draw in draws:
        mortal.live(draw)
        assert mortal.crossing() == []
        assert all(mortal.lead(market, outcome) <= shares("50") for market in MARKETS for outcome in Outcome)


@settings(max_examples=examples(60), deadline=None)
@given(DRAWS)
def test_no_restart_spends_what_is_not_there(draws: list[Draw]) -> None:
    mortal = Mortal(a_setup(limits=TIGHT), "45")

    for draw in draws:
        mortal.live(draw)
        assert mortal.spent() <= usdc("45")
