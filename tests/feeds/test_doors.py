"""Feeds' doors: commands in the foreground, Celery's tasks, the Django admin."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings as site
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from core.units import Ms
from feeds import services
from feeds.listings import SourceStatus
from feeds.models import Market
from polyloly_site.env import Venue
from simulator import server
from simulator.world import World
from tests.feeds.builders import a_listing, described
from tests.feeds.gamma import NOON, FakeGamma, a_gamma, a_market, an_event
from tests.servers import Valkey, wait_until

ROOT = Path(__file__).parents[2]


async def command(name: str, *arguments: str) -> str:
    """Run a command on a thread with a database connection of its own; returns what it printed."""

    def call() -> str:
        try:
            return str(call_command(name, *arguments))
        finally:
            connections.close_all()

    return await asyncio.to_thread(call)


def at(fake: FakeGamma, settings: Settings) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"simulator_url": fake.url})


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("redis")
async def test_discover_markets_reads_the_list_once_and_sums_it_up(settings: Settings) -> None:
    async with a_gamma() as gamma:
        at(gamma, settings)
        gamma.events = [an_event(a_market(1), a_market(2, sportsMarketType="totals"))]

        printed = await command("discover_markets")

    assert printed.splitlines() == [
        "1 markets read: 1 new, 0 changed",
        "0 refused, 0 gone",
        "1 can be traded",
        "skipped 1: totals",
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("redis")
async def test_discover_markets_fails_with_the_venues_words(settings: Settings) -> None:
    async with a_gamma() as gamma:
        at(gamma, settings)
    with pytest.raises(CommandError, match="GET http"):
        await command("discover_markets")


@pytest.mark.parametrize(("name", "venue"), [("gossip", Venue.SIMULATOR), ("matches", Venue.POLYMARKET)])
def test_run_source_refuses_a_source_that_is_not_there(name: str, venue: Venue, settings: Settings) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"venue": venue})

    with pytest.raises(CommandError, match=name):
        call_command("run_source", name)


async def test_run_source_listens_until_told_to_stop(tmp_path: Path, redis_server: Valkey) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "polyloly_site.settings",
        "STATE_DIR": str(tmp_path),
        "REDIS_URL": redis_server.url,
    }
    manage = [sys.executable, str(ROOT / "manage.py")]
    async with server.listening(server.application(World(7, NOON)), 0) as port:
        environment["SIMULATOR_URL"] = f"http://{server.HOST}:{port}"
        await asyncio.to_thread(subprocess.run, [*manage, "migrate", "-v0"], env=environment, check=True)
        process = await asyncio.create_subprocess_exec(*manage, "run_source", "matches", env=environment)
        try:
            await asyncio.to_thread(wait_until, logged(tmp_path, "match feed connected"), what="connected")
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(10):
                assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def logged(state: Path, phrase: str) -> Callable[[], bool]:
    lines = state / "logs" / "bot.jsonl"
    return lambda: lines.exists() and phrase in lines.read_text()


def test_beat_asks_for_tasks_that_exist() -> None:
    asked = {str(entry["task"]) for entry in site.CELERY_BEAT_SCHEDULE.values()}
    asked = {task for task in asked if task.startswith("feeds.")}

    assert asked == {"feeds.discover", "feeds.run_source"}
    current_app.loader.import_default_modules()
    assert asked <= set(current_app.tasks)


@pytest.mark.django_db
@pytest.mark.parametrize("model", ["market", "outcome", "match", "sourcehealth"])
def test_the_admin_shows_every_model(model: str, client: Client) -> None:
    services.save_listings([described(a_listing())], heard_ms=NOON)
    services.record_health("matches", SourceStatus.CONNECTED, Ms(NOON), "fine", at_ms=NOON)
    client.force_login(User.objects.create_superuser("ada"))

    page = client.get(
        reverse(f"admin:feeds_{model}_changelist"), {"q": "Red" if model != "sourcehealth" else ""}
    )

    assert page.status_code == 200
    assert (b"Red" if model != "sourcehealth" else b"matches") in page.content
    assert Market.objects.count() == 1
