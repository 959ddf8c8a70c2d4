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
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

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


@pytest.fixture(scope="module")
def kept(browser: "Browser", web: WebServer) -> "Iterator[BrowserContext]":
    """Where a module's tests open their first page, one after the other: what a page loads is fetched once."""
    context = new_context(browser, web.origin)
    yield context
    context.close()


def new_context(browser: "Browser", origin: str) -> "BrowserContext":
    context = browser.new_context(base_url=origin, timezone_id="Asia/Seoul")
    context.set_default_timeout(10_000)
    return context


@pytest.fixture
def open_page(
    browser: "Browser", kept: "BrowserContext", origin: str, person: User, redis: Redis
) -> "Iterator[Open]":
    """Open pages as ``person``, logged in by link. A complaint of the browser's console fails the test.

    Each in a tab of its own, and each but the first in a browser of its own.
    """
    pages: list[Page] = []
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
        context = new_context(browser, origin) if pages else kept
        page = context.new_page()
        pages.append(page)
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
        page.emulate_media(reduced_motion="reduce" if calm else "no-preference")
        context.add_cookies([{"name": "theme", "value": theme, "url": origin}])
        page.on("console", lambda said: complain(said, expects))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"/login/once/{onetime.issue(person.pk)}/")
        page.wait_for_url(f"{origin}/")
        page.goto(path)
        return page

    yield opened
    for page in pages[1:]:
        page.context.close()
    for page in [*kept.pages]:
        page.close()
    kept.clear_cookies()
    assert complaints == []
