"""``manage.py run_shard N``: one shard in the foreground, on a Redis, a database and a simulator and nothing else."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tests import servers
from tests.ports import free_port
from tests.servers import wait_until

ROOT: Final = Path(__file__).resolve().parents[3]
KEY: Final = "0x" + "47" * 32


class Desk:
    """What the command needs, and the command."""

    def __init__(self, state: Path, redis_url: str) -> None:
        self.state = state
        self.env = os.environ | {
            "STATE_DIR": str(state),
            "REDIS_URL": redis_url,
            "PORT": str(free_port()),
            "SPEED": "4",
            "PAPER_TRADING": "false",
            "PRIVATE_KEY": KEY,
            "DJANGO_SETTINGS_MODULE": "polyloly_site.settings",
        }

    def manage(self, *words: str) -> "subprocess.Popen[bytes]":
        with (self.state / f"{words[0]}.out").open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "manage.py", *words], cwd=ROOT, env=self.env, stdout=out, stderr=out
            )

    def asked(self, question: str) -> int:
        """The database's answer; -1 while it gives none."""
        with (
            suppress(sqlite3.Error),
            closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as rows,
        ):
            return int(rows.execute(question).fetchone()[0])
        return -1

    @property
    def database(self) -> Path:
        return next(self.state.glob("**/*.sqlite3"))

    def said(self, command: str) -> str:
        return (self.state / f"{command}.out").read_text()


@contextmanager
def ending(process: "subprocess.Popen[bytes]") -> Iterator["subprocess.Popen[bytes]"]:
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=10)


@pytest.fixture
def desk(tmp_path: Path, redis_server: servers.Valkey) -> Iterator[Desk]:
    made = Desk(tmp_path, redis_server.url)
    assert made.manage("migrate", "-v0").wait(timeout=60) == 0, made.said("migrate")
    with ending(made.manage("run_simulator")):
        wait_until(lambda: made.manage("discover_markets").wait(timeout=60) == 0, what="markets found")
        yield made


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_it_trades_refuses_a_second_and_ends_by_term_with_0(desk: Desk) -> None:
    with ending(desk.manage("run_shard", "0")) as shard:
        wait_until(
            lambda: desk.asked("select count(*) from trading_order") > 0, what="an order", timeout_s=60
        )
        with ending(desk.manage("run_shard", "0")) as second:
            assert second.wait(timeout=60) == 1
        assert f"process {shard.pid} runs it" in desk.said("run_shard")

        shard.send_signal(signal.SIGTERM)

        assert shard.wait(timeout=15) == 0, desk.said("run_shard")
    assert desk.asked("select count(*) from trading_order where closed_ms is null") == 0
    assert KEY[2:] not in desk.said("run_shard")


def test_without_a_key_it_says_which_setting_is_missing(settings: Any) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"paper_trading": False, "private_key": None})

    with pytest.raises(CommandError, match="PRIVATE_KEY_FILE"):
        call_command("run_shard", "0")
