"""What moves: the ladder, the ages, the banners; and the browser's board against the server's."""

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.changes import apply, diff
from tests.e2e.conftest import Open
from tests.e2e.faketrader import FakeTrader
from tests.e2e.webserver import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def market_id(trader: FakeTrader) -> str:
    trader.moving = False
    return first_market(trader)


def first_market(trader: FakeTrader) -> str:
    return str(next(iter(trader.evening.markets)))


def market_row(trader: FakeTrader, market_id: str, **fields: Any) -> dict[str, Any]:
    row: dict[str, Any] = trader.rows()[f"market:{market_id}"]
    return {**row, **fields}


def rung(page: "Page", price: str) -> str:
    return page.locator(
        "#p-ladder tr", has=page.get_by_role("rowheader", name=price, exact=True)
    ).inner_text()


def test_the_ladder_shows_a_new_size_and_our_order_on_it(
    open_page: Open, trader: FakeTrader, market_id: str
) -> None:
    ours = {
        "key": "k1", "order_id": "0x1", "outcome": "no", "side": "buy", "price": "0.48", "shares": "52",
        "filled": "12", "status": "live", "kind": "quote", "ahead": "7.5", "since_ms": 0,
    }  # fmt: skip
    page = open_page(f"/markets/{market_id}/")
    page.locator("#p-ladder .ladder").wait_for()

    levels = {"bids": [["0.49", "77.7"]], "asks": [["0.52", "10"]], "bid": "0.49", "ask": "0.52"}
    trader.say(**{f"market__{market_id}": market_row(trader, market_id, orders=[ours], **levels)})

    page.get_by_text("77.7").wait_for()
    assert rung(page, ".52").split() == [".52", "10", "40", "NO", "+7.5"]


def test_one_key_shows_the_same_book_from_the_other_side(
    open_page: Open, trader: FakeTrader, market_id: str
) -> None:
    levels = {"bids": [["0.49", "77.7"]], "asks": [["0.52", "10"]], "bid": "0.49", "ask": "0.52"}
    trader.say(**{f"market__{market_id}": market_row(trader, market_id, orders=[], **levels)})
    page = open_page(f"/markets/{market_id}/")
    page.get_by_text("77.7").wait_for()

    page.keyboard.press("n")
    page.get_by_role("columnheader", name="NO").wait_for()

    assert rung(page, ".51").split() == [".51", "77.7"], "a YES bid at .49 is a NO ask at .51"
    assert rung(page, ".48").split() == ["10", ".48"], "a YES ask at .52 is a NO bid at .48"


def test_a_trader_that_falls_silent_is_said_and_the_panels_fade(open_page: Open, trader: FakeTrader) -> None:
    page = open_page()
    page.locator("#p-markets table").wait_for()

    trader.fall_silent()

    page.locator('[data-notice="gone"]').wait_for(timeout=15_000)
    page.locator("#p-markets.stale").wait_for()
    assert "late" in (page.locator("#p-markets [data-age]").get_attribute("class") or "")


def test_a_hung_server_is_noticed_said_and_left_behind(
    open_page: Open, trader: FakeTrader, web: WebServer
) -> None:
    page = open_page()
    page.locator("#p-markets table").wait_for()
    notice = page.locator('[data-notice="lost"]')

    with web.silent():
        notice.wait_for(timeout=15_000)
        said = notice.inner_text()
        page.locator("body.lost").wait_for()

    assert "No connection since" in said
    assert re.search(r"Try [1-9]", said), "which try it is depends on when one looks"
    notice.wait_for(state="detached", timeout=20_000)


def test_numbers_carry_a_sign_and_not_only_a_colour(open_page: Open, trader: FakeTrader) -> None:
    trader.moving = False
    trader.say(totals={**trader.rows()["totals"], "pnl_today": "-1.44"})
    page = open_page()

    page.locator("#bar-pnl", has_text="\u22121.44").wait_for()


def test_an_empty_panel_says_why_it_is_empty(open_page: Open, trader: FakeTrader) -> None:
    trader.moving = False
    trader.say(**{f"fill__{row['n']}": None for row in trader.evening.fills})
    page = open_page()

    said = page.locator("#p-fills .empty")
    said.wait_for()
    assert "No fill since the trader started. The last" in said.inner_text()


def test_a_decision_opens_to_its_gates(open_page: Open, trader: FakeTrader) -> None:
    trader.moving = False
    page = open_page()
    first = page.locator("#p-decisions details").first
    first.wait_for()

    first.locator("summary").click()

    assert first.locator("tbody tr").count() >= 1
    assert first.get_by_role("columnheader", name="limit").is_visible()


def test_rows_are_walked_with_j_and_opened_with_enter(open_page: Open, trader: FakeTrader) -> None:
    trader.moving = False
    page = open_page("/markets/")
    page.locator("#p-markets tbody tr").first.wait_for()

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")

    page.locator("#market").wait_for()
    assert "/markets/0x" in page.url


def test_the_list_of_keys_opens_and_closes(open_page: Open, trader: FakeTrader) -> None:
    page = open_page()
    page.keyboard.press("?")
    page.get_by_role("heading", name="Keys").wait_for()
    page.keyboard.press("Escape")

    assert page.get_by_role("heading", name="Keys").is_hidden()


def test_markets_are_filtered_and_sorted_in_the_address(open_page: Open, trader: FakeTrader) -> None:
    trader.moving = False
    page = open_page("/markets/")
    page.locator("#p-markets tbody tr").first.wait_for()

    page.get_by_label("Filter by name").fill("spirit")
    page.get_by_role("button", name="P&L").click()

    assert page.locator("#p-markets tbody tr").count() == 3
    assert "sort=pnl" in page.url
    assert "text=spirit" in page.url


values = st.none() | st.integers(-3, 3) | st.text(alphabet="ab", max_size=2)
rows = st.dictionaries(st.sampled_from(["bid", "ask", "state"]), values, max_size=2)
boards = st.dictionaries(st.sampled_from(["totals", "market:a", "market:b"]), rows)


def test_the_browser_applies_changes_as_the_server_does(open_page: Open, trader: FakeTrader) -> None:
    page = open_page()

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(boards, boards)
    def same(old: dict[str, Any], new: dict[str, Any]) -> None:
        changes = diff(old, new)
        script = "async ([old, changes]) => (await import('/static/js/board.js')).apply(old, changes)"
        assert page.evaluate(script, [old, changes]) == apply(old, changes)

    same()
