"""The judge. Every order passes here, and only here is ``Approved`` made (trading.md 12).

Read ``judge`` first: the rules in order of severity, the first that fails is the answer. The rules themselves are
in ``core.rules``, one file a noun; limits of risk bind opening orders only, the others both.
"""

from dataclasses import dataclass, replace

from core.intents import Place, Purpose
from core.limits import Limits
from core.rules import opening, order, permission, reducing
from core.rules.exposure import Exposure
from core.rules.verdict import LAYERS, Layer, Refused, Rule
from core.units import ONE, Ms, Shares, floor_to

__all__ = ["LAYERS", "Approved", "Exposure", "Layer", "Refused", "Rule", "judge"]


@dataclass(frozen=True, slots=True)
class Approved:
    """An intent the rules let through, maybe smaller than asked. Gateways accept nothing else."""

    intent: Place
    at_ms: Ms


def judge(intent: Place, exposure: Exposure, limits: Limits, now: Ms) -> Approved | Refused:
    """Apply every rule in order of severity and report the first that fails."""
    opens = intent.purpose is Purpose.OPENING
    if opens:
        intent = cut_down(intent, limits)
    refused = permission.refusal(intent, exposure, now) or order.refusal(intent, exposure, limits, now)
    if refused is None and opens:
        refused = opening.refusal(intent, exposure, limits, now)
    elif refused is None:
        refused = reducing.refusal(intent, exposure, now)
    return refused or Approved(intent, now)


def cut_down(intent: Place, limits: Limits) -> Place:
    """Shrink an order above ``order_max`` to it. The only rule that cuts instead of refusing."""
    most = floor_to(Shares(limits.order_max * ONE // intent.price)) if intent.price else intent.shares
    return intent if intent.shares <= most else replace(intent, shares=most)
