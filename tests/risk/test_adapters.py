"""Starting a connection to the world anew: who may, what is said, and that whoever runs it is told."""

import json
import threading
from collections.abc import Iterator
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings
from redis import Redis

from infra import restarts
from risk.models import Audit
from tests.risk.conftest import NOON
from tests.risk.http.test_doors import OPERATOR_TOKEN, post, problem, tokens

__all__ = ["tokens"]  # a fixture, used by every test here

pytestmark = pytest.mark.django_db

DISCOVERY = "feed:discovery"


@pytest.fixture
def runs(redis: Redis) -> Redis:
    """Somebody runs discovery since noon."""
    redis.set(restarts.light_key(DISCOVERY), str(NOON))
    return redis


def test_whoever_runs_it_is_told_and_it_is_on_record(client: Client, runs: Redis) -> None:
    answer = post(client, "/admin/restart-adapter?adapter=discovery", token=OPERATOR_TOKEN)

    assert answer.status_code == 202
    said = json.loads(answer.content)
    assert (said["adapter"], said["ran_since_ms"]) == ("discovery", NOON)
    assert runs.get(restarts.wish_key(DISCOVERY)) is not None
    row = Audit.objects.get()
    assert (row.what, row.target, row.outcome, row.reason) == (
        "restart-adapter", "discovery", "done", "by token operator",
    )  # fmt: skip


def test_the_api_does_the_same(client: Client, runs: Redis, olga: User) -> None:
    client.force_login(olga)

    answer = post(client, "/api/v1/adapters/discovery/restart", body={"reason": "list looks old"})

    assert answer.status_code == 202
    assert Audit.objects.get().reason == "list looks old"
    assert runs.get(restarts.wish_key(DISCOVERY)) is not None


def test_all_adapters_are_listed_with_how_long_they_run(client: Client, runs: Redis, vera: User) -> None:
    client.force_login(vera)

    listed = {each["name"]: each["since_ms"] for each in client.get("/api/v1/adapters").json()}

    assert listed == {"discovery": NOON, "matches": None, "polymarket": None}


def test_a_name_nobody_has_names_those_there_are(client: Client, runs: Redis) -> None:
    answer = post(client, "/admin/restart-adapter?adapter=opendata", token=OPERATOR_TOKEN)

    assert answer.status_code == 404
    said = problem(answer)
    assert said["field"] == "adapter"
    assert "there are: discovery, matches, polymarket" in said["detail"]
    assert Audit.objects.get().outcome == "refused"


def test_without_a_name_it_is_said_how_to_give_one(client: Client) -> None:
    answer = post(client, "/admin/restart-adapter", token=OPERATOR_TOKEN)

    assert answer.status_code == 400
    assert problem(answer)["field"] == "adapter"


def test_what_nothing_runs_is_not_restarted(client: Client, runs: Redis) -> None:
    answer = post(client, "/admin/restart-adapter?adapter=matches", token=OPERATOR_TOKEN)

    assert answer.status_code == 409
    assert "nothing runs matches just now" in problem(answer)["detail"]


def test_a_viewer_restarts_nothing(client: Client, runs: Redis, vera: User) -> None:
    client.force_login(vera)

    assert post(client, "/api/v1/adapters/discovery/restart", body={}).status_code == 403
    assert runs.get(restarts.wish_key(DISCOVERY)) is None


def test_without_redis_nobody_is_told_and_it_is_said(client: Client, settings: Settings) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"redis_url": "unix:///nowhere/redis.sock"})

    answer = post(client, "/admin/restart-adapter?adapter=discovery", token=OPERATOR_TOKEN)

    assert answer.status_code == 503
    assert "Redis does not say what runs" in problem(answer)["detail"]
    assert Audit.objects.get().outcome == "refused"


@pytest.fixture
def heeded(runs: Redis) -> Iterator[None]:
    """Whoever runs discovery does what it is told, and runs since a minute later."""
    over = threading.Event()

    def heed() -> None:
        while not over.wait(0.02):
            if runs.getdel(restarts.wish_key(DISCOVERY)) is not None:
                runs.set(restarts.light_key(DISCOVERY), str(NOON + 60_000))

    heeding = threading.Thread(target=heed)
    heeding.start()
    yield
    over.set()
    heeding.join()


@pytest.mark.usefixtures("heeded")
def test_the_command_waits_until_it_runs_again() -> None:
    out = StringIO()

    call_command("restart_adapter", "discovery", stdout=out)

    assert out.getvalue().strip() == "discovery restarted: it runs since 2025-11-01 12:01:00 UTC"
    assert Audit.objects.get().who.startswith("shell of ")


@pytest.mark.usefixtures("runs")
def test_the_command_says_when_it_does_not_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from risk.management.commands import restart_adapter

    monkeypatch.setattr(restart_adapter, "RUNS_WITHIN_MS", 0)

    with pytest.raises(CommandError, match="does not run again"):
        call_command("restart_adapter", "discovery")


@pytest.mark.usefixtures("runs")
def test_the_command_names_those_there_are() -> None:
    with pytest.raises(CommandError, match="there are: discovery, matches, polymarket"):
        call_command("restart_adapter", "opendata")
