"""The private key: valid or refused without being repeated, and in one process only."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from polyloly_site import env, keys, launcher, processes
from polyloly_site.env import ROOT, Mode

# Anvil's first key, known to everybody.
KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
EOA = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"


def rehearse(monkeypatch: pytest.MonkeyPatch, **changed: str) -> env.Polyloly:
    for name, value in {"PAPER_TRADING": "false", **changed}.items():
        monkeypatch.setenv(name, value)
    return env.load()


def test_signed_orders_at_the_simulator_are_the_rehearsal(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = rehearse(monkeypatch, PORT="9000", PRIVATE_KEY=KEY)

    assert settings.mode is Mode.REHEARSAL
    assert settings.signs
    assert settings.urls.rpc == "http://127.0.0.1:9001/rpc"
    assert settings.urls.user_ws == "ws://127.0.0.1:9001/ws/user"
    assert settings.account == {"mode": "rehearsal", "name": settings.wallet}


def test_a_rehearsal_may_run_faster_than_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rehearse(monkeypatch, SPEED="20").speed == 20


@pytest.mark.parametrize(("signature_type", "wallet"), [("0", EOA), ("3", None)])
def test_the_wallet_follows_from_the_key(
    signature_type: str, wallet: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = rehearse(monkeypatch, PRIVATE_KEY=KEY, SIGNATURE_TYPE=signature_type).wallet

    assert found is not None
    assert found == (wallet or found)
    assert (found == EOA) == (signature_type == "0"), "a deposit wallet is another address than its owner"


def test_the_sdk_takes_the_derived_wallet_for_a_deposit_wallet_of_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from polymarket._internal.environment import PRODUCTION_CONFIG
    from polymarket._internal.wallet import classify_wallet_type

    wallet = rehearse(monkeypatch, PRIVATE_KEY=KEY).wallet

    assert wallet is not None
    config = PRODUCTION_CONFIG.wallet_derivation
    assert classify_wallet_type(signer=EOA, wallet=wallet, config=config) == "DEPOSIT_WALLET"


@pytest.mark.parametrize(
    "key",
    ["hunter2hunter2hunter2", KEY[:-1], KEY + "0", "0x" + "g" * 64, "0x" + "0" * 64, "0x" + "f" * 64],
)
def test_a_bad_key_is_refused_without_being_repeated(
    key: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        rehearse(monkeypatch, PRIVATE_KEY=key)

    said = capsys.readouterr().err
    assert said.splitlines()[1].startswith("  PRIVATE_KEY: ")
    assert key not in said
    assert key.removeprefix("0x")[:20] not in said


def test_a_key_given_as_the_name_of_its_file_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        rehearse(monkeypatch, PRIVATE_KEY_FILE=KEY)

    said = capsys.readouterr().err
    assert "PRIVATE_KEY_FILE cannot be read" in said
    assert KEY[2:] not in said


def test_a_key_may_come_as_a_file_and_never_shows_in_the_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    path.write_text(KEY.removeprefix("0x").upper() + "\n")

    settings = rehearse(monkeypatch, PRIVATE_KEY_FILE=str(path))

    assert settings.private_key is not None
    assert settings.private_key.get_secret_value() == KEY
    assert KEY[2:] not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


def test_a_process_that_is_not_the_trader_does_not_read_the_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "private_key").write_text(KEY)
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("POLYLOLY_PROCESS", "web")
    assert rehearse(monkeypatch, PRIVATE_KEY_FILE="/nowhere").private_key is None

    monkeypatch.delenv("PRIVATE_KEY_FILE")
    monkeypatch.setenv("POLYLOLY_PROCESS", "trader")
    assert env.load().private_key is not None


def test_the_launcher_makes_a_new_key_for_its_owner_at_each_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = rehearse(monkeypatch, STATE_DIR=str(tmp_path))
    first, second = launcher.with_wallet(settings), launcher.with_wallet(settings)

    assert first.wallet != second.wallet
    assert second.private_key_file is not None
    assert second.private_key_file.stat().st_mode & 0o077 == 0
    assert second.private_key_file.parent.stat().st_mode & 0o077 == 0
    assert second.private_key is not None
    assert second.private_key_file.read_text() == second.private_key.get_secret_value()


def test_a_command_beside_the_stack_learns_the_wallet_that_the_trader_noted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    beside = rehearse(monkeypatch, STATE_DIR=str(tmp_path))
    before = beside.wallet, beside.account

    keys.note_wallet(beside.var_dir, EOA)

    assert before == (None, {"mode": "rehearsal"})
    assert (beside.wallet, beside.account["name"]) == (EOA, EOA)
    monkeypatch.setenv("PAPER_TRADING", "true")
    assert env.load().wallet is None


@pytest.mark.parametrize("name", ["PRIVATE_KEY", "private_key"])
def test_only_the_trader_is_started_with_the_key(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = launcher.with_wallet(rehearse(monkeypatch, STATE_DIR=str(tmp_path), **{name: KEY}))
    started = [processes.embedded_redis(settings), *processes.programs(settings)]

    told = {program.name: {**os.environ, **program.environment} for program in started}
    left = {
        p.name: {k for k in told[p.name] if k not in p.without and "PRIVATE_KEY" in k.upper()}
        for p in started
    }

    assert left.pop("trader") == {name}
    assert set().union(*left.values()) == set()
    wallets = {told[program.name].get("WALLET_ADDRESS") for program in started if program.name != "redis"}
    assert wallets == {settings.wallet}, "the address is no secret: everybody knows it"


def test_on_paper_nobody_gets_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVATE_KEY", KEY)

    assert all("PRIVATE_KEY" in program.without for program in processes.programs(env.load()))


def test_a_live_start_is_refused_in_one_line(tmp_path: Path) -> None:
    told = {"VENUE": "polymarket", "PAPER_TRADING": "false", "PRIVATE_KEY": KEY, "STATE_DIR": str(tmp_path)}
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "polyloly_site.settings", **told}
    command = [sys.executable, "manage.py", "up", "--no-browser"]

    refused = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )

    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert line.startswith("CommandError: live does not start without limits that a person agreed to")
    assert "a risk admin (manage.py make_user NAME --role risk-admin)" in line
    assert line.endswith("a second independent source of matches (has none)")
    assert KEY[2:] not in refused.stderr + refused.stdout


@pytest.mark.parametrize(("paper", "held"), [("true", False), ("false", True)])
def test_a_wallet_is_held_only_where_orders_are_signed(paper: str, *, held: bool, tmp_path: Path) -> None:
    told = {"PAPER_TRADING": paper, "STATE_DIR": str(tmp_path)}
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "polyloly_site.settings", **told}
    asked = "from polyloly_site.settings import CELERY_BEAT_SCHEDULE as s; print(*s)"

    said = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )

    assert ("trading.run_wallet" in said.stdout.split()) is held
    assert "trading.check_venue" in said.stdout.split()
