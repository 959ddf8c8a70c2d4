"""Guesses at the doors, for the tests that bound them."""

from collections.abc import Callable
from typing import cast

import pytest
from django.http import HttpResponse
from django.test import Client

from infra import clock

PASSWORD = "a long passphrase"
ELSEWHERE = "203.0.113.7"
OPERATOR_TOKEN = "operator-token-of-this-test"
ADMIN_TOKEN = "admin-token-of-this-test"
TRIES_PERSON = 4
TRIES_ADDRESS = 6
COOL_OFF_MS = 15 * 60_000


def log_in(name: str, password: str, *, at: str = ELSEWHERE, client: Client | None = None) -> HttpResponse:
    form = {"username": name, "password": password}
    return cast(HttpResponse, (client or Client()).post("/login/", form, REMOTE_ADDR=at))


def with_token(path: str, token: str, *, at: str = ELSEWHERE) -> HttpResponse:
    headers = {"Authorization": f"Bearer {token}"}
    client = Client()
    if path.startswith("/api"):
        return cast(HttpResponse, client.get(path, headers=headers, REMOTE_ADDR=at))
    return cast(HttpResponse, client.post(path, "", "application/json", headers=headers, REMOTE_ADDR=at))


def last(times: int, attempt: Callable[[int], HttpResponse]) -> HttpResponse:
    """Try so often; the last answer."""
    return [attempt(number) for number in range(times)][-1]


def later(monkeypatch: pytest.MonkeyPatch, ms: int) -> None:
    shifted = clock.fresh(clock.speed())
    monkeypatch.setattr(clock, "_anchor", shifted._replace(epoch_ms=clock.now_ms() + ms))
