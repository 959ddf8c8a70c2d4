"""The connections to the world that an operator may start anew, and doing so.

Which there are is told by the apps that run them (``register_adapter``); whoever runs one heeds it within a second or
two (``infra.restarts``). Its loop ends in good order and beat starts it again; the market channel connects anew.
"""

from dataclasses import dataclass
from typing import Final

from django.db import transaction
from redis import RedisError

from core.units import Ms
from infra import logs, restarts
from risk.access.people import Actor
from risk.access.powers import Control, require
from risk.audit.record import record, refuse
from risk.errors import AdapterAway, NotTold, RiskError, UnknownAdapter
from risk.models import AuditOutcome

_known: Final[dict[str, str]] = {}

log = logs.get("risk")


@dataclass(frozen=True, slots=True)
class Adapter:
    """One connection to the world. ``since_ms``: when what runs now began, ``None`` when nothing does."""

    name: str
    what: str
    since_ms: Ms | None


def register_adapter(name: str, what: str) -> None:
    """``what`` it is, in a few words. Whoever runs it looks for wishes to ``part_of(name)``."""
    _known[name] = what


def part_of(name: str) -> str:
    return f"feed:{name}"


def adapters() -> list[Adapter]:
    """All there are, by name. Raises ``NotTold``."""
    return [_adapter(name) for name in sorted(_known)]


def adapter(name: str) -> Adapter:
    """Raises ``UnknownAdapter`` naming those there are, and ``NotTold``."""
    if name not in _known:
        raise UnknownAdapter(f"no adapter is called {name[:60]!r}; there are: {', '.join(sorted(_known))}")
    return _adapter(name)


def restart_adapter(*, name: str, reason: str, by: Actor, at: Ms) -> Adapter:
    """Start one anew; as it ran until now. It runs again once its ``since_ms`` is another.

    Raises ``NotAllowed``, ``UnknownAdapter``, ``AdapterAway`` when nothing runs it, ``NotTold``. Refusals are recorded.
    """
    what, target = Control.RESTART_ADAPTER, name[:100]
    require(by, what, target=target, reason=reason, at=at)
    try:
        ran = adapter(name)
        if ran.since_ms is None:
            raise AdapterAway(
                f"nothing runs {name} just now, so there is nothing to restart: feeds and trader start it by "
                "themselves; see with manage.py healthcheck that they are up"
            )
        with transaction.atomic():
            before = {"since_ms": ran.since_ms}
            outcome = AuditOutcome.DONE
            record(by, what, target=target, outcome=outcome, reason=reason, before=before, after={}, at=at)
            _tell(name)
    except RiskError as refusal:
        refuse(by, what, target=target, reason=reason, why=refusal, at=at)
        raise
    log.warning("adapter told to start anew", adapter=name, by=by.name, reason=reason)
    return ran


def _adapter(name: str) -> Adapter:
    try:
        return Adapter(name, _known[name], restarts.runs_since(part_of(name)))
    except (RedisError, OSError) as error:
        raise NotTold(f"Redis does not say what runs ({error}): try again") from error


def _tell(name: str) -> None:
    try:
        restarts.ask(part_of(name))
    except (RedisError, OSError) as error:
        raise NotTold(f"nobody could be told, Redis does not answer ({error}): try again") from error
