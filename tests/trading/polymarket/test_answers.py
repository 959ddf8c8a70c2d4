"""What an answer to an order means. A refusal must prove that the order is not there; the rest is unknown."""

from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.answers import RejectCode
from core.units import Ms
from trading.gateways.polymarket import answers
from trading.gateways.polymarket.answers import (
    Accepted,
    Again,
    Duplicated,
    PostStatus,
    Refused,
    Unanswered,
    closed_to_all,
)

NOW: Final = Ms(1_764_000_000_000)


def read(status: int, said: object, *, header: str | None = None, gives: int = 10_000_000) -> object:
    return answers.read_post(status, body(said), retry_header=header, maker_amount=gives, closed_ms=NOW)


def body(said: object) -> bytes:
    return said if isinstance(said, bytes) else msgspec.json.encode(said)


def success(**changed: Any) -> dict[str, Any]:
    return {"success": True, "errorMsg": "", "orderID": "0xab", "status": "live"} | changed


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (success(), PostStatus.LIVE),
        (success(status="matched"), PostStatus.MATCHED),
        (success(status="delayed"), PostStatus.DELAYED),
        (success(status="unmatched"), PostStatus.UNMATCHED),
        (success(status="hovering"), PostStatus.UNSAID),
        (success(errorMsg=None, status=None), PostStatus.UNSAID),
    ],
)
def test_success_without_an_error_and_with_an_id_is_accepted_whatever_its_status(
    said: dict[str, Any], status: PostStatus
) -> None:
    outcome = read(200, said)

    assert isinstance(outcome, Accepted)
    assert (outcome.order_id, outcome.status) == ("0xab", status)


# polymarket.md 3.12, and what was seen besides.
REFUSALS: Final = (
    ("invalid post-only order: order crosses book", RejectCode.POST_ONLY_WOULD_CROSS),
    ("order 0xab crosses the book", RejectCode.POST_ONLY_WOULD_CROSS),
    ("not enough balance / allowance", RejectCode.NOT_ENOUGH_BALANCE),
    (
        "not enough balance / allowance: the balance is not enough -> balance: 1, sum of matched orders: 2",
        RejectCode.NOT_ENOUGH_BALANCE,
    ),
    ("order 0xab is invalid. Price (0.485) breaks minimum tick size rule: 0.01", RejectCode.OFF_TICK),
    ("order 0xab is invalid. Size (1) lower than the minimum: 5", RejectCode.BELOW_MINIMUM),
    ("invalid amount for a marketable BUY order ($0.765), min size: $1", RejectCode.BELOW_MINIMUM),
    ("the market is not yet ready to process new orders", RejectCode.NOT_READY),
    ("post-only mode: only post-only orders and cancels are allowed", RejectCode.POST_ONLY_MODE),
    ("Rate limit exceeded for tokenId: 7", RejectCode.RATE_LIMITED),
    ("Trading is currently disabled. Check polymarket.com for updates", RejectCode.TRADING_OFF),
    ("Trading is currently cancel-only. New orders are not accepted.", RejectCode.CANCEL_ONLY),
    ("FOK orders are filled or killed", RejectCode.NOT_FILLED),
    ("no orders found to match with FAK order", RejectCode.NOT_FILLED),
    ("'0xf3' address in closed only mode", RejectCode.UNTRADABLE),
    ("'0xf3' address banned", RejectCode.UNTRADABLE),
    ("maker address not allowed, please use the deposit wallet flow", RejectCode.UNTRADABLE),
    ("No orderbook exists for the requested token id", RejectCode.UNTRADABLE),
    ("Invalid order payload", RejectCode.OTHER),
    ("the order owner has to be the owner of the API KEY", RejectCode.OTHER),
    ("order_version_mismatch", RejectCode.OTHER),
)


@pytest.mark.parametrize(("words", "code"), REFUSALS)
def test_the_venues_words_name_the_kind_of_refusal(words: str, code: RejectCode) -> None:
    assert read(400, {"error": words}) == Refused(code, words, None)
    assert read(200, success(errorMsg=words, orderID="")) == Refused(code, words, None)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, {"error": "order canceled: context canceled"}),
        (400, {"error": "order match delayed due to market conditions"}),
        (500, {"error": "Internal server error"}),
        (500, {"error": "could not insert order"}),
        (500, {"error": "not enough balance / allowance"}),
        (502, b"<html>Bad Gateway</html>"),
        (503, b"<html>trading is disabled</html>"),
        (408, {"error": "Request Timeout"}),
        (499, b""),
        (200, b""),
        (200, b"{"),
        (200, b"[]"),
        (200, {"success": True, "errorMsg": "", "orderID": ""}),
        (200, success(errorMsg="something odd")),
        (200, {"status": "live"}),
    ],
)
def test_what_proves_nothing_is_no_answer(status: int, said: object) -> None:
    outcome = read(status, said)

    assert isinstance(outcome, Unanswered)
    assert outcome.closed_ms == NOW
    assert outcome.reason


