"""The doctor in a browser: what does not pass stands first with its next step, and it can be run again."""

import pytest

from tests.e2e.conftest import DESK, PHONE, Open
from tests.e2e.faketrader import FakeTrader


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_what_does_not_pass_stands_first_with_what_to_do(
    open_page: Open, trader: FakeTrader, size: dict[str, int]
) -> None:
    page = open_page("/doctor/", size=size)

    first = page.locator("#p-checks tbody").first
    first.wait_for()

    assert first.locator("th").first.inner_text() == "see to these"
    assert "beat" in first.inner_text(), "no beat runs beside the browser's tests"
    assert "run manage.py up" in first.inner_text()
    assert page.locator("#p-checks tbody", has_text="services").get_by_text("database").is_visible()


def test_it_says_what_is_missing_to_go_live(open_page: Open, trader: FakeTrader) -> None:
    page = open_page("/doctor/")

    missing = page.locator("#p-golive li.open", has_text="both switches on live")
    missing.wait_for()

    assert "VENUE=polymarket PAPER_TRADING=false" in missing.inner_text()
    assert page.locator("#p-golive li.met", has_text="a risk admin").is_visible()


def test_it_can_be_run_again_and_says_since_when_it_knows(open_page: Open, trader: FakeTrader) -> None:
    page = open_page("/doctor/")
    button = page.get_by_role("button", name="Run again")
    button.wait_for()

    with page.expect_response(lambda answer: answer.request.method == "POST") as asked:
        button.click()

    assert asked.value.status == 202
    page.get_by_text("Asked anew").wait_for(timeout=60_000)
    button.wait_for()
