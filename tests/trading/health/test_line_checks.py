"""The trader's sockets as its board shows them; the paper account's cash as its ledger has it."""

import json
from typing import Any

import pytest
from pytest_django import Settings
from redis import Redis

from core.units import usdc
from infra import clock, redis
from infra.checks import Verdict
from tests.trading.conftest import NOON
from trading import selectors
from trading.health import line_checks
from trading.models import Account, Entry


def a_line(**changed: Any) -> dict[str, Any]:
    row = {
        "name": "market channel",
        "kind": "market data",
        "status": "connected",
        "heard_ms": clock.now_ms(),
        "since_ms": clock.now_ms(),
        "detail": "12 assets",
        "reconnects": 0,
    }
    return row | changed


def publish(**lines: dict[str, Any]) -> None:
    rows = {f"feed:{name}": row for name, row in lines.items()}
    redis.client(redis.Db.BOARD).set(selectors.BOARD_KEY, json.dumps({"epoch": 1, "seq": 1, "rows": rows}))


@pytest.mark.usefixtures("redis")
def test_connected_sockets_pass_and_are_named_with_their_last_word() -> None:
    publish(market=a_line(), user=a_line(name="user channel", heard_ms=None))

    found = line_checks.sockets()

    assert found.verdict is Verdict.PASS
    assert "market channel connected, heard 0 s ago" in found.detail
    assert "user channel connected, nothing heard yet" in found.detail


@pytest.mark.usefixtures("redis")
def test_a_lost_socket_is_a_warning_that_says_why() -> None:
    publish(market=a_line(status="lost", detail="closed by the venue"), user=a_line(name="user channel"))

    found = line_checks.sockets()

    assert found.verdict is Verdict.WARN
    assert found.detail == "market channel lost: closed by the venue"
    assert found.next_step


def test_without_a_board_nothing_is_claimed(redis: Redis) -> None:
    assert line_checks.sockets().verdict is Verdict.WARN


@pytest.mark.django_db
def test_before_the_first_start_the_balance_is_what_it_will_begin_with() -> None:
    found = line_checks.paper_cash()

    assert found.verdict is Verdict.PASS
    assert "10000" in found.detail


@pytest.mark.django_db
def test_on_paper_the_balance_is_the_ledgers(settings: Settings) -> None:
    cash = settings.POLYLOLY.start_cash
    account = Account.objects.create(mode="demo", name="paper", start_cash=cash, opened_ms=NOON)
    for number, amount in enumerate(("10000", "480.25"), start=1):
        Entry.objects.create(
            account=account,
            writer="shard:0:1",
            sequence=number,
            kind="deposit",
            shares=0,
            usdc=usdc(amount),
            at_ms=NOON,
        )

    assert "paper: 10480.25 USDC" in line_checks.paper_cash().detail
