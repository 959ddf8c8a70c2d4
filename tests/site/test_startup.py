"""The looks before anything trades: in their order, three tries where it must be, one clear line where it ends."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from websockets.sync.server import serve

from core.units import Ms, usdc
from infra.checks import Check, Verdict, failed, passed
from polyloly_site import startup
from polyloly_site.env import ROOT, Polyloly
from tests.ports import free_port
from tests.servers import wait_until
from tests.stacks import Stack
from tests.timeservers import time_server
from trading.gateways.polymarket.answers import Unanswered
from trading.gateways.polymarket.wallet import chain_look

NOWHERE = "http://127.0.0.1:9"
IN_ORDER = [
    "configuration",
    "time sync",
    "websocket",
    "positions",
    "source matches",
    "balance",
    "database",
    "redis",
]


class Pauses:
    """Counts the waits between tries; says that the start was broken off after so many of them."""

    def __init__(self, *, broken_off_after: int | None = None) -> None:
        self.waited: list[int] = []
        self._after = broken_off_after

    def __call__(self, ms: int) -> bool:
        self.waited.append(ms)
        return self._after is not None and len(self.waited) >= self._after


class Answers:
    """A look that gives these verdicts one after the other."""

    def __init__(self, *verdicts: Verdict) -> None:
        self.left = list(verdicts)

    def __call__(self) -> Check:
        good = self.left.pop(0) is Verdict.PASS
        return passed("websocket", "opens") if good else failed("websocket", "refused", "see the network")


@pytest.mark.parametrize(
    ("verdicts", "waited"),
    [
        ([Verdict.PASS], []),
        ([Verdict.FAIL, Verdict.PASS], [1_000]),
        ([Verdict.FAIL, Verdict.FAIL, Verdict.PASS], [1_000, 2_000]),
    ],
)
def test_it_is_tried_until_it_passes(verdicts: list[Verdict], waited: list[int]) -> None:
    look, pauses = Answers(*verdicts), Pauses()

    startup.tried(look, pauses)

    assert (look.left, pauses.waited) == ([], waited)


def test_after_the_third_try_it_ends_in_one_line() -> None:
    look = Answers(*[Verdict.FAIL] * 4)

    with pytest.raises(startup.Refused, match=r"^websocket: refused, tried 3 times\. see the network$"):
        startup.tried(look, Pauses())

    assert len(look.left) == 1, "not a fourth time"


def test_who_breaks_the_start_off_is_told_nothing_more() -> None:
    look = Answers(*[Verdict.FAIL] * 3)

    startup.tried(look, Pauses(broken_off_after=1))

    assert len(look.left) == 2


@contextmanager
def a_venue(status: int = 200) -> Iterator[str]:
    """The positions' door, answering with ``status``; its address."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b'{"data": []}')

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def at(url: str, **changed: Any) -> Polyloly:
    found: Polyloly = settings.POLYLOLY.model_copy(update={"simulator_url": url, **changed})
    return found


@pytest.mark.parametrize(
    ("status", "signs", "verdict"),
    [
        (200, True, Verdict.PASS),
        (200, False, Verdict.PASS),
        (400, False, Verdict.PASS),
        (400, True, Verdict.FAIL),
        (503, False, Verdict.FAIL),
        (503, True, Verdict.FAIL),
    ],
)
def test_positions_must_be_told_of_a_wallet_and_the_door_be_there_on_paper(
    status: int, *, signs: bool, verdict: Verdict
) -> None:
    with a_venue(status) as url:
        found = startup.positions(at(url, paper_trading=not signs, wallet_address="0x" + "a" * 40))

    assert found.verdict is verdict
    assert bool(found.next_step) is (verdict is Verdict.FAIL)


def test_a_socket_that_opens_passes_and_one_that_does_not_fails() -> None:
    with serve(lambda _: None, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        open_url = f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        good, lost = startup.websocket(at(open_url)), startup.websocket(at(NOWHERE))
        server.shutdown()

    assert (good.verdict, lost.verdict) == (Verdict.PASS, Verdict.FAIL)
    assert "ws://127.0.0.1:9/ws/market" in lost.detail


def test_a_source_that_is_away_is_a_warning() -> None:
    (found,) = startup.sources(at(NOWHERE))

    assert (found.name, found.verdict) == ("source matches", Verdict.WARN)
    assert found.next_step


@pytest.mark.parametrize(
    ("cash", "verdict"),
    [
        (usdc("9.99"), Verdict.WARN),
        (usdc("10"), Verdict.PASS),
        (Unanswered("no node", Ms(0)), Verdict.WARN),
    ],
)
def test_an_empty_or_unknown_wallet_is_a_warning(cash: Any, verdict: Verdict) -> None:
    assert chain_look.judged_cash(cash).verdict is verdict


@pytest.mark.parametrize(("missing", "verdict"), [((), Verdict.PASS), (("pUSD for X",), Verdict.WARN)])
def test_a_missing_approval_is_a_warning_that_names_it(missing: tuple[str, ...], verdict: Verdict) -> None:
    found = chain_look.judged_approvals(missing)

    assert found.verdict is verdict
    assert all(name in found.detail for name in missing)


def test_a_chain_that_is_away_ends_no_start() -> None:
    balance, allowance = chain_look.look(at(NOWHERE).urls, "0x" + "a" * 40)

    assert (balance.verdict, allowance.verdict) == (Verdict.WARN, Verdict.WARN)


def up(state: Path, **changed: str) -> "subprocess.CompletedProcess[str]":
    """Start it where it must refuse."""
    environment = {
        name: text for name, text in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}
    }
    environment |= {"DJANGO_SETTINGS_MODULE": "polyloly_site.settings", "NTP_SERVER": "off"}
    environment |= {"STATE_DIR": str(state), "PORT": str(free_port()), **changed}
    command = [sys.executable, "manage.py", "up", "--no-browser"]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=100
    )


