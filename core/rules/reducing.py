"""What makes a buy a reducing one. A sale is one as far as it sells what is ahead (``core.rules.order``)."""

from core.ids import Side
from core.intents import Place
from core.rules.exposure import Exposure
from core.rules.verdict import Refused, Rule
from core.units import Ms, text


def refusal(intent: Place, exposure: Exposure, now: Ms) -> Refused | None:
    """A buy that completes must shrink the gap between the legs and leave the worst case better."""
    if intent.side is Side.SELL:
        return None
    behind = -exposure.ahead
    if behind <= 0 or intent.shares >= 2 * behind:
        detail = f"{text(intent.shares, 6)} shares for a leg {text(behind, 6)} behind, own bids filled"
        return Refused(intent, Rule.NOT_REDUCING, detail, intent.shares, behind, now)
    if exposure.worst_case_after <= exposure.worst_case_now:
        after, before = exposure.worst_case_after, exposure.worst_case_now
        detail = f"worst case would go from {text(before, 6)} to {text(after, 6)} USDC"
        return Refused(intent, Rule.WORST_CASE, detail, after, before, now)
    return None
