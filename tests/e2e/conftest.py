"""The stack of the browser tests: web server, Redis and database are real, the trader is ours."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from pytest_django.plugin import DjangoDbBlocker
from redis import Redis

from infra import onetime
from tests.e2e.fakerunner import FakeRunner
from tests.e2e.faketrader import FakeTrader
from tests.e2e.webserver import WebServer, web_server
from tests.servers import Valkey

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 375, "height": 812}
Open = Callable[..., "Page"]


@pytest.fixture(scope="session")
def web(
    redis_server: Valkey, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[WebServer]:
    """A running web server on the tests' database."""
    with (
        tempfile.TemporaryDirectory(prefix="pl-e2e-") as state,
        django_db_blocker.unblock(),
        web_server(redis_server.url, Path(state)) as server,
    ):
        yield server


@pytest.fixture
def origin(web: WebServer) -> str:
    return web.origin


@pytest.fixture
def person(transactional_db: None) -> User:
    return User.objects.create_superuser("ada")


@pytest.fixture
def trader(redis: Redis) -> Iterator[FakeTrader]:
    with FakeTrader() as talking:
        yield talking


@pytest.fixture
def runner(person: User) -> Iterator[FakeRunner]:
    with FakeRunner() as answering:
        yield answering


@pytest.fixture
def open_page(browser: "Browser", origin: str, person: User, redis: Redis) -> Iterator[Open]:
    """Open pages as ``person``, logged in by link. A complaint of the browser's console fails the test."""
    contexts = []
    complaints: list[str] = []

    def complain(said: "ConsoleMessage", expects: tuple[str, ...]) -> None:
        if said.type == "error" and not any(word in said.text for word in expects):
            complaints.append(said.text)

    def opened(
        path: str = "/",
        *,
        size: dict[str, int] = DESK,
        theme: str = "dark",
        calm: bool = True,
        expects: tuple[str, ...] = (),
    ) -> "Page":
        context = browser.new_context(
            base_url=origin,
            viewport={"width": size["width"], "height": size["height"]},
            reduced_motion="reduce" if calm else "no-preference",
            timezone_id="Asia/Seoul",
        )
        context.add_cookies([{"name": "theme", "value": theme, "url": origin}])
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("console", lambda said: complain(said, expects))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"/login/once/{onetime.issue(person.pk)}/")
        page.wait_for_url(f"{origin}/")
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
