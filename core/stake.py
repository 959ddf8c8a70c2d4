"""What is at stake in all markets of a shard together: summed for every order, so each market keeps its own figures
until they change (``Desk.at_stake``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from core.ids import Strategy
from core.safeguards import bound_cash
from core.units import Usdc

if TYPE_CHECKING:
    from core.desk import Desk
    from core.engine import Engine
    from core.ids import GroupId


class Stake(NamedTuple):
    """What can be lost in one group of markets and in all, own open bids filled, and the cash that open bids may cost
    and unsure sales may take back."""

    at_risk_group: Usdc
    at_risk: Usdc
    bound: Usdc


def at_stake(engine: Engine, group: GroupId | None = None, *, beside: Desk | None = None) -> Stake:
    """Of all markets, or of all but ``beside``. A market that is not listed counts in every group, and so does what
    others traded on the account."""
    within = others = bound = 0
    for desk in engine.desks.values():
        if desk is beside:
            continue
        _, at_risk, binds = desk.at_stake()
        bound += binds
        if desk.listing.group == group:
            within += at_risk
        else:
            others += at_risk
    away: int = engine.ledger.at_risk_apart(Strategy.PAIR_ARB)
    for absent in engine.absent.values():
        away += absent.at_risk()
        bound += absent.open_bids_cost() + absent.pair.unsure_receipts
    return Stake(Usdc(away + within), Usdc(away + within + others), Usdc(bound))


def free_cash(engine: Engine, bound: Usdc) -> Usdc:
    """What may still be spent where all markets together bind ``bound``."""
    free = Usdc(engine.ledger.cash - bound)
    if engine.budget is None or engine.budget.cash is None:
        return free
    return min(free, Usdc(engine.budget.cash - bound_cash(engine)))
