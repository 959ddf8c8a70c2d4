"""May anything be sent for this market at all? Binds opening and reducing orders alike."""

from collections.abc import Mapping
from typing import Final

from core.answers import WindowMode
from core.intents import OrderKind, Place, Purpose
from core.rules.exposure import Exposure
from core.rules.verdict import Refused, Rule
from core.trading import Action
from core.units import Ms

# Rule, detail, what was found, what is asked for.
Found = tuple[Rule, str, str, str]
WINDOW_RULES: Final[Mapping[WindowMode, Rule]] = {
    WindowMode.RESTARTING: Rule.VENUE_RESTARTING,
    WindowMode.POST_ONLY: Rule.VENUE_POST_ONLY,
    WindowMode.CANCEL_ONLY: Rule.VENUE_CLOSED,
    WindowMode.OFF: Rule.VENUE_CLOSED,
}


def refusal(intent: Place, exposure: Exposure, now: Ms) -> Refused | None:
    """The first rule that forbids to send anything, gravest first; ``None`` when none does."""
    found = _forbidden(exposure) or _shut(intent, exposure, now) or _unfit(intent, exposure)
    if found is None:
        return None
    rule, detail, value, limit = found
    return Refused(intent, rule, detail, value, limit, now)


def _forbidden(exposure: Exposure) -> Found | None:
    """Somebody, or something that watches, has stopped it."""
    if exposure.halted is not None:
        detail = f"all trading is halted: {exposure.halted}; orders need no halt in force"
        return Rule.HALTED, detail, exposure.halted, "no halt in force"
    if exposure.market_halted is not None:
        detail = f"this market is halted: {exposure.market_halted}; orders need no halt in force"
        return Rule.MARKET_HALTED, detail, exposure.market_halted, "no halt in force"
    if exposure.breaker is not None:
        return Rule.BREAKER_OPEN, f"{exposure.breaker}; it must be closed", exposure.breaker, "closed"
    return None


def _shut(intent: Place, exposure: Exposure, now: Ms) -> Found | None:
    """The venue takes no such order from anybody now."""
    window = exposure.window
    if window is None or window.takes(intent.kind):
        return None
    left_s = -(-max(0, window.until_ms - now) // 1_000)
    lasts = f"{window.mode} for another {left_s} s ({window.detail})"
    detail = f"the venue is {lasts} and takes no {intent.kind}; it must be open"
    return WINDOW_RULES[window.mode], detail, window.mode, "open"


def _unfit(intent: Place, exposure: Exposure) -> Found | None:
    """The market's own state forbids it."""
    action = _action(intent)
    if action not in exposure.legal:
        legal = ", ".join(sorted(exposure.legal)) or "nothing"
        return Rule.STATE, f"{action} is not legal in this market's state, only {legal}", action, legal
    if exposure.feed_lost is not None:
        detail = f"the feed of this market is gone: {exposure.feed_lost}; it must be connected"
        return Rule.FEED_LOST, detail, exposure.feed_lost, "connected"
    if not exposure.trusted:
        return Rule.NOT_TRUSTED, f"the book is {exposure.trust}, not trusted", exposure.trust, "trusted"
    if exposure.mirror_holds is not True:
        word = "unknown" if exposure.mirror_holds is None else "broken"
        return Rule.MIRROR, f"the mirror of the top price is {word}, not whole", word, "whole"
    if not exposure.fee_known:
        detail = "the venue's fee for this market is unknown, it must be stated"
        return Rule.FEE_UNKNOWN, detail, "unknown", "stated"
    if exposure.any_unknown:
        return Rule.UNKNOWN_OPEN, "an order in this market is UNKNOWN, none may be", "an order", "none"
    return None


def _action(intent: Place) -> Action:
    if intent.purpose is Purpose.REDUCING:
        return Action.COMPLETE
    return Action.QUOTE if intent.kind is OrderKind.QUOTE else Action.OPEN_TAKE
