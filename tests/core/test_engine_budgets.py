"""A shard's part of the limits in the engine: the smaller of limit and budget binds."""

from core import events as ev
from core.intents import Purpose
from core.limits import NO_BUDGET, Budget
from core.risk import Rule
from core.safeguards import bound_cash, keeps_budget
from core.units import Usdc, usdc
from tests.builders import YES
from tests.core.engine_scenes import a_naked_market, a_quoted_market
from tests.fakes import Play


def a_budget(total: str = "5000", *, loss: str = "200", rate: int = 5, cash: str | None = None) -> Budget:
    return Budget(usdc(total), usdc("2000"), usdc(loss), rate, None if cash is None else usdc(cash))


def budgeted(budget: Budget) -> Play:
    play = Play()
    play.hear(ev.BudgetSet(budget, play.now))
    return play


def rules(play: Play) -> set[Rule]:
    return {refused.rule for refused in play.refused()}


def test_a_shard_without_a_budget_sends_nothing() -> None:
    play = budgeted(NO_BUDGET)

    assert not play.book().approved


def test_a_budget_binds_below_the_limit() -> None:
    play = budgeted(a_budget("30"))

    step = play.book()

    assert len(step.approved) == 1, "the second quote of 24.50 would pass 30 USDC"
    (refused,) = play.refused()
    assert (refused.rule, refused.limit) == (Rule.TOTAL_EXPOSURE, usdc("30"))


def test_a_budget_above_the_limit_loosens_nothing() -> None:
    play = budgeted(a_budget("99999", rate=99))

    assert play.engine.limits == play.engine.setup.limits


def test_orders_a_second_are_dealt_too() -> None:
    play = budgeted(a_budget(rate=1))

    assert len(play.book().approved) == 1
    assert rules(play) == {Rule.ORDER_RATE}


def test_cash_binds_by_what_is_held_at_cost_and_what_bids_may_cost() -> None:
    play = budgeted(a_budget(cash="30"))

    step = play.book()
    play.take_up(step)

    assert len(play.open()) == 1
    assert rules(play) == {Rule.BALANCE}
    assert bound_cash(play.engine) == usdc("24.5")


def test_cash_stays_bound_when_a_bid_becomes_a_holding() -> None:
    play = budgeted(a_budget(cash="30"))
    play.take_up(play.book())
    before = play.engine.free_cash

    play.fill(play.quote(YES), "50")

    assert bound_cash(play.engine) == usdc("24.5")
    assert play.engine.free_cash == before == usdc("5.5")


def test_a_raise_is_used_from_the_moment_it_is_heard() -> None:
    play = budgeted(NO_BUDGET)
    play.book()
    play.hear(ev.BudgetSet(a_budget(), play.now))

    assert len(play.tick().approved) == 2


def test_a_cut_is_kept_once_what_is_at_risk_lies_within_it() -> None:
    play = a_quoted_market()
    assert keeps_budget(play.engine)

    step = play.hear(ev.BudgetSet(a_budget("48"), play.now))
    assert not keeps_budget(play.engine), "two quotes of 24.50 rest"
    play.confirm_cancels(step)

    assert keeps_budget(play.engine)
    assert len(play.open()) == 1, "what fits into it is quoted again"


def test_a_cut_withdraws_what_opens_and_leaves_what_reduces() -> None:
    play = a_naked_market()
    resting = {order.place.purpose for order in play.open()}
    assert resting == {Purpose.REDUCING}

    assert not play.hear(ev.BudgetSet(NO_BUDGET, play.now)).cancels


def test_a_cut_of_cash_is_kept_once_no_more_is_bound() -> None:
    play = a_naked_market()
    bound = bound_cash(play.engine)

    play.hear(ev.BudgetSet(Budget(usdc("5000"), usdc("2000"), usdc("200"), 5, Usdc(bound - 1)), play.now))
    assert not keeps_budget(play.engine)
    play.hear(ev.BudgetSet(Budget(usdc("5000"), usdc("2000"), usdc("200"), 5, bound), play.now))

    assert keeps_budget(play.engine)
