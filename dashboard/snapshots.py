"""What a console is told: the board, the control state, which processes are alive, what its user may do.

Everything here is read with plain calls; the consumer runs them on a thread.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from redis import RedisError

from dashboard import troubles, ways_out
from feeds.selectors import source_health
from infra import clock, heartbeat, logs
from risk.selectors import control as control_state
from risk.selectors import names_by_role
from risk.services import Control, allows, needed_for, role_of
from trading.selectors import BoardSnapshot, wallet_held
from trading.selectors import board as published_board

PUBLISHED_AGE_MS_MAX: Final = 5_000
SOURCE_AGE_MS_MAX: Final = 30_000
PROCESSES: Final = ("web", "trader", "feeds", "ops", "beat")

log = logs.get("dashboard")


@dataclass(frozen=True, slots=True)
class Worker:
    """A light: one process the console expects. ``since_ms`` is ``None`` while it is out."""

    name: str
    alive: bool
    since_ms: int | None


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything a console starts from. ``board`` is ``None`` while nothing current is published."""

    board: BoardSnapshot | None
    control: Mapping[str, object]
    workers: tuple[Worker, ...]
    sources: Sequence[Mapping[str, object]]
    troubles: Sequence[Mapping[str, object]]
    now_ms: int

    def message(self) -> dict[str, object]:
        """The first message on a connection: ``snapshot``, or ``gone`` with what the database still knows."""
        common = {
            "control": self.control,
            "workers": [asdict(worker) for worker in self.workers],
            "sources": self.sources,
            "troubles": self.troubles,
            "now_ms": self.now_ms,
            "speed": str(clock.speed()),
        }
        if self.board is None:
            return {"type": "gone", "since_ms": None, **common}
        return {
            "type": "snapshot",
            "epoch": self.board.epoch,
            "seq": self.board.seq,
            "rows": self.board.rows,
            **common,
        }


def board() -> BoardSnapshot | None:
    """The board as last published; ``None`` when there is none, it is old, or Redis does not answer."""
    published = published_board()
    return published if published is not None and is_current(published) else None


def is_current(published: BoardSnapshot) -> bool:
    """Whether the trader wrote it within the last five real seconds."""
    written = published.rows.get("clock", {}).get("now_ms")
    return isinstance(written, int) and age_ms(written) <= PUBLISHED_AGE_MS_MAX


def age_ms(moment: int) -> float:
    """Real milliseconds since a moment of the clock."""
    return float((clock.now_ms() - moment) / clock.speed())


def workers() -> list[Worker]:
    """Expected processes first, then others that beat. None is alive while Redis does not answer."""
    try:
        beating = {found.process: found.since_ms for found in heartbeat.alive()}
    except (RedisError, OSError) as error:
        log.warning("heartbeats not read", error=str(error))
        beating = {}
    return [Worker(name, name in beating, beating.get(name)) for name in _expected(beating)]


def _expected(beating: Iterable[str]) -> list[str]:
    simulated = settings.POLYLOLY.venue == "simulator"
    names = [*PROCESSES, "simulator"] if simulated else [*PROCESSES]
    return names + sorted(set(beating) - set(names))


def allowed(user: User) -> dict[str, bool]:
    """What the console offers this user, by control. The services decide; this only spares a refusal."""
    role = role_of(user)
    return {control.value: allows(role, control) for control in Control}


def roles() -> dict[str, object]:
    """Which role each control needs and who has it: a page names them where it offers nothing to press."""
    needed = {control.value: needed_for(control) for control in Control}
    return {"needed": needed, "names": {role.value: names for role, names in names_by_role().items()}}


def control(user: User) -> dict[str, object]:
    """The control state with what this user may do. One reading of the database."""
    state = control_state()
    halt = state["halt"]
    way_out = ways_out.of(str(halt["reason"])) if isinstance(halt, Mapping) else ""
    return {**state, "way_out": way_out, "can": allowed(user)}


def sources() -> list[dict[str, object]]:
    """Sources that write to the database, as rows ``feed:NAME`` of the board; one nobody runs any more is lost.

    With them, where orders are signed, the wallet: a trader that does not hold it trades nothing.
    """
    found: list[dict[str, object]] = [
        {
            "name": row.source,
            "kind": "matches",
            "status": row.status if age_ms(row.checked_ms) <= SOURCE_AGE_MS_MAX else "lost",
            "heard_ms": row.heard_ms,
            "since_ms": row.since_ms,
            "detail": row.detail,
            "reconnects": row.reconnects,
        }
        for row in source_health()
    ]
    return [*wallet_row(), *found]


def wallet_row() -> list[dict[str, object]]:
    """How the wallet is held; none on paper."""
    wallet = settings.POLYLOLY.wallet
    if wallet is None:
        return []
    row: dict[str, object] = {"name": "wallet", "kind": "wallet", "reconnects": 0}
    light = wallet_held(wallet)
    if light is None:
        told = {"status": "lost", "heard_ms": None, "since_ms": None, "detail": "nobody holds it"}
        return [{**row, **told, "says": "The wallet is not held"}]
    row |= {"heard_ms": light.beat_ms, "since_ms": light.since_ms, "detail": light.why}
    if light.hold == "checking":
        return [{**row, "status": "connecting", "says": "The wallet is being checked"}]
    if light.hold == "refused":
        return [{**row, "status": "lost", "says": "The wallet is not held"}]
    if not light.why:
        return [{**row, "status": "connected"}]
    says = "The wallet's heart is not heard: the venue cancels what is open"
    return [{**row, "status": "lost", "since_ms": light.beat_ms or light.since_ms, "says": says}]


def stopped(control: Mapping[str, object]) -> bool:
    """Whether something is halted, everything or a market."""
    return control["halt"] is not None or bool(control["market_halts"])


def take(user: User) -> Picture:
    """Read everything once."""
    return Picture(board(), control(user), tuple(workers()), sources(), troubles.found(), clock.now_ms())


def beat() -> dict[str, object]:
    """A sign of life with the clock and the lights."""
    return {
        "type": "beat",
        "now_ms": clock.now_ms(),
        "speed": str(clock.speed()),
        "workers": [asdict(worker) for worker in workers()],
        "sources": sources(),
        "troubles": troubles.found(),
    }
