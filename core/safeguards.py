"""Where breakers, the venue's windows and the shard's budget meet the engine.

What each is by itself stands in ``core.guard``, ``core.windows`` and ``core.budgets``; here is when they are asked
and what follows for a market: a breaker that leaves OPEN finds the state the ledger says, a window in which the venue
takes no order pauses every book, and what is over comes back by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import events as ev
from core.breaker import BreakerMoved, Happening, State
from core.ids import Outcome
from core.notes import WindowMoved
from core.trust import BookNote, Trust
from core.units import Ms, Usdc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.absent import Absent
    from core.desk import Desk
    from core.engine import Engine
    from core.intents import Place
    from core.lifecycle import Status
    from core.order import Order
    from core.steps import Draft
    from core.windows import Windows


def heed_answer(
    engine: Engine, desk: Desk, order: Order, was: Status, event: ev.OrderAnswer | ev.FillSeen, draft: Draft
) -> None:
    """Let a market's breaker weigh what was said about an order. The caller lets the strategy look again."""
    moves = desk.guard.heard(
        order, was, event, limits=engine.setup.limits, takes_cancels=engine.windows.takes_cancels()
    )
    _tell(desk, moves, draft)


def watch_answers(engine: Engine, desk: Desk, now: Ms, draft: Draft) -> bool:
    """Each second: answers that did not come, and breakers whose time is over. True when the breaker moved."""
    moves = desk.guard.pass_time(engine.setup.limits, now)
    _tell(desk, moves, draft)
    return bool(moves)


def close_breaker(engine: Engine, desk: Desk, reason: str, now: Ms, draft: Draft) -> None:
    """Whatever opened it: somebody resumed the market, or it takes no orders any more."""
    moved = desk.guard.breaker.happen(Happening.RESUMED, reason, engine.setup.limits, now)
    _tell(desk, () if moved is None else (moved,), draft)


def _tell(desk: Desk, moves: Iterable[BreakerMoved], draft: Draft) -> None:
    for moved in moves:
        draft.notes.append(moved)
        if moved.was is State.OPEN:
            draft.notes.extend(desk.recompute(moved.at_ms))


def window_moved(windows: Windows, now: Ms) -> WindowMoved:
    window = windows.current
    if window is None:
        return WindowMoved(None, None, "over", now)
    return WindowMoved(window.mode, window.until_ms, window.detail, now)


def follow_window(engine: Engine, desk: Desk, now: Ms) -> tuple[BookNote, ...]:
    """Pause a book while the venue takes no order, and let it come back: the venue is then asked for it anew."""
    window, book = engine.windows.current, desk.book
    if window is not None and window.is_shut:
        return () if book.trust is Trust.PAUSED else book.paused(now, f"{window.mode}: {window.detail}")
    return book.resumed(now)


def stands_in_the_way(engine: Engine, desk: Desk, place: Place) -> str | None:
    """What came between an order's approval and its leaving; ``None`` when it may leave."""
    breaker = desk.guard.breaker
    if breaker.state is State.OPEN:
        return "its market's breaker opened meanwhile"
    window = engine.windows.current
    if window is not None and not window.takes(place.kind):
        return f"the venue is {window.mode} meanwhile: {window.detail}"
    return None


def bound_cash(engine: Engine) -> Usdc:
    """What this shard's markets bind of the account's money: what is held at cost, open bids, unsure receipts."""
    return Usdc(
        sum(_bound(desk) for desk in engine.desks.values())
        + sum(_bound(absent) for absent in engine.absent.values())
    )


def _bound(market: Desk | Absent) -> int:
    pair = market.pair
    return pair.cost(Outcome.YES) + pair.cost(Outcome.NO) + market.open_bids_cost() + pair.unsure_receipts


def keeps_budget(engine: Engine) -> bool:
    """Whether what is at risk and bound now lies within the budget: a cut may be acknowledged then, not before."""
    budget = engine.budget
    if budget is None:
        return True
    affordable = budget.cash is None or bound_cash(engine) <= budget.cash
    return engine.at_risk <= budget.total_exposure and affordable
