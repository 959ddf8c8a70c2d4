"""``/api/v1``: who may read, how pages follow each other, and the console's controls."""

import json
from typing import Any, cast

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from pydantic import SecretStr
from pytest_django import Settings

from core.notes import Booked
from core.units import Ms, shares
from infra import checks, clock
from risk import selectors as risk
from risk import services as risk_services
from risk.access.people import Role
from tests.risk.conftest import OPERATOR, value, with_role
from tests.trading.conftest import MARKET, NOON, a_buy, a_deposit, a_fill, a_market_row, a_place, write
from trading import services
from trading.models import Account, Decision, Order, WalletAction, WalletKind
from trading.records.batch import Batch
from trading.records.ports import Record

pytestmark = pytest.mark.django_db

OPERATOR_TOKEN = "operator-token-of-this-test"


@pytest.fixture(autouse=True)
def one_token(settings: Settings) -> None:
    token = {"operator_token": SecretStr(OPERATOR_TOKEN), "admin_token": None}
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update=token)


@pytest.fixture(autouse=True)
def healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_checks", {})


@pytest.fixture
def bot() -> Client:
    return Client(headers={"Authorization": f"Bearer {OPERATOR_TOKEN}"})


@pytest.fixture
def rita(db: None) -> User:
    return User.objects.create_superuser("rita", password="a long passphrase")


@pytest.fixture
def browser(rita: User) -> Client:
    """Logged in, CSRF checked, with the cookie its page would have set."""
    opened = Client(enforce_csrf_checks=True)
    opened.force_login(rita)
    opened.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32
    return opened


def get(client: Client, path: str, **query: object) -> Any:
    answer = client.get(f"/api/v1/{path}", {name: str(given) for name, given in query.items()})
    assert answer.status_code == 200, answer.content
    return json.loads(answer.content)


def post(client: Client, path: str, body: object, *, csrf: str = "a" * 32) -> HttpResponse:
    answer = client.post(
        f"/api/v1/{path}", json.dumps(body), content_type="application/json", headers={"X-CSRFToken": csrf}
    )
    return cast(HttpResponse, answer)


def problem(answer: HttpResponse) -> dict[str, Any]:
    assert answer["Content-Type"] == "application/problem+json"
    return cast(dict[str, Any], json.loads(answer.content))


def test_nobody_reads_without_a_token_or_a_log_in(client: Client) -> None:
    answer = cast(HttpResponse, client.get("/api/v1/orders"))

    assert answer.status_code == 401
    assert "OPERATOR_TOKEN" in problem(answer)["detail"]


def test_a_wrong_token_is_refused(client: Client) -> None:
    answer = cast(
        HttpResponse, client.get("/api/v1/orders", headers={"Authorization": "Bearer not-the-right-one"})
    )

    assert answer.status_code == 401
    assert problem(answer)["status"] == 401


def test_a_log_in_reads(browser: Client) -> None:
    assert get(browser, "orders") == {"items": [], "next_cursor": None}


def test_money_is_decimal_text(bot: Client, account: Account, fence: int) -> None:
    place = a_place(at="0.48", size="50")
    write(place, account=account, fence=fence)
    fill = a_fill(place.key, size="12.345678")
    records: list[Record] = [fill, Booked((a_deposit(), a_buy(fill)))]
    Batch(records, account_id=account.pk, writer="shard:0:1", entries_before=0).write()

    [order] = get(bot, "orders")["items"]
    assert (order["price"], order["shares"], order["status"]) == ("0.48", "50", "pending")
    [row] = get(bot, "fills", market_id=MARKET)["items"]
    assert (row["shares"], row["amount"], row["price"]) == ("12.345678", "5.925925", "0.479999")
    bought, deposit = get(bot, "entries", account_id=account.pk)["items"]
    assert (bought["usdc"], deposit["usdc"], deposit["market_id"]) == ("-5.925925", "10000", None)
    assert get(bot, "positions", account_id=account.pk) == [
        {"market_id": MARKET, "yes": "12.345678", "no": "0", "usdc": "-5.925925"}
    ]
    [shown] = get(bot, "accounts")
    assert (shown["mode"], shown["start_cash"]) == ("demo", "10000")


def test_pages_follow_each_other_while_rows_are_added(bot: Client, account: Account, fence: int) -> None:
    for number in range(1, 6):
        write(a_place(number), account=account, fence=fence)

    first = get(bot, "orders", limit=2)
    write(a_place(6), account=account, fence=fence)
    second = get(bot, "orders", limit=2, cursor=first["next_cursor"])
    third = get(bot, "orders", limit=2, cursor=second["next_cursor"])

    numbers = [
        [int(row["key"].rpartition("|")[2]) for row in page["items"]] for page in (first, second, third)
    ]
    assert numbers == [[5, 4], [3, 2], [1]]
    assert third["next_cursor"] is None


