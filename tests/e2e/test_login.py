"""The link of the launcher, in a browser."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from redis import Redis

from infra import onetime
from tests.e2e.faketrader import FakeTrader

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_a_link_logs_in_by_itself_and_only_once(
    browser: "Browser", origin: str, person: User, redis: Redis, trader: FakeTrader
) -> None:
    link = f"{origin}/login/once/{onetime.issue(person.pk)}/"
    first = browser.new_page()
    first.goto(link)
    first.wait_for_url(f"{origin}/")

    second = browser.new_page()
    second.goto(link)
    second.get_by_text("This link was used").wait_for()

    assert first.get_by_role("heading", name="Needs you").is_visible()
    first.close()
    second.close()


def test_without_scripts_the_link_works_by_its_button(
    browser: "Browser", origin: str, person: User, redis: Redis
) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(f"{origin}/login/once/{onetime.issue(person.pk)}/")

    page.get_by_role("button", name="Log in").click()

    page.get_by_role("heading", name="Needs you").wait_for()
    assert page.url == f"{origin}/"
    page.close()


def test_another_site_may_not_open_the_websocket(browser: "Browser", origin: str, person: User) -> None:
    page = browser.new_page()
    page.route(
        "https://evil.example/", lambda route: route.fulfill(body="<p>evil</p>", content_type="text/html")
    )
    page.goto("https://evil.example/")

    outcome = page.evaluate(
        """(url) => new Promise((done) => {
            const socket = new WebSocket(url);
            socket.onopen = () => done("open");
            socket.onerror = () => done("refused");
        })""",
        origin.replace("http", "ws") + "/ws/console/",
    )

    assert outcome == "refused"
    page.close()
