"""Every page draws, with numbers in it when the trader speaks and with the reason when it does not."""

import csv
import io
import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from msgspec.json import encode
from redis import Redis

from core.units import Ms, Usdc, usdc
from dashboard import past, snapshots
from infra import clock
from risk.access.people import Actor, Role
from risk.services import (
    HaltCode,
    MarketHaltCode,
    acknowledge_halt,
    halt_market,
    halt_trading,
    prove_halt,
    record_valuation,
    resume_market,
    step_halt_report,
)
from tests.dashboard.conftest import Publish
from tests.e2e.evening import Evening
from tests.pages import PAGES
from trading.models import AccountMode
from trading.services import open_account
from trading.wallet.light import Hold, WalletLight, key_of


def first_message(page: str) -> dict[str, Any]:
    found = re.search(r'<script id="board" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found is not None, "the page carries no first message"
    message: dict[str, Any] = json.loads(found[1])
    return message


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_while_nothing_is_published(as_ada: Client, path: str) -> None:
    answer = as_ada.get(path)

    assert answer.status_code == 200
    assert first_message(answer.content.decode())["type"] == "gone"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_with_the_board_in_it(
    as_ada: Client, publish: Publish, evening: Evening, path: str
) -> None:
    publish(evening.rows())

    message = first_message(as_ada.get(path).content.decode())

    assert message["type"] == "snapshot"
    assert message["rows"]["totals"]["exposure_limit"] == "5000"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_needs_an_inline_script_or_style(as_ada: Client, path: str) -> None:
    answer = as_ada.get(path)
    page = answer.content.decode()

    assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]
    assert not re.findall(r"<script(?![^>]*(src=|application/json))", page)
    assert not re.findall(r"<style|\sstyle=|\son\w+=", page)


def test_a_board_older_than_five_seconds_is_not_shown_as_current(
    as_ada: Client, publish: Publish, evening: Evening
) -> None:
    rows = evening.rows()
    rows["clock"]["now_ms"] -= 5_500
    publish(rows)

    assert first_message(as_ada.get("/").content.decode())["type"] == "gone"


def test_a_market_the_trader_knows_has_a_page(as_ada: Client, publish: Publish, evening: Evening) -> None:
    publish(evening.rows())
    market_id = next(iter(evening.markets))

    page = as_ada.get(f"/markets/{market_id}/").content.decode()

    assert "<h1>T1 vs HLE</h1>" in page


def test_a_market_nobody_knows_is_404_and_says_so(as_ada: Client) -> None:
    answer = as_ada.get("/markets/0xnothing/")

    assert answer.status_code == 404
    assert "0xnothing" in answer.content.decode()


def test_a_market_id_is_text_on_the_page_and_never_markup(as_ada: Client) -> None:
    page = as_ada.get("/markets/%3Cscript%3Ealert(1)%3C%2Fscript%3E/").content.decode()

    assert "<script>alert" not in page


@pytest.mark.parametrize(("who", "may"), [("ada", True), ("olga", False), ("vera", False)])
def test_reset_is_offered_to_whom_the_service_would_let(
    client: Client, redis: object, ada: User, olga: User, vera: User, who: str, *, may: bool
) -> None:
    client.force_login({"ada": ada, "olga": olga, "vera": vera}[who])

    control = first_message(client.get("/").content.decode())["control"]

    assert control["can"]["reset"] is may


def test_halts_are_kept_with_who_ended_them(as_ada: Client) -> None:
    olga = Actor("olga", Role.OPERATOR, "127.0.0.1", None)
    halt_market(
        market_id="0xabc", code=MarketHaltCode.MANUAL, detail="book looks odd", by=olga, at=clock.now_ms()
    )
    resume_market(market_id="0xabc", reason="book is fine", by=olga, at=clock.now_ms())
    halt_trading(code=HaltCode.MANUAL, detail="feed looks wrong", by=olga, at=clock.now_ms())

    page = as_ada.get("/risk/").content.decode()

    for words in ("feed looks wrong", "in force", "book looks odd", "book is fine", "olga"):
        assert words in page


def test_the_page_that_halts_had_leads_to_where_they_are_now(as_ada: Client) -> None:
    assert as_ada.get("/halts/").headers["Location"] == "/risk/#history"


def test_a_halt_of_long_ago_still_shows_what_was_proven_and_what_never_was(as_ada: Client) -> None:
    olga, rita = Actor("olga", Role.OPERATOR, "x", None), Actor("rita", Role.RISK_ADMIN, "x", None)
    now = clock.now_ms()
    pressed = halt_market(market_id="0xabc", code=MarketHaltCode.MANUAL, detail="odd", by=olga, at=now)
    acknowledge_halt(
        round_id=pressed.round_id,
        runner="shard:0",
        at=Ms(now + 41),
        orders_open=2,
        last_sent_at=None,
        provable_from=now,
    )
    for _ in range(2):
        step_halt_report(
            round_id=pressed.round_id,
            runner="shard:0",
            at=Ms(now + 200),
            cancelled=2,
            still_open=[],
            unknown=[],
        )
    prove_halt(round_id=pressed.round_id, runner="shard:0", at=Ms(now + 2_100))
    resume_market(market_id="0xabc", reason="fine", by=rita, at=Ms(now + 9_000))
    halt_market(market_id="0xdef", code=MarketHaltCode.MANUAL, detail="odder", by=olga, at=Ms(now - 60_000))
    resume_market(market_id="0xdef", reason="too early", by=rita, at=Ms(now + 9_000))

    page = as_ada.get("/risk/").content.decode()

    first, second = csv.DictReader(io.StringIO(as_ada.get("/halts.csv").content.decode()))
    assert (first["market_id"], first["proven_after_ms"], first["ended_reason"]) == ("0xabc", "2100", "fine")
    assert (second["market_id"], second["proven_after_ms"], second["ended_reason"]) == (
        "0xdef",
        "",
        "too early",
    )
    assert "Proven after 2.1 s:" in page
    assert "orders cancelled <b>2/2</b>" in page
    assert "Never proven." in page
    assert "no runner answered within 2 s" in page