def test_orders_are_narrowed(bot: Client, account: Account, fence: int) -> None:
    for number in (1, 2):
        write(a_place(number), account=account, fence=fence)
    Order.objects.filter(sequence=1).update(closed_ms=NOON, status="cancelled")

    assert len(get(bot, "orders", open="true")["items"]) == 1
    assert len(get(bot, "orders", status="cancelled")["items"]) == 1
    assert get(bot, "orders", market_id="0xother")["items"] == []
    assert get(bot, "orders", account_id=account.pk + 1)["items"] == []


def test_orders_nobody_answered_for_wait_in_a_queue_of_their_own(
    bot: Client, account: Account, fence: int
) -> None:
    for number in (1, 2, 3):
        write(a_place(number), account=account, fence=fence)
    Order.objects.filter(sequence=1).update(status="unknown", sent_ms=NOON, reason="timed out")
    Order.objects.filter(sequence=2).update(status="unknown", moved_ms=clock.now_ms())

    young, old = get(bot, "unknown-orders")["items"]

    assert [row["status"] for row in (young, old)] == ["unknown"] * 2
    assert (old["overdue"], old["reason"], young["overdue"]) == (True, "timed out", False)
    assert old["age_ms"] > 30_000 > young["age_ms"]
    assert "asked for by its id" in old["doing"]
    assert "before it was sent" in young["doing"]
    assert len(get(bot, "orders", status="unknown")["items"]) == 2


def test_wallet_actions_are_told_and_narrowed(bot: Client, account: Account) -> None:
    for number in (1, 2):
        services.plan_wallet_action(
            account_id=account.pk,
            action_id=f"merge {number}",
            market_id=MARKET,
            kind=WalletKind.MERGE,
            yes=shares("60"),
            no=shares("60"),
            payout=None,
            at_ms=NOON,
        )
    WalletAction.objects.filter(action_id="merge 1").update(state="confirmed", received=60_000_000)

    (done,) = get(bot, "wallet-actions", state="confirmed")["items"]

    assert (done["kind"], done["yes"], done["received"], done["tx_hash"]) == ("merge", "60", "60", None)
    assert len(get(bot, "wallet-actions", account_id=account.pk)["items"]) == 2
    assert get(bot, "wallet-actions", market_id="0xother")["items"] == []


def test_fills_are_narrowed_by_how_far_they_settled(bot: Client, account: Account, fence: int) -> None:
    place = a_place()
    write(place, account=account, fence=fence)
    Batch([a_fill(place.key)], account_id=account.pk, writer="w", entries_before=0).write()

    (fill,) = get(bot, "fills")["items"]

    assert get(bot, "fills", status=fill["status"])["items"] == [fill]
    assert get(bot, "fills", status="failed")["items"] == []


@pytest.mark.parametrize(
    ("query", "field"), [({"limit": "0"}, "limit"), ({"limit": "501"}, "limit"), ({"cursor": "x"}, "cursor")]
)
def test_a_bad_page_is_refused_and_the_field_named(bot: Client, query: dict[str, str], field: str) -> None:
    answer = cast(HttpResponse, bot.get("/api/v1/orders", query))

    assert answer.status_code == 422
    assert problem(answer)["field"] == field


def test_decisions_tell_their_gates(bot: Client, account: Account) -> None:
    gates = [
        {"name": "edge", "passed": False, "value": "0.003", "limit": "0.005", "unit": "price", "word": ""}
    ]
    Decision.objects.create(
        account=account,
        market_id=MARKET,
        strategy="pair_arb",
        sequence=1,
        at_ms=NOON,
        verdict="no",
        gate="edge",
        gates=gates,
        intents=[],
    )

    [row] = get(bot, "decisions")["items"]
    assert (row["gate"], row["gates"]) == ("edge", gates)


def test_equity_and_profit(bot: Client) -> None:
    assert get(bot, "pnl") is None
    assert get(bot, "equity") == []
    value("10000", at=NOON)
    value("9998.5", at=Ms(NOON + 60_000))

    assert get(bot, "pnl")["today"]["total"] == "-1.5"
    curve = get(bot, "equity", since_ms=NOON, until_ms=NOON + 60_000)
    assert [(point["equity"], point["profit"]) for point in curve] == [("10000", "0"), ("9998.5", "-1.5")]


