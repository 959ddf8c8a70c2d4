"""Is everything well? A registry that every app fills and that the site, the reset and the doctor run.

A check is quick (it runs in a request), reads only, and says what to do next when it does not pass.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from infra import logs


class Verdict(StrEnum):
    PASS = "pass"  # noqa: S105 not a password
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """``next_step`` is empty when there is nothing to do."""

    name: str
    verdict: Verdict
    detail: str
    next_step: str


Run = Callable[[], Check]
_checks: dict[str, Run] = {}
_askings: list[Callable[[], None]] = []

log = logs.get("checks")


def register(name: str, run: Run) -> None:
    """Add a check. Called in ``AppConfig.ready``; the last one of a name counts."""
    _checks[name] = run


def register_asking(ask: Callable[[], None]) -> None:
    """Add what finds out anew whatever some checks only read. Called in ``AppConfig.ready``."""
    _askings.append(ask)


def ask_all() -> None:
    """Find everything out anew. Slow: seconds. Each is tried, whatever the others raise."""
    for ask in _askings:
        try:
            ask()
        except Exception as error:  # noqa: BLE001 process edge: the checks themselves then say what is old
            log.error("not asked anew", error=repr(error), event_type="error")


def passed(name: str, detail: str) -> Check:
    return Check(name, Verdict.PASS, detail, "")


def warned(name: str, detail: str, next_step: str) -> Check:
    return Check(name, Verdict.WARN, detail, next_step)


def failed(name: str, detail: str, next_step: str) -> Check:
    return Check(name, Verdict.FAIL, detail, next_step)


def run_all() -> list[Check]:
    """Run every check, in order of registration. A check that raises has failed; the others still run."""
    return [_run(name, run) for name, run in _checks.items()]


def _run(name: str, run: Run) -> Check:
    try:
        return run()
    except Exception as error:  # noqa: BLE001 process edge: a broken check is a failed check, never a broken answer
        log.error("check raised", check=name, error=repr(error), event_type="error")
        return failed(name, f"the check itself failed: {error!r}", "read logs/bot.jsonl for the whole error")


def worst(checks: list[Check]) -> Verdict:
    """The verdict of all together. An empty list passes."""
    verdicts = {check.verdict for check in checks}
    return next((v for v in (Verdict.FAIL, Verdict.WARN) if v in verdicts), Verdict.PASS)
