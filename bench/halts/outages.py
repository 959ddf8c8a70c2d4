"""A halt while one thing is broken: Redis, the database, the venue, the trader. The venue's log says what left."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.halts.stand import Pressed, Report, Stand, ms_of
from bench.rehearsal.runs import DATABASE
from tests.servers import Postgres

LATEST_MS: Final = 3_000  # nothing leaves later than this after the press
WATCHED_S: Final = 8.0
SWEPT_WITHIN_S: Final = 25.0
RECORDED_WITHIN_S: Final = 20.0
PROVEN_WITHIN_S: Final = 40.0
AGAIN_WITHIN_S: Final = 60.0
RESTING: Final = 8
STOPS_MAX: Final = 4_000
LOCK_S: Final = 0.2  # others hold the lock for milliseconds
MORE_MS: Final = 3_000


@dataclass(slots=True)
class Outage:
    """What one broken thing did to one halt.

    Units:
        open_before:  orders that rested at the venue when it was pressed.
        last_ms:      when the last order came to the venue, after the press; 0: none came.
        late:         orders that came later than ``LATEST_MS`` after it, until trading was let go on.
        report:       what was reported while the thing was broken; ``None``: nothing.
        words:        what the person was told that is not proven.
        recorded_ms:  from the repair to the row, where the press could not be written.
        rows:         rows and audit lines that the press became; one each.
        shifted_ms:   how far the row's time is from the press.
        left_open:    orders that rested at the venue while the thing was still broken, in the end.
        gone_ms:      from the press until none rested there; ``None``: it never came to that while it was broken.
        proven_ms:    from the press to the proof; ``None``: it was not given.
        on_again:     traded again afterwards.
        said:         what runners and ops said of a press that is no row.
    """

    open_before: int
    pressed: Pressed
    last_ms: int
    late: int
    report: Report | None
    left_open: int
    gone_ms: int | None = None
    recorded_ms: int | None = None
    rows: tuple[int, int] = (0, 0)
    shifted_ms: int | None = None
    proven_ms: int | None = None
    on_again: bool = False
    said: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        return self.pressed.words


@contextmanager
def stopped(pid: int | None) -> Iterator[None]:
    """A process that hangs: it holds all it had and answers nothing."""
    assert pid is not None, "the stack has this process"
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def redis_hangs(stand: Stand) -> Outage:
    pid = next((pid for pid in stand.stack.pids() if b"valkey-server" in _command(pid)), None)
    before = _rests(stand)
    with stopped(pid):
        found = _halted(stand, "Redis hangs", before)
        _watch(stand, found, WATCHED_S)
        found.report = stand.proven(stand.newest_round(), within_s=WATCHED_S)
    return _after(stand, found)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def sqlite_locked(stand: Stand) -> Outage:
    """Another process holds the one write lock."""
    path = stand.stack.state / "var" / DATABASE
    before = _rests(stand)
    with closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        found = _halted(stand, "the database is locked", before)
        _watch(stand, found, WATCHED_S)
        other.execute("ROLLBACK")
    return _recorded(stand, found, "the database is locked")


def database_stopped(stand: Stand, server: Postgres) -> Outage:
    before = _rests(stand)
    server.stop()
    try:
        found = _halted(stand, "the database is stopped", before)
        _watch(stand, found, WATCHED_S)
    finally:
        server.start()
    return _recorded(stand, found, "the database is stopped")


def venue_fails(stand: Stand) -> Outage:
    """Every request of ours is answered with a 5xx."""
    before = _rests(stand)
    stand.venue("/simulator/faults", {"name": "error_before", "rate": 1000, "seed": 1})
    try:
        found = _halted(stand, "the venue fails", before)
        _watch(stand, found, SWEPT_WITHIN_S)
        found.report = stand.report(stand.newest_round())
    finally:
        stand.venue("/simulator/faults", method="DELETE")
    return _after(stand, found)


def trader_hangs(stand: Stand) -> Outage:
    before = _rests(stand)
    with _stopped_trader(stand, holds_the_lock=False):
        found = _halted(stand, "the trader hangs", before)
        _watch(stand, found, WATCHED_S)
        found.report = stand.proven(stand.newest_round(), within_s=WATCHED_S, runner="ops")
    return _after(stand, found)


def trader_hangs_with_the_lock(stand: Stand) -> Outage:
    """It was stopped in the middle of a write: nobody can write, and the press is no row."""
    before = _rests(stand)
    with _stopped_trader(stand, holds_the_lock=True):
        found = _halted(stand, "the trader hangs with the lock", before)
        _watch(stand, found, WATCHED_S)
        found.said = stand.said_of_kept()
    return _recorded(stand, found, "the trader hangs with the lock")


@contextmanager
def _stopped_trader(stand: Stand, *, holds_the_lock: bool) -> Iterator[None]:
    """The trader, stopped at a moment when it holds the database's write lock, or when it does not."""
    pid = stand.stack.pid_of("trader")
    for _ in range(STOPS_MAX):
        with stopped(pid):
            if _locked(stand) is holds_the_lock:
                yield
                return
        time.sleep(0.005)
    raise AssertionError(f"in {STOPS_MAX} stops the trader never held the lock: {holds_the_lock=}")