def test_the_console_halts_and_resets(browser: Client) -> None:
    assert post(browser, "halts", {"reason": "books look torn"}).status_code == 201
    again = post(browser, "halts", {"reason": "still"})
    assert again.status_code == 200
    assert json.loads(again.content)["halt"]["detail"] == "books look torn"

    answer = post(browser, "reset", {"reason": "restarted the feed"})

    assert answer.status_code == 200
    assert json.loads(answer.content)["halt"] is None
    [ended] = get(browser, "halts")["items"]
    assert (ended["code"], ended["pressed"], ended["ended_reason"]) == (
        "manual_halt",
        2,
        "restarted the feed",
    )
    whats = [(row["what"], row["who"]) for row in get(browser, "audit")["items"]]
    assert whats == [("reset", "rita"), ("halt", "rita"), ("halt", "rita")]


def test_a_control_from_a_page_needs_its_csrf_token(browser: Client) -> None:
    answer = post(browser, "halts", {"reason": "books look torn"}, csrf="b" * 32)

    assert answer.status_code == 403
    assert problem(answer)["field"] == "X-CSRFToken"
    assert risk.halt_in_force() is None


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 301}])
def test_a_control_without_a_reason_is_refused(browser: Client, body: dict[str, str]) -> None:
    answer = post(browser, "halts", body)

    assert answer.status_code == 422
    assert problem(answer)["field"] == "reason"


def test_an_operator_token_does_not_reset(bot: Client) -> None:
    post(bot, "halts", {"reason": "odd"})

    assert post(bot, "reset", {"reason": "fine"}).status_code == 403


def test_a_reset_with_nothing_halted_is_a_conflict(browser: Client) -> None:
    assert post(browser, "reset", {"reason": "fine"}).status_code == 409


def test_a_market_is_halted_and_resumed(browser: Client) -> None:
    before = risk_services.register_market_resolver(lambda name: name if name == MARKET else None)
    try:
        halted = post(browser, f"markets/{MARKET}/halt", {"reason": "odd book"})
        shown = get(browser, "control")["market_halts"]
        resumed = post(browser, f"markets/{MARKET}/resume", {"reason": "looked at it"})
        again = post(browser, f"markets/{MARKET}/resume", {"reason": "looked at it"})
        unknown = post(browser, "markets/nowhere/halt", {"reason": "odd book"})
    finally:
        risk_services.register_market_resolver(before)

    assert (halted.status_code, resumed.status_code) == (200, 200)
    assert [row["market_id"] for row in shown] == [MARKET]
    assert (again.status_code, unknown.status_code) == (409, 404)
    assert [row["market_id"] for row in get(browser, "market-halts")["items"]] == [MARKET]


def test_a_viewer_reads_and_does_not_halt() -> None:
    vera = with_role(User.objects.create_user("vera", password="a long passphrase"), Role.VIEWER)
    page = Client(enforce_csrf_checks=True)
    page.force_login(vera)
    page.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32

    assert get(page, "orders")["items"] == []
    assert post(page, "halts", {"reason": "odd"}).status_code == 403


def test_the_api_describes_itself_to_those_logged_in(client: Client, rita: User) -> None:
    assert client.get("/api/openapi.json").status_code == 302

    client.force_login(rita)
    described = json.loads(client.get("/api/openapi.json").content)

    assert {"/api/v1/orders", "/api/v1/halts", "/api/v1/reset"} <= set(described["paths"])


def test_a_halt_by_the_program_is_shown(bot: Client) -> None:
    risk_services.halt_trading(
        code=risk_services.HaltCode.VENUE_LOST, detail="no frame for 30 s", by=OPERATOR, at=NOON
    )

    assert get(bot, "control")["halt"]["reason"] == "polymarket_disconnected"


def test_the_page_about_the_api_loads_nothing_from_elsewhere(client: Client, rita: User) -> None:
    client.force_login(rita)

    shown = client.get("/api/docs").content.decode()

    assert "/static/ninja/swagger-ui-bundle.js" in shown
    assert "://" not in shown.replace("http://www.w3.org", "")


def test_markets_are_paged_by_name(bot: Client) -> None:
    for number in (1, 2, 3):
        a_market_row(
            f"0x{number:064x}", slug=f"market-{number}", title=f"Market {number}", tokens=str(number)
        )

    first = get(bot, "markets", limit=2)
    rest = get(bot, "markets", limit=2, cursor=first["next_cursor"])

    assert [row["title"] for row in first["items"] + rest["items"]] == ["Market 3", "Market 2", "Market 1"]
    assert rest["next_cursor"] is None
    assert (first["items"][0]["tick"], first["items"][0]["fee_rate"]) == ("0.01", "0.05")
    assert get(bot, "markets", state="resolved")["items"] == []
