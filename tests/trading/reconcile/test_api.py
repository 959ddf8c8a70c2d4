"""Reconciliations over HTTP: what was found, what was done, by whom, and who may do it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from celery import current_app
from django.test import Client
from kombu.exceptions import OperationalError
from pydantic import SecretStr
from pytest_django import Settings

from core.units import shares
from tests.risk.http.test_doors import ADMIN_TOKEN, OPERATOR_TOKEN, post, problem
from tests.trading.reconcile.conftest import LEG, Books

pytestmark = pytest.mark.django_db
AT = "/api/v1/reconciliations"
BEARER = {"Authorization": f"Bearer {OPERATOR_TOKEN}"}
Made = Callable[..., Books]


@pytest.fixture(autouse=True)
def tokens(settings: Settings) -> None:
    both = {"operator_token": SecretStr(OPERATOR_TOKEN), "admin_token": SecretStr(ADMIN_TOKEN)}
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update=both)


def get(client: Client, path: str = "") -> Any:
    return json.loads(client.get(AT + path, headers=BEARER).content)


def act(client: Client, path: str, body: object, token: str = ADMIN_TOKEN) -> Any:
    return post(client, AT + path, token=token, body=body)


@pytest.fixture
def differing(books: Made) -> Books:
    here = books()
    here.held[LEG] -= int(shares("4"))
    here.twice()
    return here


def test_runs_are_listed_and_each_shows_what_it_found(client: Client, differing: Books) -> None:
    listed = get(client)["items"]
    whole = get(client, f"/{listed[0]['id']}")

    assert [(run["clean"], run["differing"], run["mismatches"]) for run in listed] == [
        (False, 1, 1),
        (False, 1, 0),
    ]
    (found,) = whole["differences"]
    assert (found["kind"], found["mismatch"], found["ours"], found["theirs"]) == (
        "wrong_balance",
        True,
        "10",
        "6",
    )
    assert found["evidence"]["unexplained"] == "-4 yes"
    assert found["resolution"] is None
    assert get(client, "?clean=true")["items"] == []


def test_a_risk_admin_resolves_and_the_record_says_so(client: Client, differing: Books) -> None:
    number = get(client, f"/{get(client)['items'][0]['id']}")["differences"][0]["id"]

    refused = act(client, f"/differences/{number}/resolve", {"reason": "mine"}, OPERATOR_TOKEN)
    answer = act(client, f"/differences/{number}/resolve", {"reason": "counted"})
    again = act(client, f"/differences/{number}/resolve", {"reason": "counted"})

    assert refused.status_code == 403
    assert answer.status_code == 200, answer.content
    made = json.loads(answer.content)
    assert (made["how"], made["reason"]) == ("adjusted", "counted")
    assert (made["before"]["shares"], made["after"]["shares"]) == ("10", "6")
    assert again.status_code == 409
    assert "resolved before" in problem(again)["detail"]
    assert get(client, "/resolutions")["items"] == [made]


@pytest.mark.parametrize("path", ["/4711", "/differences/4711/resolve"])
def test_an_unknown_number_is_404(client: Client, path: str) -> None:
    answer = (
        act(client, path, {"reason": "x"})
        if path.endswith("resolve")
        else client.get(AT + path, headers=BEARER)
    )

    assert answer.status_code == 404
    assert "4711" in problem(answer)["detail"]


def test_a_resolution_needs_a_reason(client: Client, differing: Books) -> None:
    number = get(client, f"/{get(client)['items'][0]['id']}")["differences"][0]["id"]

    assert act(client, f"/differences/{number}/resolve", {"reason": ""}).status_code == 422
    assert act(client, f"/differences/{number}/resolve", {"reason": " "}).status_code == 400


def test_without_a_queue_nobody_can_be_told_to_run(
    client: Client, differing: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue is kept open by whatever used it before in this process: here it refuses, as without Redis."""

    def refused(*args: object, **kwargs: object) -> None:
        raise OperationalError("Connection refused")

    monkeypatch.setattr(current_app, "send_task", refused)

    answer = act(client, "", {}, OPERATOR_TOKEN)

    assert answer.status_code == 503
    assert "ops was not told" in problem(answer)["detail"]