def test_the_equity_curve_begins_with_the_day(as_ada: Client, settings: Any) -> None:
    now = clock.now_ms()
    account = open_account(
        mode=AccountMode.DEMO, name="demo", start_cash=settings.POLYLOLY.start_cash, at_ms=now
    )
    day = now - now % 86_400_000
    for at, equity in ((day, "10000"), (now, "10012.5")):
        value = usdc(equity)
        record_valuation(
            account_id=account.pk,
            at=Ms(at),
            cash=value,
            equity=value,
            realized=usdc("0"),
            unrealized=usdc("0"),
            exposure=usdc("0"),
            deposited=usdc("10000"),
            marked=False,
        )

    curve = as_ada.get("/curves/equity/?range=day").json()

    assert [equity for _, equity in curve["points"]] == ["10000", "10012.5"]
    assert curve["profit"] == "12.5"


def test_a_range_we_do_not_know_is_refused_by_name(as_ada: Client) -> None:
    answer = as_ada.get("/curves/equity/?range=year")

    assert answer.status_code == 400
    assert answer.json()["detail"] == "range is day, week or month"


@pytest.mark.parametrize(("cookie", "theme"), [(None, "system"), ("light", "light"), ('"><b>', "system")])
def test_the_theme_is_drawn_from_the_first_byte(as_ada: Client, cookie: str | None, theme: str) -> None:
    if cookie is not None:
        as_ada.cookies["theme"] = cookie

    assert f'data-theme="{theme}"' in as_ada.get("/").content.decode()


def test_a_valuation_of_untrusted_books_is_no_point_of_the_curve(as_ada: Client, settings: Any) -> None:
    now = clock.now_ms()
    account = open_account(
        mode=AccountMode.DEMO, name="demo", start_cash=settings.POLYLOLY.start_cash, at_ms=now
    )
    day = now - now % 86_400_000
    for at, equity, marked in ((day, "10000", False), (now, "9830", True)):
        value = usdc(equity)
        record_valuation(
            account_id=account.pk,
            at=Ms(at),
            cash=value,
            equity=value,
            realized=usdc("0"),
            unrealized=usdc("0"),
            exposure=usdc("0"),
            deposited=usdc("10000"),
            marked=marked,
        )

    points = as_ada.get("/curves/equity/?range=day").json()["points"]

    assert [equity for _, equity in points] == ["10000"]


def test_a_rehearsal_says_so_on_every_page_and_shows_its_own_wallet(as_ada: Client, settings: Any) -> None:
    now = clock.now_ms()
    wallets = ["0x" + letter * 40 for letter in "ab"]
    accounts = [
        open_account(mode=AccountMode.REHEARSAL, name=wallet, start_cash=Usdc(9 * 10**9), at_ms=now)
        for wallet in wallets
    ]
    open_account(mode=AccountMode.DEMO, name="main", start_cash=settings.POLYLOLY.start_cash, at_ms=now)
    rehearsal = {"paper_trading": False, "wallet_address": wallets[0]}
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update=rehearsal)

    pages = [as_ada.get(path).content.decode() for path in PAGES]

    assert all("<b>REHEARSAL</b>" in page and "no real money" in page for page in pages)
    assert past.account_in_use() == accounts[0].pk
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"wallet_address": None})
    assert past.account_in_use() == accounts[1].pk, "the newest, where the wallet is not known"


@pytest.mark.parametrize(
    ("hold", "why", "status"),
    [
        (None, "nobody holds it", "lost"),
        (Hold.CHECKING, "setting approvals", "connecting"),
        (Hold.HELD, "", "connected"),
        (Hold.HELD, "no heartbeat: silent shard:1", "lost"),
        (Hold.REFUSED, "another trader uses the wallet", "lost"),
    ],
)
def test_the_wallet_stands_among_the_lights_with_the_reason(
    hold: Hold | None, why: str, status: str, settings: Any, redis: Redis, db: None
) -> None:
    wallet = "0x" + "a" * 40
    settings.POLYLOLY = settings.POLYLOLY.model_copy(
        update={"paper_trading": False, "wallet_address": wallet}
    )
    if hold is not None:
        redis.set(key_of(wallet), encode(WalletLight(hold, why, 1, Ms(5), Ms(7))))

    (light,) = snapshots.sources()

    assert (light["name"], light["status"], light["detail"]) == ("wallet", status, why)


def test_the_account_menu_and_the_navigation_lead_to_the_doctor(as_ada: Client) -> None:
    page = as_ada.get("/").content.decode()

    assert page.count('href="/doctor/"') == 2
    assert "Run again" not in page, "that is drawn by the page itself"
