"""Health, metrics and headers, through the site's own routes."""

import json
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from pytest_django import Settings
from redis import Redis

from infra import checks, heartbeat, loops, metrics
from infra.checks import Check, failed, passed, warned

TOKEN = "scraper-0123456789abcdef"


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[[Check], None]:
    """Leave one check in the registry."""

    def leave(check: Check) -> None:
        monkeypatch.setattr(checks, "_checks", {check.name: (lambda: check, check.area)})

    return leave


def test_live_asks_nobody(client: Client) -> None:
    answer = client.get("/health/live")

    assert (answer.status_code, answer.json()) == (200, {"status": "live", "mode": "demo"})


@pytest.mark.parametrize(
    ("check", "status"),
    [
        (passed("thing", "fine"), 200),
        (warned("thing", "odd", "look"), 200),
        (failed("thing", "broken", "mend it"), 503),
    ],
)
def test_ready_is_503_when_a_check_fails(
    client: Client, only: Callable[[Check], None], check: Check, status: int
) -> None:
    only(check)

    answer = client.get("/health/ready")

    assert answer.status_code == status
    assert answer.json()["checks"] == [
        {
            "name": "thing",
            "area": "services",
            "verdict": check.verdict,
            "detail": check.detail,
            "age_ms": None,
            "next_step": check.next_step,
        }
    ]


@pytest.mark.django_db
def test_the_sites_own_checks_find_a_missing_redis(client: Client) -> None:
    found = {check["name"]: check["verdict"] for check in client.get("/health/ready").json()["checks"]}

    assert found["database"] == "pass"
    assert found["migrations"] == "pass"
    assert found["redis"] == "fail"
    assert found["workers"] == "fail"


@pytest.mark.django_db
@pytest.mark.usefixtures("redis")
def test_a_silent_process_is_named(client: Client) -> None:
    for process in ("web", "trader", "feeds", "beat", "simulator"):
        heartbeat.beat(process, since_ms=1)

    found = {check["name"]: check for check in client.get("/health/ready").json()["checks"]}

    assert found["redis"]["verdict"] == "pass"
    assert found["workers"]["detail"] == "silent: ops"


@pytest.mark.django_db
def test_a_loop_that_does_not_turn_is_named(client: Client, redis: Redis) -> None:
    for name in ("shard:0", "feed:matches"):
        redis.set(loops.pulse_key(name), "1,1", px=5_000)

    found = {check["name"]: check for check in client.get("/health/ready").json()["checks"]}

    assert found["loops"]["detail"] == "not turning: feed:discovery"


@pytest.mark.django_db
@pytest.mark.usefixtures("redis")
def test_metrics_are_one_text_of_all_processes(client: Client) -> None:
    metrics.PHANTOM_PAIRS.inc(0)
    metrics.push("trader:1")

    answer = client.get("/metrics", SERVER_NAME="127.0.0.1")

    families = [family.name for family in text_string_to_metric_families(answer.content.decode())]
    assert len(families) == len(set(families)), "no family twice"
    assert {"polyloly_phantom_pairs", "python_info"} <= set(families)


@pytest.mark.django_db
@pytest.mark.usefixtures("redis")
@pytest.mark.parametrize(
    ("headers", "address", "status"),
    [
        ({}, "127.0.0.1", 200),
        ({}, "::1", 200),
        ({}, "10.0.0.9", 401),
        ({"X-Forwarded-For": "127.0.0.1"}, "127.0.0.1", 401),
        ({"X-Forwarded-Proto": "https"}, "127.0.0.1", 401),
        ({"Via": "1.1 proxy"}, "127.0.0.1", 401),
        ({"Authorization": f"Bearer {TOKEN}"}, "10.0.0.9", 200),
        ({"Authorization": "Bearer wrong"}, "10.0.0.9", 401),
        ({"Authorization": TOKEN}, "10.0.0.9", 401),
    ],
)
def test_metrics_are_open_on_loopback_and_need_a_token_elsewhere(
    client: Client, settings: Settings, headers: dict[str, str], address: str, status: int
) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"metrics_token": SecretStr(TOKEN)})

    assert (
        client.get("/metrics", headers=headers, REMOTE_ADDR=address, SERVER_NAME="127.0.0.1").status_code
        == status
    )


def test_without_a_token_set_none_is_good(client: Client) -> None:
    answer = client.get("/metrics", headers={"Authorization": "Bearer "}, REMOTE_ADDR="10.0.0.9")

    assert answer.status_code == 401


def test_pages_load_nothing_from_elsewhere(client: Client) -> None:
    policy = client.get("/health/live").headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_the_admin_theme_gets_what_it_needs_and_only_there(client: Client) -> None:
    policy = client.get("/admin/login/").headers["Content-Security-Policy"]

    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize(
    ("check", "code"), [(passed("a", ""), 0), (failed("a", "", "act"), 1), (warned("a", "", "look"), 2)]
)
def test_the_command_tells_its_verdict_by_exit_code(
    only: Callable[[Check], None], check: Check, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    only(check)

    with pytest.raises(SystemExit) as ended:
        call_command("healthcheck")

    assert ended.value.code == code
    assert check.verdict.upper() in capsys.readouterr().out


def test_the_command_speaks_json(only: Callable[[Check], None], capsys: pytest.CaptureFixture[str]) -> None:
    only(failed("redis", "away", "start it"))

    with pytest.raises(SystemExit):
        call_command("healthcheck", "--json")

    assert json.loads(capsys.readouterr().out) == [
        {
            "name": "redis",
            "verdict": "fail",
            "detail": "away",
            "next_step": "start it",
            "age_ms": None,
            "area": "services",
        }
    ]


@pytest.mark.usefixtures("redis")
def test_a_process_can_be_asked_for_alone(capsys: pytest.CaptureFixture[str]) -> None:
    heartbeat.beat("trader", since_ms=1)

    for process, code in (("trader", 0), ("feeds", 1)):
        with pytest.raises(SystemExit) as ended:
            call_command("healthcheck", "--process", process)
        assert ended.value.code == code
