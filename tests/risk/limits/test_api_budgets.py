"""Budgets over HTTP: what binds each shard, and what it has not answered yet."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from core.budgets import Whole
from core.units import Ms, usdc
from risk import services
from risk.limits import budgets
from tests.risk.conftest import NOON, after

pytestmark = pytest.mark.django_db

WHOLE = Whole(
    total_exposure=usdc("5000"),
    group_exposure=usdc("2000"),
    daily_loss=usdc("200"),
    orders_per_s=5,
    cash=None,
)


def told(client: Client, vera: User) -> list[dict[str, Any]]:
    client.force_login(vera)
    found: list[dict[str, Any]] = client.get("/api/v1/budgets").json()
    return found


def deal(at: Ms = NOON) -> None:
    budgets.deal(WHOLE, limits_number=1, at=at)


def test_without_a_shard_there_is_none(client: Client, vera: User) -> None:
    assert told(client, vera) == []


def test_what_a_shard_has_not_acknowledged_is_wanted_and_binds_nothing(client: Client, vera: User) -> None:
    services.enlist_runner("shard:0", at=NOON)
    deal()

    (shard,) = told(client, vera)

    assert (shard["shard"], shard["binds"]) == ("shard:0", None)
    assert shard["wanted"]["total_exposure"] == "5000"
    assert shard["wanted"]["cash"] is None


def test_a_cut_shows_both_parts_until_it_is_acknowledged(client: Client, vera: User) -> None:
    services.enlist_runner("shard:0", at=NOON)
    deal()
    budgets.acknowledge_budget("shard:0", 1, at=after(1_000))
    services.enlist_runner("shard:1", at=after(2_000))
    deal(after(2_000))

    first, second = told(client, vera)

    assert (first["binds"]["total_exposure"], first["wanted"]["total_exposure"]) == ("5000", "2500")
    assert second["binds"] is None


def test_a_shard_that_ended_comes_last_with_nothing(client: Client, vera: User) -> None:
    for name in ("shard:0", "shard:1"):
        services.enlist_runner(name, at=NOON)
    services.dismiss_runner("shard:0", at=after(1_000))
    deal(after(2_000))

    first, second = told(client, vera)

    assert (first["shard"], second["shard"]) == ("shard:1", "shard:0")
    assert second["left_ms"] == after(1_000)
