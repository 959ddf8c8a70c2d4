"""Incidents over HTTP."""

import json
from typing import Any

import pytest
from django.test import Client
from pydantic import SecretStr
from pytest_django import Settings

from tests.risk.http.test_doors import ADMIN_TOKEN, OPERATOR_TOKEN, post, problem

pytestmark = pytest.mark.django_db
AT = "/api/v1/incidents"
BEARER = {"Authorization": f"Bearer {OPERATOR_TOKEN}"}


@pytest.fixture(autouse=True)
def tokens(settings: Settings) -> None:
    both = {"operator_token": SecretStr(OPERATOR_TOKEN), "admin_token": SecretStr(ADMIN_TOKEN)}
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update=both)


def act(client: Client, path: str, body: object = None) -> Any:
    return post(client, AT + path, token=OPERATOR_TOKEN, body=body)


def test_an_incident_from_its_first_word_to_its_export(client: Client) -> None:
    made = act(client, "", {"title": "books differ", "severity": 1})
    assert made.status_code == 201
    number = json.loads(made.content)["id"]

    for path, body in (
        ("notes", {"text": "looking"}),
        ("snapshot", None),
        ("severity", {"severity": 0, "reason": "orders leave"}),
        ("close", {"cause": "a restart"}),
    ):
        answer = act(client, f"/{number}/{path}", body)
        assert answer.status_code == 200, answer.content

    whole = json.loads(client.get(f"{AT}/{number}", headers=BEARER).content)
    assert (whole["severity"], whole["cause"], whole["closed_by"]) == (0, "a restart", "token operator")
    snapshot = next(
        each["facts"] for each in whole["timeline"] if each["facts"] and "checks" in each["facts"]
    )
    assert {"account", "positions", "open_orders", "halt"} <= snapshot.keys()
    exported = client.get(f"{AT}/{number}/export", headers=BEARER)
    assert exported["Content-Type"] == "text/markdown; charset=utf-8"
    assert "a restart" in exported.content.decode()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("", {"title": "", "severity": 1}, 422),
        ("", {"title": "x", "severity": 4}, 422),
        ("", {"title": "x", "severity": 1, "alert_id": 2**70}, 422),
        ("", {"title": "x", "severity": 1, "alert_id": 5}, 422),
        ("/9/notes", {"text": "late"}, 404),
        ("/9/close", {"cause": "x"}, 404),
    ],
)
def test_wrong_input_is_refused_in_words(client: Client, path: str, body: object, status: int) -> None:
    answer = act(client, path, body)

    assert answer.status_code == status
    assert problem(answer)["detail"]


def test_nobody_in_particular_reads_nothing(client: Client) -> None:
    assert client.get(AT).status_code == 401
