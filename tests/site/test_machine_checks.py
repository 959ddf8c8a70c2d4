"""Time, disk, configuration, versions: each says what is wrong, the figure, and what to do."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings

from infra.checks import Verdict
from polyloly_site import machine_checks, time_sync
from tests.timeservers import time_server
from trading.health import findings

Change = Callable[..., None]


@pytest.fixture
def change(settings: Settings) -> Change:
    """Run with other settings than the files say."""

    def changed(**fields: Any) -> None:
        settings.POLYLOLY = settings.POLYLOLY.model_copy(update=fields)

    return changed


@pytest.mark.usefixtures("redis")
@pytest.mark.parametrize(
    ("off_ms", "verdict", "words"),
    [(0, Verdict.PASS, "by 127.0.0.1"), (5_000, Verdict.WARN, "behind"), (-5_000, Verdict.WARN, "ahead of")],
)
def test_a_clock_that_is_a_second_off_is_a_warning_on_paper(
    change: Change, off_ms: int, verdict: Verdict, words: str
) -> None:
    with time_server(off_ms=off_ms) as server:
        change(ntp_server=server)
        time_sync.ask()

    found = time_sync.check()

    assert (found.verdict, words in found.detail) == (verdict, True)
    assert bool(found.next_step) is (verdict is Verdict.WARN)
    assert found.age_ms is not None


@pytest.mark.parametrize(
    ("off_ms", "verdict"), [(1_000, Verdict.PASS), (1_001, Verdict.WARN), (-1_001, Verdict.WARN)]
)
def test_one_second_is_the_border(off_ms: int, verdict: Verdict) -> None:
    assert time_sync.judged(off_ms, "pool").verdict is verdict


def test_without_a_network_it_is_a_warning_with_a_next_step_also_without_redis(change: Change) -> None:
    change(ntp_server="no.such.name.invalid")
    time_sync.ask()

    found = time_sync.check()
    time_sync._unkept.clear()

    assert found.verdict is Verdict.WARN
    assert "no.such.name.invalid" in found.detail
    assert "NTP_SERVER" in found.next_step


@pytest.mark.usefixtures("redis")
def test_a_server_is_asked_only_when_it_is_due(change: Change) -> None:
    with time_server(off_ms=5_000) as server:
        change(ntp_server=server)
        time_sync.ask_when_due()
        first = findings.read(time_sync.NAME)
        time_sync.ask_when_due()

        assert first is not None
        assert findings.read(time_sync.NAME) == first


@pytest.mark.parametrize(
    ("needed_mb", "verdict"), [(1, Verdict.PASS), (10**9, Verdict.FAIL)], ids=["room", "none"]
)
def test_a_full_disk_fails(settings: Settings, change: Change, needed_mb: int, verdict: Verdict) -> None:
    alerts = settings.POLYLOLY.alerts.model_copy(update={"disk_free_min_mb": needed_mb})
    change(alerts=alerts)

    found = machine_checks.disk()

    assert found.verdict is verdict
    assert bool(found.next_step) is (verdict is Verdict.FAIL)


def test_configuration_as_it_was_at_the_start_passes() -> None:
    assert machine_checks.configuration().verdict is Verdict.PASS


def test_a_setting_changed_since_the_start_is_named(change: Change) -> None:
    change(seed=7)

    found = machine_checks.configuration()

    assert (found.verdict, "SEED" in found.detail) == (Verdict.WARN, True)


def test_what_the_next_start_would_refuse_fails_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMITS__DAILY_LOSS", "-1")

    found = machine_checks.configuration()

    assert found.verdict is Verdict.FAIL
    assert "LIMITS__DAILY_LOSS" in found.detail


@pytest.mark.django_db
@pytest.mark.usefixtures("redis")
def test_versions_are_the_locked_ones_and_named() -> None:
    found = machine_checks.versions()

    assert found.verdict is Verdict.PASS, found.detail
    assert "django 5.2" in found.detail
    assert "Redis unknown" not in found.detail


@pytest.mark.django_db
@pytest.mark.usefixtures("redis")
def test_a_package_that_is_not_the_locked_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_checks, "pinned", lambda: {"celery": "0.1", "ntplib": "0.4.0"})

    found = machine_checks.versions()

    assert found.verdict is Verdict.WARN
    assert "instead of 0.1" in found.detail
    assert "ntplib" not in found.detail
