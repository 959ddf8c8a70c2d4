"""What real money must not start without is counted, at each start, and never assumed."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from feeds import origins
from polyloly_site import launcher
from polyloly_site.env import ROOT, Mode, Venue
from polyloly_site.launcher import CannotStart
from risk.access.people import Role
from risk.limits import limits
from tests.risk.conftest import NOON, RISK_ADMIN, with_role
from trading.health import going_live

pytestmark = pytest.mark.django_db
TWO: Final = ("opendota", "pandascore")


@pytest.fixture
def live(settings: Settings) -> Settings:
    chosen = {"paper_trading": False, "venue": Venue.POLYMARKET, "wallet_address": "0x" + "ab" * 20}
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update=chosen)
    assert settings.POLYLOLY.mode is Mode.LIVE
    return settings


def with_sources(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(origins, "RUN", {"simulator": ("simulator",), "polymarket": names})


def with_people_and_limits() -> None:
    with_role(User.objects.create_user("rita"), Role.RISK_ADMIN)
    limits.agree_first(at=NOON)
    limits.agree(reason="read them", by=RISK_ADMIN, at=NOON)


@pytest.mark.usefixtures("live")
def test_with_everything_it_may_start(monkeypatch: pytest.MonkeyPatch) -> None:
    with_sources(monkeypatch, *TWO)
    with_people_and_limits()

    assert going_live.refusal() is None


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize(
    "names", [(), ("steam",), ("steam", "opendota"), ("polymarket_sports", "pandascore")]
)
def test_two_sources_of_one_origin_are_one(names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    with_sources(monkeypatch, *names)
    with_people_and_limits()

    refusal = going_live.refusal()

    assert refusal is not None
    assert refusal.startswith("live does not start without a second independent source of matches")


@pytest.mark.usefixtures("live")
def test_limits_nobody_has_agreed_to_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with_sources(monkeypatch, *TWO)
    with_role(User.objects.create_user("rita"), Role.RISK_ADMIN)
    limits.agree_first(at=NOON)

    assert going_live.missing() == ["limits that a person agreed to (manage.py agree_limits --reason R)"]


@pytest.mark.usefixtures("live")
def test_a_risk_admin_who_was_let_go_counts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    with_sources(monkeypatch, *TWO)
    with_people_and_limits()
    User.objects.update(is_active=False)

    assert going_live.missing() == ["a risk admin (manage.py make_user NAME --role risk-admin)"]


def test_without_anything_to_arm_nothing_is_missing(settings: Settings) -> None:
    assert not settings.POLYLOLY.needs_arming
    assert going_live.refusal() is None


def test_a_rehearsal_is_armed_by_the_same_rule_with_its_one_source(settings: Settings) -> None:
    chosen = {"paper_trading": False, "arming_required": True, "wallet_address": "0x" + "ab" * 20}
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update=chosen)

    assert len(going_live.missing()) == 2
    with_people_and_limits()
    assert going_live.missing() == []


def test_every_source_has_an_origin() -> None:
    assert {source for run in origins.RUN.values() for source in run} <= set(origins.ORIGIN)
    assert {venue.value for venue in Venue} == set(origins.RUN)


def test_live_without_a_key_says_where_to_put_it(live: Settings) -> None:
    with pytest.raises(CannotStart, match="live needs the wallet's key: set PRIVATE_KEY_FILE"):
        launcher.with_wallet(live.POLYLOLY)


@pytest.mark.timeout(120)
def test_a_trader_that_is_started_by_hand_is_refused_in_the_same_line(tmp_path: Path) -> None:
    told = {"PAPER_TRADING": "false", "ARMING_REQUIRED": "true", "PRIVATE_KEY": "0x" + "47" * 32}
    settings = {"STATE_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "polyloly_site.settings"}

    def manage(*words: str) -> "subprocess.CompletedProcess[str]":
        command, environment = [sys.executable, "manage.py", *words], {**os.environ, **told, **settings}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert manage("migrate", "-v0").returncode == 0
    refused = manage("run_shard", "0")

    assert refused.returncode == 1
    assert "rehearsal does not start without limits that a person agreed to" in refused.stderr
    assert "Traceback" not in refused.stderr
