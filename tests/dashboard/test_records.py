"""Orders and fills: what a filter shows, what the CSV says, and that a page stays fast."""

import csv
import io
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from core.units import Shares, Usdc
from dashboard import troubles
from dashboard.views.records import ROWS_A_PAGE, tame
from infra import clock
from trading.models import Account, AccountMode, Fill, Order, WalletAction, WalletKind
from trading.services import open_account, plan_wallet_action

MARKET = "0x" + "ab" * 32


@pytest.fixture
def account(db: None, settings: Any) -> Account:
    return open_account(
        mode=AccountMode.DEMO, name="demo", start_cash=settings.POLYLOLY.start_cash, at_ms=clock.now_ms()
    )


def an_order(account: Account, n: int, **fields: Any) -> Order:
    facts: dict[str, Any] = {
        "key": f"{account.key}|{MARKET}|pair_arb|{n}",
        "order_id": f"0x{n:064x}",
        "account": account,
        "market_id": MARKET,
        "strategy": "pair_arb",
        "outcome": "yes",
        "side": "buy",
        "price": 4_800,
        "shares": 38_500_000,
        "kind": "quote",
        "purpose": "opening",
        "status": "live",
        "filled": 0,
        "decided_ms": clock.now_ms(),
        "written_ms": clock.now_ms(),
        "moved_ms": clock.now_ms(),
        "fence": 1,
    }
    known = {field.name for field in Order._meta.get_fields()}
    extra = {"sequence": n} if "sequence" in known else {}
    return Order.objects.create(**{**facts, **extra, **fields})


def a_fill(order: Order, n: int, **fields: Any) -> Fill:
    facts: dict[str, Any] = {
        "fill_id": f"fill-{n}",
        "order": order,
        "account": order.account,
        "market_id": order.market_id,
        "outcome": order.outcome,
        "side": order.side,
        "shares": 12_500_000,
        "amount": 6_000_000,
        "fee": 0,
        "price": "0.48",
        "status": "confirmed",
        "evidence": "queue",
        "said_ms": clock.now_ms(),
        "heard_ms": clock.now_ms(),
    }
    return Fill.objects.create(**{**facts, **fields})


