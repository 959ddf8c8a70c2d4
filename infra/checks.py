"""Is everything well? A registry that every app fills and that the site, the reset and the doctor run.

A check is quick (it runs in a request), reads only, and says what to do next when it does not pass.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from infra import logs


class Verdict(StrEnum):
    PASS = "pass"  # noqa: S105 not a password
    WARN = "warn"
    FAIL = "fail"


class Area(StrEnum):
    """What a check is about: where a person looks first."""

    MACHINE = "machine"
    SERVICES = "services"
    SOURCES = "sources"
    VENUE = "venue"
    WALLET = "wallet"
    SAFEGUARDS = "safeguards"


@dataclass(frozen=True, slots=True)
class Check:
    """``next_step`` is empty when there is nothing to do. ``age_ms``: real ms since it was found out; ``None``: now."""

    name: str
    verdict: Verdict
    detail: str
    next_step: str
    age_ms: int | None = None
    area: Area = Area.SERVICES


Run = Callable[[], Check]
_checks: dict[str, tuple[Run, Area]] = {}
_for_money: dict[str, tuple[Run, Area]] = {}
_unforgiven: set[str] = set()
_askings: dict[str, Callable[[], None]] = {}

log = logs.get("checks")


def register(name: str, run: Run, area: Area = Area.SERVICES) -> None:
    """Add a check. Called in ``AppConfig.ready``; the last one of a name counts."""
    _checks[name] = run, area


def register_for_money(name: str, run: Run, area: Area = Area.SERVICES) -> None:
    """Add a check that only the preflight makes: what real money needs, and readiness does not."""
    _for_money[name] = run, area


def forgive_no_warning(*names: str) -> None:
    """In the preflight a warning of these checks is a failure: with real money it is no night to find out."""
    _unforgiven.update(names)


def register_asking(name: str, ask: Callable[[], None]) -> None:
    """Add what finds out anew whatever some checks only read. Called in ``AppConfig.ready``; last of a name counts."""
    _askings[name] = ask


def ask(names: Collection[str]) -> None:
    """Find out anew what these askings find out. Slow: seconds. Each is tried, whatever the others raise."""
    for name in names:
        try:
            _askings[name]()
        except Exception as error:  # noqa: BLE001 process edge: the checks themselves then say what is old
            log.error("not asked anew", asking=name, error=repr(error), event_type="error")


def ask_all() -> None:
    """Find everything out anew."""
    ask(list(_askings))


def askings() -> frozenset[str]:
    """The names ``ask`` takes here: which there are depends on the mode."""
    return frozenset(_askings)


def passed(name: str, detail: str) -> Check:
    return Check(name, Verdict.PASS, detail, "")


def warned(name: str, detail: str, next_step: str) -> Check:
    return Check(name, Verdict.WARN, detail, next_step)


def failed(name: str, detail: str, next_step: str) -> Check:
    return Check(name, Verdict.FAIL, detail, next_step)


def run_all() -> list[Check]:
    """Run every check, by area, then in order of registration. One that raises has failed; the others still run."""
    return _run_each(_checks)


def run_for_money() -> list[Check]:
    """As ``run_all`` with those of the preflight alone; what is not forgiven there has failed."""
    return [
        replace(check, verdict=Verdict.FAIL)
        if check.verdict is Verdict.WARN and check.name in _unforgiven
        else check
        for check in _run_each(_checks | _for_money)
    ]


def _run_each(registered: Mapping[str, tuple[Run, Area]]) -> list[Check]:
    found = [replace(_run(name, run), area=area) for name, (run, area) in registered.items()]
    return sorted(found, key=lambda check: list(Area).index(check.area))


def _run(name: str, run: Run) -> Check:
    try:
        return run()
    except Exception as error:  # noqa: BLE001 process edge: a broken check is a failed check, never a broken answer
        log.error("check raised", check=name, error=repr(error), event_type="error")
        return failed(name, f"the check itself failed: {error!r}", "read logs/bot.jsonl for the whole error")


def tell_at_start(found: Check) -> None:
    """Log a look before anything trades, as ``startup_check``."""
    say = {Verdict.PASS: log.info, Verdict.WARN: log.warning, Verdict.FAIL: log.error}[found.verdict]
    say(
        "startup check",
        check=found.name,
        verdict=found.verdict.value,
        detail=found.detail,
        next_step=found.next_step,
        event_type="startup_check",
    )


def worst(checks: list[Check]) -> Verdict:
    """The verdict of all together. An empty list passes."""
    verdicts = {check.verdict for check in checks}
    return next((v for v in (Verdict.FAIL, Verdict.WARN) if v in verdicts), Verdict.PASS)
