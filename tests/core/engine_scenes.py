"""Where the engine's scenes begin: quotes at rest, a naked leg, a resolved market."""

from core import events as ev
from core.engine import Step
from core.intents import Redeem
from core.units import price, text
from tests.builders import (
    MARKET,
    NO,
    YES,
)
from tests.fakes import Play


def a_quoted_market() -> Play:
    """Both quotes rest: 50 YES at 0.49 and 50 NO at 0.49."""
    play = Play()
    play.take_up(play.book())
    return play


def a_naked_market(play: Play | None = None) -> Play:
    """25 YES bought at 0.49 and confirmed; the rest of that quote is withdrawn."""
    play = play or a_quoted_market()
    play.confirm_cancels(play.fill(play.quote(YES), "25"))
    return play


def a_resolved_market() -> Play:
    """25 YES held, YES won, the venue has wiped what rested; redemption of 25 is asked for."""
    play = a_naked_market()
    step = play.hear(ev.MarketResolved(MARKET, price("1"), play.now, play.now))
    play.confirm_cancels(step)
    return play


def actions(play: Play) -> list[tuple[str, str]]:
    return [
        (type(action).__name__, text(action.yes if isinstance(action, Redeem) else action.shares, 6))
        for step in play.steps
        for action in step.wallet_actions
    ]


def a_pair_of_fifty(play: Play) -> Step:
    """Both quotes fill whole and are confirmed. Returns the last fill's step."""
    play.fill(play.quote(YES), "50")
    return play.fill(play.quote(NO), "50")
