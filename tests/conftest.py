"""Fixtures that every test may use: the real Redis, the real PostgreSQL, a real browser."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import hypothesis
import pytest
from django.db.backends.sqlite3.base import DatabaseOperations  # type: ignore[attr-defined] # it imports them
from pytest_django import Settings

from infra import append_only_tables
from infra import redis as infra_redis
from infra.redis import Db
from tests import servers
from tests.examples import examples
from tests.stacks import Stack, running

QUICK_BETWEEN: Final = 12  # files, between two with slow tests


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    never_two_of_one_id(items)
    begin_the_slow_early(items)


def begin_the_slow_early(items: list[pytest.Item]) -> None:
    """Files with slow tests are spread over the first part: one that began last would keep a worker busy while the
    others are done, and all of them at once would be many stacks on two cores."""
    slow = dict.fromkeys(item.path for item in items if item.get_closest_marker("slow"))
    quick = dict.fromkeys(item.path for item in items if item.path not in slow)
    place: dict[Path, float] = {path: number for number, path in enumerate(quick)}
    place |= {path: number * QUICK_BETWEEN - 0.5 for number, path in enumerate(slow)}
    items.sort(key=lambda item: place[item.path])


def never_two_of_one_id(items: list[pytest.Item]) -> None:
    """No two tests under one id: run side by side only the first of them would run, and nobody would be told.

    Schemathesis names each endpoint's test and leaves the id without the name.
    """
    shared = {name for name, count in Counter(item.nodeid for item in items).items() if count > 1}
    for item in items:
        if item.nodeid in shared and item.parent is not None:
            item._id = item.id.parse(f"{item.parent.nodeid}::{item.name}")
    again = [name for name, count in Counter(item.nodeid for item in items).items() if count > 1]
    if again:
        raise pytest.UsageError(f"two tests under one id, of which one would never run: {', '.join(again)}")


if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from redis import Redis

# An example may be slow because somebody else is busy.
hypothesis.settings.register_profile("house", deadline=None, max_examples=examples(100))
hypothesis.settings.load_profile("house")


@pytest.fixture(scope="session", autouse=True)
def flushable_audit() -> Iterator[None]:
    """Django's flush between tests is a DELETE on SQLite, which the audit's triggers refuse: drop them first.

    ``post_migrate``, which ends every flush, makes them again. On PostgreSQL a flush is a TRUNCATE, which they let be.
    """
    usual = DatabaseOperations.execute_sql_flush

    def without_triggers(self: DatabaseOperations, sql_list: list[str]) -> None:
        drops = [
            f"DROP TRIGGER IF EXISTS {append_only_tables.trigger('risk_audit', verb)}"
            for verb in append_only_tables.VERBS
        ]
        usual(self, [*drops, *sql_list])

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(DatabaseOperations, "execute_sql_flush", without_triggers)
        yield


@pytest.fixture(scope="session")
def redis_server() -> Iterator[servers.Valkey]:
    """A Valkey that this test process started."""
    with servers.valkey() as server:
        yield server


@pytest.fixture
def redis(redis_server: servers.Valkey, settings: Settings) -> "Iterator[Redis]":
    """An empty real Redis that ``infra.redis`` talks to; yields the client of the bus database."""
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"redis_url": redis_server.url})
    layer = {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [infra_redis.url(Db.CHANNELS)]},
    }
    settings.CHANNEL_LAYERS = {"default": layer}
    client = infra_redis.client(Db.BUS)
    client.flushall()
    yield client
    client.flushall()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of an empty database on a PostgreSQL that this test process started."""
    with servers.postgres() as url:
        yield url


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """A browser's path. None to be had: the test skips loudly, and with ``CI=true`` it fails."""
    path = servers.find_browser()
    if path is None and os.environ.get("CI") == "true":
        pytest.fail(servers.BROWSER_HINT)
    if path is None:
        pytest.skip(servers.BROWSER_HINT)
    return path


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> "Iterator[Browser]":
    """A headless Chromium. A module at a time: Playwright's loop would stop later asyncio tests."""
    from playwright.sync_api import sync_playwright

    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium_path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield launched
        launched.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A whole running polyloly in demo mode, started by ``manage.py up``. It keeps half a core busy while it runs."""
    with running() as started:
        yield started
