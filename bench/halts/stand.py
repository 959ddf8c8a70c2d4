"""A stack in rehearsal mode with fifty markets, its stop button, and the simulated venue's own log as the witness.

All times are of the one clock that the stack shares; the prover reads it by the stack's anchor.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psycopg
import redis

from bench.rehearsal.runs import DATABASE
from infra import clock
from infra.redis import Db, as_text, socket_path, url_of
from tests.stacks import Stack, environment_of, running

TOKEN: Final = "prover-admin-token-0123456789"  # noqa: S105 of a stack that lives for minutes on loopback
ASK_S: Final = 60.0
LOOK_S: Final = 0.05
STAGES: Final = "20"  # some fifty markets
# More than a person would allow: the more is under way, the harder it is to stop.
ORDERS_A_SECOND: Final = "25"
SETTINGS: Final = {
    "VENUE": "simulator",
    "PAPER_TRADING": "false",
    "RECORD": "false",
    "ADMIN_TOKEN": TOKEN,
    "SIMULATOR_STAGES": STAGES,
    "LIMITS__ORDERS_PER_SECOND": ORDERS_A_SECOND,
}
OPEN: Final = ("live", "delayed")
ORDERS_FIRST: Final = 20


@dataclass(frozen=True, slots=True)
class Pressed:
    """One press of a button: when it was sent and answered, and what was said."""

    at_ms: int
    answered_ms: int
    status: int
    body: dict[str, Any]

    @property
    def words(self) -> list[str]:
        report = self.body.get("report") or {}
        return list(report.get("unproven", []))


class Stand:
    """One running stack as its prover sees it."""

    def __init__(self, stack: Stack, database_url: str | None) -> None:
        self.stack = stack
        self.database_url = database_url
        self._anchor = _anchor_of(stack)
        self._orders: list[int] = []
        self._seen = 0

    def ask(self, query: str, *values: object) -> list[Any]:
        """Read the stack's database beside it, ``%s`` for each value; nothing while it is away."""
        if self.database_url is not None:
            return _of_server(self.database_url, query, values)
        return _of_file(self.stack.state / "var" / DATABASE, query, values)

    def now(self) -> int:
        return clock.at(self._anchor, time.monotonic_ns())

    def halt(self, reason: str) -> Pressed:
        return self._press("/admin/halt", reason, token=None)

    def reset(self, reason: str) -> Pressed:
        return self._press("/admin/reset", reason, token=TOKEN)

    def _press(self, path: str, reason: str, *, token: str | None) -> Pressed:
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        asked = Request(self.stack.url + path, data=json.dumps({"reason": reason}).encode(), headers=headers)  # noqa: S310
        at = self.now()
        try:
            with urlopen(asked, timeout=ASK_S) as answer:  # noqa: S310 our own console
                status, text = answer.status, answer.read()
        except HTTPError as refused:
            status, text = refused.code, refused.read()
        return Pressed(at, self.now(), status, json.loads(text))

    def venue(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
        """Ask the simulator's doors for provers."""
        sent = None if body is None else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self.stack.port + 1}{path}"
        with urlopen(Request(url, data=sent, method=method), timeout=10) as answer:
            return json.load(answer)

    def orders(self, since: int, until: int | None = None) -> list[int]:
        """When orders came to the venue, after ``since`` and before ``until``: its own log says so."""
        told = self.venue(f"/simulator/requests?after={self._seen}")
        for visit in told["requests"]:
            self._seen = visit["number"]
            if visit["method"] == "POST" and visit["path"].startswith("/order"):
                self._orders.append(visit["at_ms"])
        return [at for at in self._orders if since < at and (until is None or at < until)]

    def open_at_venue(self) -> list[str]:
        """Our orders that rest there, by its own books."""
        wallet = (
            (self.stack.state / "var" / "wallet").read_text().strip() if self._noted() else self._wallet()
        )
        truth = self.venue(f"/simulator/truth/{wallet}")
        return [order["id"] for order in truth["orders"] if order["status"] in OPEN]

    def _noted(self) -> bool:
        return (self.stack.state / "var" / "wallet").exists()

    def _wallet(self) -> str:
        rows = self.ask("SELECT name FROM trading_account WHERE mode = 'rehearsal' ORDER BY id DESC LIMIT 1")
        return str(rows[0][0])

    def newest_round(self) -> int:
        return int((self.ask("SELECT max(id) FROM risk_haltround") or [(None,)])[0][0] or 0)

    def report(self, round_id: int, runner: str = "shard:0") -> "Report | None":
        rows = self.ask(
            "SELECT orders_open, cancelled, open_left, unknown_left, note, acked, proven FROM risk_haltreport "
            "WHERE round_id = %s AND runner = %s",
            round_id,
            runner,
        )
        if not rows:
            return None
        opened, cancelled, left, unknown, note, acked, proven = rows[0]
        return Report(opened, cancelled, left, unknown, note, ms_of(acked), ms_of(proven))

    def proven(self, round_id: int, *, within_s: float, runner: str = "shard:0") -> "Report | None":
        """The report once it is a proof; the last one seen when it does not become one in time."""
        self.until(lambda: bool((found := self.report(round_id, runner)) and found.proven_ms), within_s)
        return self.report(round_id, runner)

    def said_of_kept(self) -> tuple[str, ...]:
        """What runners and ops said of presses that are no rows."""
        bus = redis.Redis.from_url(url_of(f"unix://{socket_path(self.stack.state)}", Db.BUS))
        try:
            found = [bus.hgetall(key) for key in bus.scan_iter("halt:obeyed:*")]
        finally:
            bus.close()
        said = [f"{as_text(who)} {as_text(words)}" for each in found for who, words in each.items()]
        return tuple(sorted(said))

    def until(self, true: Callable[[], bool], within_s: float) -> bool:
        end = time.monotonic() + within_s
        while not true():
            if time.monotonic() > end:
                return False
            time.sleep(LOOK_S)
        return True

    def trades(self, orders: int, *, within_s: float = 60.0) -> bool:
        """Wait until so many orders more have come to the venue."""
        since = self.now()
        return self.until(lambda: len(self.orders(since)) >= orders, within_s)

    def goes_on(self, *, within_s: float = 90.0) -> bool:
        """Reset, as often as the health check refuses, and wait for orders."""

        def is_reset() -> bool:
            self.reset("the prover goes on")
            return not self.halted()

        return self.until(is_reset, within_s) and self.trades(5, within_s=within_s)

    def halted(self) -> bool:
        rows = self.ask("SELECT count(*) FROM risk_halt WHERE ended IS NULL")
        return not rows or bool(rows[0][0])


