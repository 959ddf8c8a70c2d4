"""What happens when other limits are agreed: they bind the next order, and what rests beyond them goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import events as ev
from core.notes import LimitsChanged
from core.proposals import withdraw_opening

if TYPE_CHECKING:
    from core.desk import Desk
    from core.engine import Engine
    from core.steps import Draft


def set_limits(engine: Engine, event: ev.LimitsSet, draft: Draft) -> None:
    """Take up a newer version. Resting orders that open are withdrawn wherever a tighter limit is passed already;
    what is held stays, and the judge lets nothing more in."""
    was = engine.setup.limits_number
    if was is not None and event.number <= was:
        return
    engine.setup = engine.setup.with_limits(event.number, event.limits)
    draft.notes.append(LimitsChanged(was, event.number, event.limits, event.heard_ms))
    beyond = [desk for desk in engine.sound_desks() if passes(engine, desk)]
    for desk in beyond:
        withdraw_opening(desk, "beyond the new limits", event.heard_ms, draft)
    for desk in engine.sound_desks():
        engine.decide(desk, event.heard_ms, draft)


def passes(engine: Engine, desk: Desk) -> bool:
    """Whether this market, its group or the account risks more than it may, own open bids filled."""
    limits = engine.setup.limits
    in_group, in_all = engine.at_risk_with(desk.listing.group)
    return (
        desk.at_risk() > limits.position
        or in_group > limits.group
        or in_all > limits.total_exposure
        or len(desk.orders.open()) > limits.open_orders
    )
