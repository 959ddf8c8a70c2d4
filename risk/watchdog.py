"""Looks at risk's own rows each second and does what nobody should have to press a button for.

It lives in ops on a thread of its own (``infra.vigil``), so that it watches while Redis is away too.
"""

from typing import Final

from django.conf import settings

from core.units import Ms, Usdc
from infra import clock, logs
from infra.clock import to_datetime
from risk import notices, selectors, services
from risk.models import HaltCode, HaltRound
from risk.panel import ANSWER_WITHIN_MS, Panel, waited_ms

NAME: Final = "watchdog"
# An account nobody valued for this long (real time) is not traded with.
VALUED_WITHIN_MS: Final = 30_000
# For this long after a press the consoles are told each second what is still not proven.
NUDGED_FOR_MS: Final = 60_000

log = logs.get("watchdog")


def look() -> None:
    """One look, with the clock and the limits as they are now."""
    services.record_wishes(selectors.kept_halts())
    watch(at=clock.now_ms(), daily_loss=settings.POLYLOLY.limits.daily_loss)


def watch(*, at: Ms, daily_loss: Usdc) -> None:
    """One look at everything."""
    end_daily_loss(at=at)
    halt_on_daily_loss(at=at, limit=daily_loss)
    tell_unproven()


def end_daily_loss(*, at: Ms) -> None:
    """``daily_loss_exceeded`` ends at 00:00 UTC (trading.md 12)."""
    halt = selectors.halt_in_force()
    if halt is None or halt.code != HaltCode.DAILY_LOSS:
        return
    if to_datetime(halt.asked_ms).date() < to_datetime(at).date():
        services.lift_halt(
            code=HaltCode.DAILY_LOSS, reason="a new UTC day began", by=services.process(NAME), at=at
        )


def halt_on_daily_loss(*, at: Ms, limit: Usdc) -> None:
    """Trip the kill switch for an account that lost too much today, unless it is on already."""
    since = Ms(at - int(VALUED_WITHIN_MS * clock.speed()))
    for account_id in selectors.valued_accounts(since=since):
        why = services.trip_daily_loss(account_id=account_id, limit=limit, at=at)
        if why is None:
            continue
        halt = selectors.halt_in_force()
        if halt is None or halt.code in (HaltCode.VENUE_LOST, HaltCode.ESPORTS_LOST):
            services.halt_trading(code=HaltCode.DAILY_LOSS, detail=why, by=services.process(NAME), at=at)


def tell_unproven() -> None:
    """Let the consoles show what a halt's proof waits for: silence alone would never reach them."""
    halts = [selectors.halt_in_force(), *selectors.market_halts().values()]
    rounds = HaltRound.objects.filter(pk__in=[halt.round_id for halt in halts if halt is not None])
    waiting = [opened for opened in rounds if ANSWER_WITHIN_MS <= waited_ms(opened) < NUDGED_FOR_MS]
    if not waiting:
        return
    whole, markets = selectors.halt_panels()
    unproven = [each for each in (whole, *markets.values()) if each is not None and each.proven_ms is None]
    if not unproven:
        return
    notices.nudge_consoles()
    for each in unproven:
        _log_once(each)


# What was logged last about each round, so that a proof that does not come is one line and not one a second.
_logged: dict[tuple[int, int], tuple[str, ...]] = {}
LOGGED_MAX: Final = 200


def _log_once(unproven: Panel) -> None:
    about = (unproven.asked_ms, unproven.round_number)
    if _logged.get(about) == unproven.unproven:
        return
    if len(_logged) >= LOGGED_MAX:
        _logged.clear()
    _logged[about] = unproven.unproven
    waits_for = list(unproven.unproven)
    log.error("halt unproven", round=unproven.round_number, waits_for=waits_for, event_type="error")