def looks(state: Path) -> list[tuple[str, str]]:
    """Each look with its verdict, as logged: those of the launcher, then the books'."""
    lines = [json.loads(line) for line in (state / "logs" / "bot.jsonl").read_text().splitlines()]
    return [(each["check"], each["verdict"]) for each in lines if each.get("event") == "startup check"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "sentences"),
    [
        ({"VENUE": "moon", "LIMITS__DAILY_LOSS": "-1"}, ["VENUE", "LIMITS__DAILY_LOSS"]),
        ({"SPEED": "2", "VENUE": "polymarket"}, ["SPEED other than 1 needs VENUE=simulator"]),
        ({"PAPER_TRADING": "false", "PRIVATE_KEY_FILE": "/nowhere/key"}, ["PRIVATE_KEY_FILE cannot be read"]),
        ({"PAPER_TRADING": "false", "PRIVATE_KEY": "0x12"}, ["a private key is 32 bytes"]),
        ({"ADMIN_TOKEN": "short"}, ["ADMIN_TOKEN", "at least 16 characters"]),
    ],
    ids=["two bad fields", "fields that do not fit", "missing key file", "bad key", "bad token"],
)
def test_a_bad_setting_ends_the_start_with_every_bad_field(
    changed: dict[str, str], sentences: list[str], tmp_path: Path
) -> None:
    refused = up(tmp_path, **changed)

    assert refused.returncode == 1
    assert [words for words in sentences if words not in refused.stderr] == []
    assert "Traceback" not in refused.stderr
    assert looks(tmp_path) == [("configuration", "fail")]


@pytest.mark.slow
def test_a_skewed_clock_is_a_warning_and_an_unreachable_venue_ends_the_start(tmp_path: Path) -> None:
    with time_server(off_ms=5_000) as server:
        refused = up(tmp_path, NTP_SERVER=server, SIMULATOR_URL=NOWHERE)

    assert refused.returncode == 1
    assert "websocket: ws://127.0.0.1:9/ws/market" in refused.stderr
    assert "tried 3 times" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert looks(tmp_path) == [("configuration", "pass"), ("time sync", "warn"), ("websocket", "fail")]


@pytest.mark.slow
def test_a_good_start_looks_at_everything_in_order(stack: Stack) -> None:
    found = looks(stack.state)

    assert [name for name, _ in found][: len(IN_ORDER)] == IN_ORDER
    assert {verdict for _, verdict in found[: len(IN_ORDER)]} == {"pass"}
    wait_until(lambda: "reconciliation" in dict(looks(stack.state)), what="books compared", timeout_s=90)
    assert dict(looks(stack.state))["reconciliation"] == "pass"


def as_a_container(name: str, **changed: str) -> "subprocess.CompletedProcess[str]":
    """What the compose file runs under this name, run here."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    python, *words = services[name]["command"].split()
    assert python == "python"
    environment = {
        key: text for key, text in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL", "PORT"}
    }
    environment |= {"DJANGO_SETTINGS_MODULE": "polyloly_site.settings", "NTP_SERVER": "off", **changed}
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.mark.slow
def test_a_container_looks_at_all_that_the_launcher_looks_at(stack: Stack) -> None:
    before = len(looks(stack.state))

    looked = as_a_container("look_first", STATE_DIR=str(stack.state), PORT=str(stack.port))

    assert (looked.returncode, looked.stdout) == (0, "it may start\n"), looked.stderr
    # The books may be compared, and logged, meanwhile: that look is the trader's.
    ours = [each for each in looks(stack.state)[before:] if each[0] in IN_ORDER]
    assert ours == [(name, "pass") for name in IN_ORDER]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({}, "the database lacks"),
        ({"DATABASE_URL": "postgres://bot:hunter2@127.0.0.1:1/bot"}, "the database cannot be used"),
        ({"ARMING_REQUIRED": "true", "PAPER_TRADING": "false"}, "the database lacks"),
        ({"VENUE": "moon"}, "VENUE"),
    ],
    ids=["not migrated", "no database", "not migrated, to be armed", "a bad field"],
)
def test_a_container_that_may_not_start_says_why_in_one_line(
    stack: Stack, tmp_path: Path, changed: dict[str, str], sentence: str
) -> None:
    venue = f"http://127.0.0.1:{stack.port + 1}"

    refused = as_a_container("look_first", STATE_DIR=str(tmp_path), SIMULATOR_URL=venue, **changed)

    assert refused.returncode == 1
    assert sentence in refused.stderr
    assert not {"Traceback", "hunter2"} & set(refused.stderr.split())
    assert looks(tmp_path)[-1][1] == "fail"
