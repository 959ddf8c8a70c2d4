"""Settings: exact, overridable, and a start that names every bad one."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.units import SHARE, USDC
from polyloly_site import env
from polyloly_site.env import Mode, Polyloly, Venue

ROOT = env.ROOT


def start(**changed: str) -> "subprocess.CompletedProcess[str]":
    """Start any command with a changed environment."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "polyloly_site.settings", **changed}
    command = [sys.executable, "manage.py", "version"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_the_defaults_are_the_demo() -> None:
    settings = env.load()

    assert settings.mode is Mode.DEMO
    assert settings.start_cash == 10_000 * USDC
    assert settings.limits.daily_loss == 200 * USDC
    assert settings.limits.order_max == 100 * USDC
    assert settings.pair_arb.pair_cost_cap == 9_850
    assert settings.pair_arb.rebalance_shares == 20 * SHARE
    assert settings.pair_arb.naked_leg_max_s == 300_000, "ms inside"
    assert settings.quote_in_play


def test_the_environment_wins_and_reaches_into_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9000")
    monkeypatch.setenv("LIMITS__DAILY_LOSS", "150.5")
    monkeypatch.setenv("limits__order_max", "70")

    settings = env.load()

    assert (settings.port, settings.simulator_port) == (9000, 9001)
    assert settings.limits.daily_loss == 150_500_000
    assert settings.limits.order_max == 70 * USDC
    assert settings.limits.total_exposure == 5_000 * USDC, "the rest of the section stays"


def test_a_secret_may_come_as_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "admin_token").write_text("from-a-file-0123456789\n")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))

    token = env.load().admin_token

    assert token is not None
    assert token.get_secret_value() == "from-a-file-0123456789"


def test_the_venue_decides_where_we_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9000")
    assert env.load().urls.market_ws == "ws://127.0.0.1:9001/ws/market"
    assert env.load().urls.matches_ws == "ws://127.0.0.1:9001/ws/matches"

    monkeypatch.setenv("VENUE", "polymarket")
    settings = env.load()

    assert settings.mode is Mode.PAPER
    assert settings.urls.clob == "https://clob.polymarket.com"
    assert settings.urls.matches_ws is None
    assert not settings.quote_in_play


def test_every_bad_field_is_named_and_the_start_is_refused() -> None:
    refused = start(
        VENUE="kalshi",
        PORT="80",
        SPEED="fast",
        START_CASH="1e4",
        LIMITS__DAILY_LOSS="-5",
        LIMITS__ORDER_MAXX="1",
        ADMIN_TOKEN="short",
        PAIR_ARB__MIN_EDGE="lots",
    )

    assert refused.returncode == 1
    assert refused.stdout == ""
    names = [line.split(":")[0].strip() for line in refused.stderr.splitlines() if line.startswith("  ")]
    assert sorted(names) == [
        "ADMIN_TOKEN",
        "LIMITS__DAILY_LOSS",
        "LIMITS__ORDER_MAXX",
        "PAIR_ARB__MIN_EDGE",
        "PORT",
        "SPEED",
        "START_CASH",
        "VENUE",
    ]
    assert "short" not in refused.stderr.replace("at least", ""), (
        "a secret is not repeated, not even a bad one"
    )
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"VENUE": "polymarket", "PAPER_TRADING": "false", "ARMING_REQUIRED": "false"},
            "ARMING_REQUIRED: .*real money is never spent unarmed",
        ),
        ({"ARMING_REQUIRED": "true"}, "ARMING_REQUIRED: .*on paper there is nothing to arm"),
        ({"SIMULATOR_URL": "https://clob.polymarket.com"}, "SIMULATOR_URL: .*the real venue is no simulator"),
        ({"SIMULATOR_URL": "https://clob.\uff50olymarket.com"}, "SIMULATOR_URL: .*it gets signed orders"),
        ({"SIMULATOR_URL": "https://venue.example.org"}, "SIMULATOR_URL: .*it gets signed orders"),
        ({"SIMULATOR_URL": "http://127.0.0.1@8.8.8.8:8081"}, "SIMULATOR_URL: .*it gets signed orders"),
        ({"SIMULATOR_URL": "http://134744072:8081"}, "SIMULATOR_URL: .*it gets signed orders"),
        ({"SIMULATOR_URL": "http://0x08080808:8081"}, "SIMULATOR_URL: .*it gets signed orders"),
        ({"SIMULATOR_URL": "http://[::ffff:8.8.8.8]:8081"}, "SIMULATOR_URL: .*it gets signed orders"),
        ({"SIMULATOR_URL": "http://169.254.169.254"}, "SIMULATOR_URL: .*it gets signed orders"),
        ({"WALLET_ADDRESS": "0x12"}, "WALLET_ADDRESS: .*must be an address: 0x and 40 hex digits"),
        ({"SIGNATURE_TYPE": "4"}, "SIGNATURE_TYPE: .*less than or equal to 3"),
        ({"VENUE": "polymarket", "SPEED": "10"}, "SPEED other than 1 needs VENUE=simulator"),
        ({"LIMITS__ORDER_MIN": "500"}, "LIMITS: .*order_min 500 is above order_max 100"),
        ({"PUBLIC_ORIGIN": "http://bot.example.org"}, "PUBLIC_ORIGIN: .*must be an origin such as https://"),
        ({"REDIS_URL": "localhost:6379"}, "REDIS_URL: .*must begin with redis://"),
    ],
)
def test_settings_that_do_not_go_together_say_why(
    changed: dict[str, str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in changed.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit, match="1"):
        env.load()

    assert re.search(sentence, capsys.readouterr().err)


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("limits: {daily_loss: 200.5}\n", "LIMITS__DAILY_LOSS: .*text in quotes"),
        ("limts: {}\n", "LIMTS: Extra inputs are not permitted"),
        ("port: [1]\n", "PORT: "),
    ],
)
def test_a_configuration_file_is_held_to_the_same_rules(
    written: str,
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(written)
    files = [*env.config_files(), mine]
    monkeypatch.setattr(env, "config_files", lambda: files)

    with pytest.raises(SystemExit):
        env.load()

    assert re.search(complaint, capsys.readouterr().err)


def test_the_shipped_live_file_names_only_known_settings() -> None:
    import yaml

    live = yaml.safe_load((ROOT / "config" / "live.yaml").read_text())

    assert set(live) <= set(Polyloly.model_fields)


def test_settings_cannot_be_changed_at_run_time() -> None:
    with pytest.raises(ValueError, match="frozen"):
        env.load().venue = Venue.POLYMARKET


def test_processes_that_start_together_share_one_secret_key(tmp_path: Path) -> None:
    settings = env.load().model_copy(update={"state_dir": tmp_path})

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: env.secret_key(settings), range(16)))

    assert len(keys) == 1
    assert len(keys.pop()) > 60
    (path,) = (tmp_path / "var").iterdir()
    assert path.stat().st_mode & 0o077 == 0


def test_one_token_for_two_roles_is_refused() -> None:
    same = "the-same-token-0123456789"

    done = start(ADMIN_TOKEN=same, OPERATOR_TOKEN=same)

    assert done.returncode == 1
    assert "must differ" in done.stderr
    assert same not in done.stderr
