"""``/api/v1/breakers`` and resuming a market over HTTP."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from risk import selectors
from tests.risk.conftest import MARKET, NOON, after
from tests.risk.limits.test_breakers import a_trip, closed, half_opened, opened

pytestmark = pytest.mark.django_db
PATH = "/api/v1/breakers"


@pytest.fixture
def browser(olga: User) -> Client:
    client = Client()
    client.force_login(olga)
    return client


def asked(browser: Client, **query: Any) -> Any:
    answer = browser.get(PATH, query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_nobody_sees_them_without_a_log_in() -> None:
    assert Client().get(PATH).status_code == 401


def test_a_breaker_is_shown_with_why_and_until_when(browser: Client) -> None:
    opened()
    half_opened(at=after(300_000))

    (shown,) = asked(browser)["items"]

    assert shown == {
        "id": shown["id"],
        "market_id": MARKET,
        "state": "half_open",
        "code": "rejects",
        "detail": "3 rejects in a row",
        "tripped": 1,
        "opened_ms": NOON,
        "until_ms": after(300_000),
        "half_open_ms": after(300_000),
        "ended_ms": None,
        "ended_reason": None,
    }


def test_history_and_what_is_in_force_are_told_apart(browser: Client) -> None:
    opened()
    closed(at=after(301_000))
    assert [each["state"] for each in asked(browser)["items"]] == ["closed"]

    assert asked(browser, in_force=True) == {"items": [], "next_cursor": None}
    opened(at=after(900_000))

    assert [each["state"] for each in asked(browser)["items"]] == ["open", "closed"]
    assert [each["state"] for each in asked(browser, in_force=True)["items"]] == ["open"]


def test_they_come_in_pages(browser: Client) -> None:
    for number in range(3):
        at = after(number * 1_000_000)
        opened(at=at)
        closed(a_trip(at=at), at=at)

    first = asked(browser, limit=2)
    second = asked(browser, limit=2, cursor=first["next_cursor"])

    assert len(first["items"]) == 2
    assert (len(second["items"]), second["next_cursor"]) == (1, None)


def test_resuming_a_market_ends_its_breaker_though_no_halt_is_in_force(browser: Client, market: str) -> None:
    opened()
    token = browser.get("/").cookies.get("csrftoken")
    headers = {} if token is None else {"X-CSRFToken": token.value}

    body = {"reason": "the tick was wrong"}
    answer = browser.post(
        f"/api/v1/markets/{market}/resume", body, content_type="application/json", headers=headers
    )

    assert answer.status_code == 200, answer.content
    assert selectors.breakers_in_force() == ()
