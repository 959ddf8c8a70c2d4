"""What a market's page knows after the trader restarted: the database remembers, in the rows of the board."""

from typing import Any

from django.test import Client

from infra import clock
from tests.dashboard.test_records import MARKET, a_fill, an_order
from tests.dashboard.test_records import account as account
from trading.models import Account, Decision


def of_market(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/curves/market/{MARKET}/").json()
    return found


def test_our_fills_are_there_with_who_took(as_ada: Client, account: Account) -> None:
    a_fill(an_order(account, 1), 1)
    a_fill(an_order(account, 2, kind="take"), 2, fee=310_000, evidence="swept")

    fills = of_market(as_ada)["fills"]

    assert [(fill["shares"], fill["fee"], fill["liquidity"]) for fill in fills] == [
        ("12.5", "0.31", "taker"),
        ("12.5", "0", "maker"),
    ]


def test_decisions_are_there_with_the_orders_that_came_of_them(as_ada: Client, account: Account) -> None:
    order = an_order(account, 1)
    Decision.objects.create(
        account=account,
        market_id=MARKET,
        strategy="pair_arb",
        sequence=1,
        at_ms=clock.now_ms(),
        verdict="quote",
        gate=None,
        gates=[],
        intents=[order.key, "an order that was never written"],
    )

    (decision,) = of_market(as_ada)["decisions"]

    assert decision["intents"] == ["buy YES 38.5 at 0.48"]


def test_another_market_and_another_account_are_left_out(as_ada: Client, account: Account) -> None:
    a_fill(an_order(account, 1, market_id="0xother"), 1)

    assert of_market(as_ada)["fills"] == []


def test_what_the_trader_stored_is_older_than_what_it_says_now(as_ada: Client, account: Account) -> None:
    a_fill(an_order(account, 1), 1)

    assert of_market(as_ada)["fills"][0]["n"] < 0