def rows_of(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def test_an_empty_page_teaches_what_would_be_here(as_ada: Client) -> None:
    assert "No order yet" in as_ada.get("/orders/").content.decode()
    assert "No fills yet" in as_ada.get("/fills/").content.decode()


def test_an_order_is_shown_with_its_numbers(as_ada: Client, account: Account) -> None:
    an_order(account, 1, reason="post_only_would_cross", status="rejected")

    page = as_ada.get("/orders/").content.decode()

    for words in (".48", "38.5", "rejected", "post_only_would_cross", "+ buy"):
        assert words in page


def test_unknown_orders_can_be_asked_for(as_ada: Client, account: Account) -> None:
    an_order(account, 1)
    an_order(account, 2, status="unknown")

    shown = rows_of(as_ada.get("/orders.csv?status=unknown"))

    assert [row["status"] for row in shown] == ["unknown"]


def test_orders_nobody_answered_for_stand_above_the_others_with_age_and_what_is_done(
    as_ada: Client, account: Account
) -> None:
    assert "Unknown orders" not in as_ada.get("/orders/").content.decode()
    minutes_ago = clock.now_ms() - 180_000
    an_order(account, 1, status="unknown", moved_ms=minutes_ago, sent_ms=minutes_ago, reason="timed out")
    an_order(account, 2, status="unknown")

    page = as_ada.get("/orders/").content.decode()

    queue = page.partition("Unknown orders")[2].partition('aria-label="Orders"')[0]
    assert queue.count("data-row") == 2
    for words in ("3 min", "timed out", "asked for by its id", ">look<", ">asking<"):
        assert words in queue


def test_what_is_under_way_on_the_chain_is_shown(as_ada: Client, account: Account) -> None:
    for number, kind in enumerate((WalletKind.MERGE, WalletKind.APPROVE)):
        plan_wallet_action(
            account_id=account.pk,
            action_id=f"action {number}",
            market_id=MARKET if kind is WalletKind.MERGE else None,
            kind=kind,
            yes=Shares(60_000_000),
            no=Shares(60_000_000),
            payout=None,
            at_ms=clock.now_ms(),
        )
    WalletAction.objects.filter(kind="merge").update(state="unknown", reason="no answer")

    page = as_ada.get("/orders/").content.decode()

    chain = page.partition("On the chain")[2].partition('aria-label="Orders"')[0]
    for words in ("2 under way", "merge", "no answer", "unknown", "the wallet", "planned"):
        assert words in chain


def test_fills_say_whether_they_are_final(as_ada: Client, account: Account) -> None:
    order = an_order(account, 1)
    for n, status in enumerate(("matched", "confirmed", "failed")):
        a_fill(order, n, status=status)

    page = as_ada.get("/fills/").content.decode()

    assert page.count("provisional: it may still fail") == 1
    assert page.count(">reversed<") == 1
    assert [row["status"] for row in rows_of(as_ada.get("/fills.csv?settled=provisional"))] == ["matched"]
    assert [row["status"] for row in rows_of(as_ada.get("/fills.csv?settled=failed"))] == ["failed"]


def test_a_filter_that_means_nothing_filters_nothing(as_ada: Client, account: Account) -> None:
    an_order(account, 1)

    assert len(rows_of(as_ada.get("/orders.csv?status=%27+OR+1%3D1"))) == 1


def test_a_wrong_field_leaves_the_others_counting(as_ada: Client, account: Account) -> None:
    an_order(account, 1)
    an_order(account, 2, status="unknown")

    shown = rows_of(as_ada.get("/orders.csv?side=bogus&status=unknown"))

    assert [row["status"] for row in shown] == ["unknown"]


def test_orders_of_another_account_are_not_mixed_in(as_ada: Client, account: Account) -> None:
    other = open_account(
        mode=AccountMode.PAPER, name="paper", start_cash=Usdc(account.start_cash), at_ms=clock.now_ms()
    )
    an_order(other, 1)

    assert rows_of(as_ada.get("/orders.csv")) == []


def test_the_csv_says_what_the_filter_shows(as_ada: Client, account: Account) -> None:
    order = an_order(account, 1)
    a_fill(order, 1)
    a_fill(order, 2, evidence="crossed")

    shown = rows_of(as_ada.get("/fills.csv?evidence=crossed"))

    assert [(row["fill_id"], row["amount"], row["price"]) for row in shown] == [("fill-2", "6", "0.48")]


@pytest.mark.parametrize(
    ("cell", "tamed"),
    [("=1+1", "'=1+1"), ("@cmd", "'@cmd"), ("-1.44", "-1.44"), ("-x", "'-x"), ("live", "live"), ("", "")],
)
def test_a_spreadsheet_runs_nothing_it_reads(cell: str, tamed: str) -> None:
    assert tame([cell]) == [tamed]


def test_a_page_of_many_orders_asks_as_little_as_a_page_of_one(
    as_ada: Client, account: Account, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(ROWS_A_PAGE + 5):
        an_order(account, n)

    with django_assert_max_num_queries(21):
        page = as_ada.get("/orders/").content.decode()

    assert page.count("data-row") == ROWS_A_PAGE
    assert "page 1 of 2" in page


def test_an_order_whose_fill_failed_says_what_was_taken_back(as_ada: Client, account: Account) -> None:
    order = an_order(account, 1, status="matched", filled=38_500_000)
    a_fill(order, 1, status="failed")
    a_fill(order, 2, shares=26_000_000)

    page = as_ada.get("/orders/").content.decode()

    assert "(12.5 reversed)" in page
    assert ">26 <" in page
    (row,) = rows_of(as_ada.get("/orders.csv"))
    assert (row["filled"], row["reversed"]) == ("38.5", "12.5")


def test_an_error_page_of_a_gateway_is_told_by_its_title(as_ada: Client, account: Account) -> None:
    page_of_it = (
        "HTTP 504: <html><head><title>504 Gateway Time-out</title></head><body><h1>x</h1></body></html>"
    )
    an_order(account, 1, status="unknown", reason=page_of_it)

    shown = as_ada.get("/orders/").content.decode()

    assert "HTTP 504: 504 Gateway Time-out ·" in shown
    assert "&lt;body&gt;" not in shown.partition('aria-label="Orders"')[0]


def test_what_the_chain_took_back_needs_somebody(account: Account) -> None:
    a_fill(an_order(account, 1), 1, status="failed")
    a_fill(an_order(account, 2), 2)
    a_fill(an_order(account, 3), 3, status="failed", heard_ms=clock.now_ms() - 3_600_000)

    (told,) = troubles.found()

    assert (told["text"], told["href"]) == ("A fill was reversed", "/fills/?settled=failed")


def test_orders_the_venue_keeps_refusing_need_somebody_with_the_reason_given_most(account: Account) -> None:
    for n in range(troubles.REFUSED_MIN - 1):
        an_order(account, n, status="rejected", reason="other: Invalid api key")
    an_order(account, 90, status="rejected", reason="old", decided_ms=clock.now_ms() - 120_000)
    assert troubles.found() == []

    an_order(account, 91, status="rejected", reason="not enough balance")

    (told,) = troubles.found()
    assert told["detail"] == "5 in the last minute: other: Invalid api key"
    assert told["severity"] == 1
