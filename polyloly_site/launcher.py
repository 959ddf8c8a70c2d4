"""Everything in one terminal: start, watch, restart, and end in order. ``manage.py up`` calls ``run``."""

import fcntl
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path
from types import FrameType
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

import redis as redis_py
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import DatabaseError, connection

from infra import clock, logs, onetime, redis, services
from infra.checks import failed, passed, tell_at_start
from infra.children import Child, Program, end
from infra.vigil import Vigil
from polyloly_site import deadman, keys, processes, snapshots, startup
from polyloly_site.env import Mode, Polyloly, Venue
from trading.health import going_live
from trading.wallet import venue_pass

OPERATOR: Final = "operator"
READY_MS: Final = 60_000
REDIS_READY_MS: Final = 10_000
LOOK_MS: Final = 100
ANSWER_S: Final = 5
ROTATE_EVERY_MS: Final = 10_000
# More deaths than this before the first answer mean it will not come: say why instead of trying on.
EARLY_DEATHS_MAX: Final = 2

log = logs.get("launcher")


class CannotStart(Exception):
    """The stack cannot be started; the text tells the person at the terminal what to do."""


class Ending:
    """Set by TERM and INT. Waiting on it wakes at once when a signal comes."""

    def __init__(self) -> None:
        self.asked = False
        self._wake, self._woken = os.pipe()

    def listen(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def wait(self, ms: int) -> bool:
        """Wait up to ``ms``; true once the end was asked for."""
        if not self.asked:
            select.select([self._wake], [], [], ms / 1000)
        return self.asked

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        if not self.asked:
            self.asked = True
            os.write(self._woken, b".")


@contextmanager
def only_launcher(polyloly: Polyloly) -> Iterator[None]:
    """Hold this state directory. Raises ``CannotStart`` when another launcher does."""
    path = polyloly.var_dir / "up.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)  # the database with its sessions is for nobody else
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(
                f"polyloly already runs in {polyloly.state_dir}: stop it, or set another STATE_DIR and --port"
            ) from None
        yield


def check_ports(polyloly: Polyloly) -> None:
    """Raises ``CannotStart`` naming the port that is taken."""
    ports = [polyloly.port]
    if polyloly.venue is Venue.SIMULATOR and polyloly.simulator_url is None:
        ports.append(polyloly.simulator_port)
    for port in ports:
        with socket.socket() as probe:
            # As the servers do: a port whose last connections are still closing is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((polyloly.bind, port))
            except OSError as error:
                raise CannotStart(
                    f"port {port} on {polyloly.bind} cannot be used ({error.strerror}): choose another with --port"
                ) from None


class Stack:
    """The running children of one launcher."""

    def __init__(self, polyloly: Polyloly, ending: Ending) -> None:
        self.polyloly = polyloly
        self.ending = ending
        self.children: list[Child] = []
        self.stopping_ms = 0
        self._rotate_ms = 0

    def start_redis(self) -> None:
        """Start the embedded Redis unless ``REDIS_URL`` names one."""
        if self.polyloly.redis_url is None:
            end_leftover(redis.base_url())
            self._add(processes.embedded_redis(self.polyloly))

    def wait_for_redis(self) -> None:
        """Return once it answers, or the end was asked for. Raises ``CannotStart``."""
        embedded, address = self.polyloly.redis_url is None, redis.base_url()
        began = clock.monotonic_ms()
        while not services.answers(address):
            if self.ending.wait(20):
                return
            if clock.monotonic_ms() - began > REDIS_READY_MS:
                # A given address may hold a password: it is named, not shown.
                where = f"see {self._output('redis')}" if embedded else "correct REDIS_URL or start it"
                raise CannotStart(f"Redis does not answer: {where}")

    def start_venue(self) -> None:
        """Start the simulated venue where it is ours, and wait until it answers. Raises ``CannotStart``."""
        program = processes.venue(self.polyloly)
        if program is None:
            return
        self._add(program)
        began = clock.monotonic_ms()
        while not self.ending.wait(LOOK_MS // 2):
            if answer(f"{self.polyloly.urls.clob}/ok") == HTTPStatus.OK:
                return
            self._tend_early()
            if clock.monotonic_ms() - began > READY_MS:
                raise CannotStart(f"the simulated venue does not answer: see {self._output('simulator')}")

    def start_all(self) -> None:
        for program in processes.programs(self.polyloly):
            self._add(program)

    def wait_until_serving(self) -> None:
        """Return once the web answers, or the end was asked for. Raises ``CannotStart`` with the reason's place."""
        began = clock.monotonic_ms()
        while not self.ending.wait(LOOK_MS // 2):
            status = answer(f"http://127.0.0.1:{self.polyloly.port}/health/live")
            if status == HTTPStatus.OK:
                return
            if status is not None:
                raise CannotStart(f"the console answers {status} to /health/live: see {self._output('web')}")
            self._tend_early()
            if clock.monotonic_ms() - began > READY_MS:
                raise CannotStart(f"the console does not answer after 60 s: see {self._output('web')}")

    def _tend_early(self) -> None:
        """As ``tend``; one that dies again and again before the first answer ends the start."""
        self.tend()
        failing = [child for child in self.children if child.deaths > EARLY_DEATHS_MAX]
        if failing:
            raise CannotStart(f"{failing[0].name} does not start: see {failing[0].output}")

    def watch(self) -> None:
        """Restart what dies, rotate the log, until the end is asked for."""
        while not self.ending.wait(LOOK_MS):
            self.tend()
            now = clock.monotonic_ms()
            if now >= self._rotate_ms:
                logs.rotate(self.polyloly.logs_dir / "bot.jsonl")
                self._rotate_ms = now + ROTATE_EVERY_MS

    def tend(self) -> None:
        for child in self.children:
            code = child.tend()
            if code is not None:
                sys.stderr.write(f"{child.name} ended with {code}, starting it again: see {child.output}\n")

    def stop(self) -> None:
        """End every child, in order, each step logged with its time."""
        began = self.stopping_ms = clock.monotonic_ms()
        for step, names, within_ms in processes.STOP_ORDER:
            group = [child for child in self.children if child.name in names]
            killed = end(group, within_ms=within_ms)
            log_step(step, began, killed=killed)
            if "ops" in names:
                venue_pass.take_away()
                self._write_snapshot()
                log_step("state snapshot written", began, killed=[], number=5)

    def _write_snapshot(self) -> None:
        try:
            snapshots.write()
        except (DatabaseError, OSError) as error:
            log.error("state snapshot not written", error=str(error), event_type="error")

    def _add(self, program: Program) -> None:
        child = Child(program, self._output(program.name))
        child.start()
        self.children.append(child)

    def _output(self, name: str) -> Path:
        return self.polyloly.logs_dir / f"{name}.out"


def log_step(step: str, began_ms: int, *, killed: list[str], **fields: int) -> None:
    """``number``: which of the six steps of product.md 3 it is; the trader does the first four."""
    took_ms = clock.monotonic_ms() - began_ms
    log.info("shutdown step", step=step, killed=killed, took_ms=took_ms, event_type="shutdown_step", **fields)


def end_leftover(address: str) -> None:
    """A Redis on our socket while we hold the lock belongs to a launcher that was killed: end it, data kept."""
    if not services.answers(address):
        return
    log.warning("embedded Redis of a killed launcher found, ending it", event_type="startup")
    leftover = redis_py.Redis.from_url(address)
    try:
        leftover.shutdown()
    except redis_py.RedisError as error:
        raise CannotStart(f"the Redis left at {address} does not end: {error}") from error
    finally:
        leftover.close()


def answer(url: str) -> int | None:
    """The status that one of ours gives, ``None`` while it does not answer. No proxy stands between."""
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=ANSWER_S) as said:
            return int(said.status)
    except HTTPError as error:
        return error.code
    except (URLError, OSError):
        return None


def migrate() -> None:
    """Bring the database up to this code. Raises ``CannotStart`` when it cannot be used."""
    try:
        call_command("migrate", verbosity=0, interactive=False)
    except DatabaseError as error:
        raise CannotStart(
            f"the database cannot be used: {str(error).strip()}. Correct DATABASE_URL"
        ) from error


def check_going_live(polyloly: Polyloly) -> None:
    """Raises ``CannotStart`` in one line where what must be armed lacks what it must not start without."""
    if not polyloly.needs_arming:
        return
    lacking = going_live.refusal()
    if lacking is not None:
        raise refused("going live", CannotStart(lacking), "see the runbook, section Live")
    log_check("going live", f"{polyloly.mode} may start, not armed: {going_live.told()}")


def log_check(name: str, detail: str) -> None:
    tell_at_start(passed(name, detail))


def refused(name: str, why: CannotStart, step: str) -> CannotStart:
    """Note in the log which look ended the start, and pass it on."""
    tell_at_start(failed(name, str(why), step))
    return why


def with_wallet(polyloly: Polyloly) -> Polyloly:
    """The settings with a wallet, where orders are signed: a throwaway one, made now, when no key is given.

    Only behind ``only_launcher``: it replaces the key of the rehearsal before. Everybody learns the address. Raises
    ``CannotStart`` where real money would be traded with and nobody gave a key.
    """
    if not polyloly.signs:
        return polyloly
    path, key = polyloly.private_key_file, polyloly.private_key
    if key is None and polyloly.mode is Mode.LIVE:
        raise CannotStart("live needs the wallet's key: set PRIVATE_KEY_FILE to a file only you can read")
    if key is None:
        path = polyloly.var_dir / "secrets" / "rehearsal.key"
        key = keys.make_throwaway(path)
    named = {"private_key": key, "private_key_file": path}
    found = polyloly.model_copy(update=named)
    found = found.model_copy(update={"wallet_address": found.wallet})
    origin = "throwaway key" if polyloly.private_key is None else "key as given"
    log.info("wallet", wallet=found.wallet, origin=origin, event_type="startup")
    return found


def login_link(polyloly: Polyloly) -> str:
    """A link that logs its first visitor in as the operator, who is made when there is none."""
    operator, made = get_user_model().objects.get_or_create(
        username=OPERATOR, defaults={"is_staff": True, "is_superuser": True}
    )
    if made:
        operator.set_unusable_password()
        operator.save()
    return f"http://127.0.0.1:{polyloly.port}/login/once/{onetime.issue(operator.pk)}/"


def prepare_database() -> None:
    """Migrate, and note in the log when that ended the start. Raises ``CannotStart``."""
    try:
        migrate()
    except CannotStart as error:
        raise refused("database", error, "correct DATABASE_URL") from error


def look_first(stack: Stack, time: startup.TimeAsked) -> None:
    """The looks of product.md 3 in their order; what is ours to look at is started first. Raises ``CannotStart``."""
    polyloly = stack.polyloly
    if polyloly.needs_arming:  # before anybody outside is asked
        prepare_database()
        check_going_live(polyloly)
    stack.start_redis()
    stack.start_venue()
    if stack.ending.asked:
        return
    try:
        startup.look_outside(polyloly, time, stack.ending.wait)
    except startup.Refused as error:
        raise CannotStart(str(error)) from error
    if not polyloly.needs_arming:
        prepare_database()
    log_check("database", connection.vendor)
    try:
        stack.wait_for_redis()
    except CannotStart as error:
        raise refused("redis", error, "correct REDIS_URL") from error
    log_check("redis", "embedded" if polyloly.redis_url is None else "REDIS_URL")
    time.keep()


def run(polyloly: Polyloly, *, announce: Callable[[str], None]) -> None:
    """Start the stack, call ``announce`` with the log-in link, and stay until TERM or INT has ended it in order.

    Raises ``CannotStart``; nothing is left running then either.
    """
    ending = Ending()
    ending.listen()
    with ExitStack() as exits:
        log_check("configuration", f"mode {polyloly.mode}, state in {polyloly.state_dir}")
        time = startup.TimeAsked()
        exits.enter_context(only_launcher(polyloly))
        polyloly = settings.POLYLOLY = with_wallet(polyloly)
        stack = Stack(polyloly, ending)
        check_ports(polyloly)
        exits.callback(stack.stop)
        look_first(stack, time)
        if not ending.asked:
            stack.start_all()
            stack.wait_until_serving()
        if not ending.asked:
            log.info("stack serves", port=polyloly.port, mode=polyloly.mode, event_type="startup")
            announce(login_link(polyloly))
        exits.callback(Vigil("dead man", deadman.of(polyloly).look).start().stop)
        stack.watch()
    log_step("exit", stack.stopping_ms, killed=[], number=6, code=0)
    logs.flush()