def _locked(stand: Stand) -> bool:
    path = stand.stack.state / "var" / DATABASE
    with closing(sqlite3.connect(path, timeout=LOCK_S, isolation_level=None)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        other.execute("ROLLBACK")
    return False


def _rests(stand: Stand) -> int:
    """How many orders rest at the venue, once there are some: there must be something to stop."""
    stand.until(lambda: len(stand.open_at_venue()) >= RESTING, AGAIN_WITHIN_S)
    return len(stand.open_at_venue())


def _halted(stand: Stand, why: str, before: int) -> Outage:
    return Outage(before, stand.halt(why), 0, 0, None, 0)


def _watch(stand: Stand, found: Outage, seconds: float) -> None:
    """Look what comes to the venue, and what rests there, while the thing is broken."""
    if stand.until(lambda: not stand.open_at_venue(), seconds):
        found.gone_ms = stand.now() - found.pressed.at_ms
    left_ms = found.pressed.at_ms + LATEST_MS + MORE_MS - stand.now()
    time.sleep(max(0, left_ms) / 1000)
    found.left_open = len(stand.open_at_venue())
    _count(stand, found, stand.now())


def _count(stand: Stand, found: Outage, until: int) -> None:
    at = found.pressed.at_ms
    came = stand.orders(at, until)
    found.last_ms = max(came, default=at) - at
    found.late = len([each for each in came if each > at + LATEST_MS])


def _recorded(stand: Stand, found: Outage, why: str) -> Outage:
    """The database answers again: when does the press become a row, and as what?"""
    repaired = stand.now()
    query = "SELECT r.asked FROM risk_haltround r JOIN risk_halt h ON h.id = r.halt_id WHERE h.detail = %s"
    if stand.until(lambda: bool(stand.ask(query, why)), RECORDED_WITHIN_S):
        found.recorded_ms = stand.now() - repaired
        rows = stand.ask(query, why)
        audits = stand.ask("SELECT count(*) FROM risk_audit WHERE what = 'halt' AND reason = %s", why)
        found.rows = (len(rows), int(audits[0][0]))
        asked = ms_of(rows[0][0])
        found.shifted_ms = None if asked is None else asked - found.pressed.at_ms
    return _after(stand, found)


def _after(stand: Stand, found: Outage) -> Outage:
    """Repaired: is it proven now, did nothing leave until the reset, and does trading go on then?"""
    round_id = stand.newest_round()
    report = stand.proven(round_id, within_s=PROVEN_WITHIN_S)
    if report is not None and report.proven_ms is not None:
        found.proven_ms = report.proven_ms - found.pressed.at_ms
    _count(stand, found, stand.now())
    found.on_again = stand.goes_on(within_s=AGAIN_WITHIN_S)
    return found


Play = Callable[[Stand], Outage]
