"""The health check as the console and the API show it: every check, what is asked anew, what is missing to go live."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from feeds import selectors as feeds
from infra import checks, clock
from infra.checks import Check, Verdict
from risk import selectors as risk
from risk.limits import limits
from trading.gateways.polymarket.public.checks import CLOCK, PLACE
from trading.health import going_live
from trading.wallet.checks import API_KEY

CONFIG: Final = "config"


@dataclass(frozen=True, slots=True)
class Need:
    """Something real money does not start without. ``next_step`` is empty once it is ``met``."""

    name: str
    met: bool
    detail: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Report:
    """One look at everything.

    Units:
        at_ms:    when, by the clock.
        asked_ms: real ms since everything was last asked anew through this process; ``None``: not yet.
    """

    verdict: Verdict
    at_ms: int
    asking: bool
    asked_ms: int | None
    checks: tuple[Check, ...]
    needs: tuple[Need, ...]


class Asking:
    """Asks everything anew on a thread of its own, one at a time however many want it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._done_ms: int | None = None

    def begin(self) -> None:
        """Start unless it is under way. Safe from any thread."""
        with self._lock:
            if not self.under_way():
                self._thread = threading.Thread(target=self._ask, name="doctor", daemon=True)
                self._thread.start()

    def under_way(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def wait(self, within_s: float) -> bool:
        """Whether it ended within that time."""
        if self._thread is not None:
            self._thread.join(within_s)
        return not self.under_way()

    def since_ms(self) -> int | None:
        return None if self._done_ms is None else clock.monotonic_ms() - self._done_ms

    def _ask(self) -> None:
        checks.ask_all()
        self._done_ms = clock.monotonic_ms()


asking: Final = Asking()


def report() -> Report:
    """Every check as of now; what some of them only read was asked within the last minutes."""
    found = checks.run_all()
    return Report(
        verdict=checks.worst(found),
        at_ms=clock.now_ms(),
        asking=asking.under_way(),
        asked_ms=asking.since_ms(),
        checks=tuple(found),
        needs=tuple(needs(found)),
    )


def needs(found: Sequence[Check]) -> list[Need]:
    """What must be so before real money is traded, in the order in which a person sees to it."""
    by_name = {check.name: check for check in found}
    return [
        _two_switches(),
        _limits(),
        _admin(),
        _sources(),
        _passes("people are told", ("alerts",), by_name),
        _passes("orders are taken from here", (PLACE,), by_name),
        _passes("the clock is right", ("time sync", CLOCK), by_name),
        _key(by_name),
        _nothing_fails(found),
    ]


def _two_switches() -> Need:
    chosen = settings.POLYLOLY
    detail = f"VENUE={chosen.venue.value} PAPER_TRADING={str(chosen.paper_trading).lower()}"
    met = chosen.venue.value == "polymarket" and not chosen.paper_trading
    step = (
        ""
        if met
        else "start with VENUE=polymarket PAPER_TRADING=false, after a dress rehearsal (make rehearse)"
    )
    return Need("both switches on live", met, detail, step)


def _limits() -> Need:
    name, agreed = "limits agreed by a person", limits.agreed()
    if agreed is None or agreed.by == CONFIG:
        detail = "none agreed yet" if agreed is None else f"version {agreed.number} is config's"
        return Need(
            name, met=False, detail=detail, next_step="read them on the Risk page and agree to a version"
        )
    return Need(name, met=True, detail=f"version {agreed.number} by {agreed.by}", next_step="")


def _admin() -> Need:
    name, admins = "a risk admin", risk.risk_admins()
    if not admins:
        step = "run manage.py make_user NAME --role risk-admin"
        return Need(name, met=False, detail="nobody has the role", next_step=step)
    return Need(name, met=True, detail=", ".join(admins), next_step="")


def _sources() -> Need:
    name, origins = "a second independent source of matches", feeds.independent_origins()
    told = f"matches are told by {', '.join(origins) or 'nobody'}"
    if len(origins) < going_live.ORIGINS_IN_LIVE:
        step = "this version knows no two sources for real markets: live refuses to start until it does"
        return Need(name, met=False, detail=told, next_step=step)
    return Need(name, met=True, detail=told, next_step="")


def _passes(name: str, of: Sequence[str], by_name: Mapping[str, Check]) -> Need:
    """Met when these checks pass: a warning is not enough for real money."""
    for check in (by_name.get(each) for each in of):
        if check is None:
            return Need(name, met=False, detail="not checked in this process", next_step="see the checks")
        if check.verdict is not Verdict.PASS:
            return Need(name, met=False, detail=check.detail, next_step=check.next_step)
    return Need(name, met=True, detail=by_name[of[0]].detail, next_step="")


def _key(by_name: Mapping[str, Check]) -> Need:
    name = "a key that the venue knows"
    if not settings.POLYLOLY.signs:
        step = "write it to a file that only the trader's user can read, and set PRIVATE_KEY_FILE"
        return Need(name, met=False, detail="on paper none is used", next_step=step)
    if settings.POLYLOLY.venue.value != "polymarket":
        return Need(
            name, met=False, detail="the rehearsal's key is a throwaway one", next_step="set PRIVATE_KEY_FILE"
        )
    return _passes(name, (API_KEY,), by_name)


def _nothing_fails(found: Sequence[Check]) -> Need:
    name = "no check fails"
    failing = [check.name for check in found if check.verdict is Verdict.FAIL]
    if failing:
        return Need(name, met=False, detail=", ".join(failing), next_step="see to them first")
    return Need(name, met=True, detail=f"{len(found)} checks", next_step="")