@given(
    status=st.integers(200, 599),
    success=st.sampled_from([True, False, None]),
    order_id=st.sampled_from(["0xab", "", None]),
    words=st.sampled_from(["", None, *[words for words, _ in REFUSALS], "odd"]),
)
def test_no_answer_accepts_without_success_and_id_and_none_with_words(
    status: int, success: bool | None, order_id: str | None, words: str | None
) -> None:
    outcome = read(status, {"success": success, "orderID": order_id, "errorMsg": words})

    assert isinstance(outcome, Accepted) == (
        status < 300 and success is True and order_id == "0xab" and not words
    )
    if isinstance(outcome, Refused):
        assert status < 500 or status == 503
        assert words or status < 500


@pytest.mark.parametrize("status", [400, 500, 200])
def test_duplicated_is_told_apart_from_a_refusal(status: int) -> None:
    words = "order 0xab is invalid. Duplicated."

    assert read(status, {"success": False, "orderID": "", "errorMsg": words}) == Duplicated(words)


@pytest.mark.parametrize(
    ("status", "said", "header", "wait_ms"),
    [
        (429, {"error": "Too Many Requests"}, "3", 3_000),
        (429, {"error": "Too Many Requests"}, "999999", 120_000),
        (429, {"error": "Too Many Requests"}, "Wed, 21 Oct 2026 07:28:00 GMT", None),
        (500, {"error": "order timed out"}, None, None),
    ],
)
def test_the_same_bytes_may_go_again(
    status: int, said: object, header: str | None, wait_ms: int | None
) -> None:
    outcome = read(status, said, header=header)

    assert isinstance(outcome, Again)
    assert outcome.wait_ms == wait_ms
    assert isinstance(outcome.otherwise, Unanswered if status == 500 else Refused)


@pytest.mark.parametrize(
    ("status", "said", "header", "code", "wait_ms"),
    [
        (425, {"error": "restarting"}, "1", RejectCode.RESTARTING, 1_000),
        (425, b"", None, RejectCode.RESTARTING, None),
        (425, {"retry_after_seconds": 7}, None, RejectCode.RESTARTING, 7_000),
        (
            503,
            {"error": "post-only mode: quotes", "retry_after_seconds": 90},
            None,
            RejectCode.POST_ONLY_MODE,
            90_000,
        ),
        (503, {"error": "Trading is currently cancel-only."}, None, RejectCode.CANCEL_ONLY, None),
        (503, {"error": "trading is disabled"}, "60", RejectCode.TRADING_OFF, 60_000),
    ],
)
def test_a_venue_closed_to_everybody_refuses_and_is_not_asked_again_at_once(
    status: int, said: object, header: str | None, code: RejectCode, wait_ms: int | None
) -> None:
    outcome = read(status, said, header=header)

    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.retry_after_ms) == (code, wait_ms)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (503, b"<html>trading is disabled</html>"),
        (503, {"error": "busy"}),
        (400, {"error": "trading is disabled"}),
    ],
)
def test_other_answers_close_nothing(status: int, said: object) -> None:
    assert closed_to_all(status, body(said), retry_header=None) is None


@pytest.mark.parametrize(
    ("made", "taken", "expected"),
    [
        ("5.2", "10", (5_200_000, 10_000_000)),
        ("", "", (0, 0)),
        ("5200000", "10000000", (5_200_000, 10_000_000)),
        ("10", "19.2308", (10_000_000, 19_230_800)),
        ("1e3", "5", (None, None)),
        ("99999999999", "5", (None, None)),
    ],
)
def test_amounts_are_in_the_unit_in_which_they_can_be_true(
    made: str, taken: str, expected: tuple[int | None, int | None]
) -> None:
    outcome = read(200, success(status="matched", makingAmount=made, takingAmount=taken))

    assert isinstance(outcome, Accepted)
    assert (outcome.made, outcome.taken) == expected