@dataclass(frozen=True, slots=True)
class Report:
    """What one runner, or ops, reported about one round."""

    orders_open: int
    cancelled: int
    open_left: int | None
    unknown_left: int
    note: str | None
    acked_ms: int | None
    proven_ms: int | None


@contextmanager
def standing(**changed: str) -> Iterator[Stand]:
    """A stack with fifty markets that trades. On SQLite, unless ``DATABASE_URL`` is among what is changed."""
    with running(state=None, **{**SETTINGS, **changed}) as stack:
        stand = Stand(stack, changed.get("DATABASE_URL"))
        stand.until(
            lambda: (stand.ask("SELECT count(*) FROM trading_order") or [(0,)])[0][0] >= ORDERS_FIRST, ASK_S
        )
        yield stand


def _of_file(path: Path, query: str, values: Sequence[object]) -> list[Any]:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as database:
            return database.execute(query.replace("%s", "?"), values).fetchall()
    except sqlite3.OperationalError:
        return []


def _of_server(url: str, query: str, values: Sequence[object]) -> list[Any]:
    try:
        with psycopg.connect(url) as database:
            return database.execute(query.encode(), values).fetchall()
    except psycopg.OperationalError:
        return []


def _anchor_of(stack: Stack) -> clock.Anchor:
    mark = f"{clock.ANCHOR_VARIABLE}=".encode()
    for pid in stack.pids():
        for line in environment_of(pid):
            if line.startswith(mark):
                return clock.parse(line.removeprefix(mark).decode())
    raise AssertionError("no process of the stack bears the clock's anchor")


def ms_of(moment: str | datetime | None) -> int | None:
    """A moment as the database has it: text on SQLite, a datetime on PostgreSQL."""
    if moment is None:
        return None
    found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return clock.to_ms(found if found.tzinfo is not None else found.replace(tzinfo=UTC))
