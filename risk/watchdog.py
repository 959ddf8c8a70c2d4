"""Looks at risk's own rows each second and does what nobody should have to press a button for.

It lives in ops on a thread of its own (``infra.vigil``), so that it watches while Redis is away too.
"""

from collections.abc import Callable
from datetime import date
from typing import Final

from django.conf import settings

from core.units import Ms, Usdc, text
from infra import clock, logs
from infra.clock import to_datetime
from risk import notices, notify, selectors, services
from risk.arming.arming import Expiry
from risk.halts.disconnection import Connections
from risk.halts.panel import ANSWER_WITHIN_MS, Panel, waited_ms
from risk.halts.rescue import Rescue
from risk.halts.silence import Silence
from risk.limits import limits
from risk.limits.valuations import confirmed_loss
from risk.models import HaltCode, HaltRound

NAME: Final = "watchdog"
# An account nobody valued for this long (real time) is not traded with.
VALUED_WITHIN_MS: Final = 30_000
LEVELS: Final = {"daily_loss_half": 50, "daily_loss_near": 80}  # percent of the limit
# For this long after a press the consoles are told each second what is still not proven.
NUDGED_FOR_MS: Final = 60_000

log = logs.get("watchdog")


class Watchdog:
    """One a process. What it must remember between two looks is in its parts."""

    def __init__(self) -> None:
        self._connections = Connections(clock.monotonic_ms())
        self._rescue = Rescue()
        self._silence = Silence()
        self._expiry = Expiry()
        self._warnings = LossWarnings()

    def look(self) -> None:
        """One look, with clock and limits as they are now. What one part raises keeps no other from looking."""
        at, chosen = clock.now_ms(), settings.POLYLOLY
        parts: tuple[Callable[[], object], ...] = (
            self._rescue.look,
            lambda: services.record_wishes(selectors.kept_halts()),
            lambda: watch(at=at, daily_loss=limits.binding().daily_loss),
            lambda: self._warnings.look(at=at, limit=limits.binding().daily_loss),
            lambda: self._connections.look(
                at=at, now=clock.monotonic_ms(), temporal=chosen.trades("temporal_arb")
            ),
            lambda: self._silence.look(at=at),
            lambda: self._expiry.look(at=at),
        )
        troubles = [error for part in parts if (error := _tried(part)) is not None]
        if troubles:
            raise ExceptionGroup("the watchdog did not see everything", troubles)


def _tried(part: Callable[[], object]) -> Exception | None:
    try:
        part()
    except Exception as error:  # noqa: BLE001 process edge: one part that fails must not blind the others
        return error
    return None


class LossWarnings:
    """Tells once a day, account and level that half of what may be lost is, and four fifths of it."""

    def __init__(self) -> None:
        self._told: set[tuple[int, date, str]] = set()

    def look(self, *, at: Ms, limit: Usdc) -> None:
        since, day = Ms(at - int(VALUED_WITHIN_MS * clock.speed())), to_datetime(at).date()
        self._told = {told for told in self._told if told[1] == day}
        for account_id in selectors.valued_accounts(since=since):
            lost = confirmed_loss(account_id, at=at)
            reached = [
                code for code, percent in LEVELS.items() if lost is not None and lost * 100 >= limit * percent
            ]
            for code in reached:
                if (account_id, day, code) not in self._told:
                    self._told.add((account_id, day, code))
                    assert lost is not None, "it reached a level"
                    said = f"lost {text(lost, 6)} of {text(limit, 6)} USDC today"
                    notify.warn(code, said, about=f"account {account_id}")


def watch(*, at: Ms, daily_loss: Usdc) -> None:
    """What risk's own rows say."""
    end_daily_loss(at=at)
    halt_on_daily_loss(at=at, limit=daily_loss)
    services.deal_budgets(at=at)
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
