"""The judge. Every order passes here, and only here is ``Approved`` made (trading.md 12).

Read ``judge`` first: the rules in order of severity, the first that fails is the answer. The rules themselves are
in ``core.rules``, one file a noun; limits of risk bind opening orders only, the others both.
"""

from dataclasses import dataclass

from core.intents import Place, Purpose
from core.limits import Limits
from core.rules import opening, order, permission, reducing, sizing, times
from core.rules.exposure import Exposure
from core.rules.verdict import LAYERS, Layer, Refused, Rule
from core.units import Ms

__all__ = ["LAYERS", "Approved", "Exposure", "Layer", "Refused", "Rule", "judge"]


@dataclass(frozen=True, slots=True)
class Approved:
    """An intent the rules let through, maybe smaller than asked. Gateways accept nothing else."""

    intent: Place
    at_ms: Ms


def judge(intent: Place, exposure: Exposure, limits: Limits, now: Ms) -> Approved | Refused:
    """Apply every rule in order of severity and report the first that fails."""
    refused = permission.refusal(intent, exposure, now)
    if refused is not None:
        return refused
    if intent.purpose is Purpose.REDUCING:
        refused = order.refusal(intent, exposure, limits, now) or reducing.refusal(intent, exposure, now)
        return refused or Approved(intent, now)
    cut = sizing.cut_down(intent, exposure, limits, now)
    refused = (
        times.refusal(cut, exposure, limits, now)
        or sizing.refusal(intent, cut, exposure, limits, now)
        or order.refusal(cut, exposure, limits, now)
        or opening.refusal(cut, exposure, limits, now)
    )
    return refused or Approved(cut, now)
