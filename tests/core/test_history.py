"""Entries made anew from the venue's trades and the chain's record leave what the first ones left."""

import pytest

from core.differences import Carried, Traded
from core.events import FillStatus
from core.history import brought_in, entries
from core.ids import FillId, OrderId, Outcome, Side
from core.ledger import EntryKind, Ledger
from core.units import Ms, Shares, Usdc, shares, usdc
from tests.builders import MARKET, NO, YES

START = usdc("1000")
SECOND = 1_000


def a_trade(
    name: str,
    at: int,
    outcome: Outcome = YES,
    *,
    side: Side = Side.BUY,
    size: str = "10",
    amount: str = "4.8",
    fee: str = "0",
    status: FillStatus = FillStatus.CONFIRMED,
) -> Traded:
    return Traded(
        FillId(f"{name}:o"),
        OrderId("o"),
        MARKET,
        outcome,
        side,
        shares(size),
        usdc(amount),
        usdc(fee),
        status,
        Ms(at * SECOND),
    )


def a_merge(at: int, size: str) -> Carried:
    return Carried(EntryKind.MERGE, MARKET, None, shares(size), usdc(size), "0xmerge", Ms(at * SECOND))


def rebuilt(*happened: Traded | Carried) -> Ledger:
    trades = [each for each in happened if isinstance(each, Traded)]
    carried = [each for each in happened if isinstance(each, Carried)]
    return Ledger.rebuild(entries(trades, carried))


def test_trades_and_fees_are_what_the_shares_cost() -> None:
    ledger = rebuilt(a_trade("b", 2, amount="5", fee="0.1"), a_trade("a", 1))

    assert ledger.held(MARKET, YES) == shares("20")
    assert ledger.cost(MARKET, YES) == usdc("9.9")
    assert ledger.cash == -usdc("9.9")


def test_a_merge_takes_its_part_of_both_legs_costs() -> None:
    ledger = rebuilt(a_merge(3, "5"), a_trade("a", 1), a_trade("b", 2, NO, amount="4.9"))

    assert [ledger.held(MARKET, leg) for leg in Outcome] == [shares("5")] * 2
    assert ledger.cost(MARKET, NO) == usdc("2.45")
    assert ledger.realized(MARKET) == usdc("0.15")


def test_within_one_second_a_merge_comes_after_the_trades_it_needs() -> None:
    told = a_trade("a", 1), a_trade("b", 1, NO), a_merge(1, "10")

    kinds = [entry.kind for entry in entries(told[:2], told[2:])]

    assert kinds == [EntryKind.BUY, EntryKind.BUY, EntryKind.MERGE, EntryKind.MERGE]
    assert rebuilt(*told).positions() == ()


def test_a_split_costs_a_dollar_a_set_and_a_redemption_pays_what_it_paid() -> None:
    split = Carried(EntryKind.SPLIT, MARKET, None, shares("3"), usdc("3"), "0xsplit", Ms(0))
    redeemed = Carried(EntryKind.REDEEM, MARKET, YES, shares("3"), usdc("3"), "0xredeem", Ms(SECOND))

    held = rebuilt(split)
    paid = rebuilt(split, redeemed)

    assert [held.cost(MARKET, leg) for leg in Outcome] == [usdc("1.5")] * 2
    assert (paid.held(MARKET, YES), paid.held(MARKET, NO), paid.cash) == (Shares(0), shares("3"), Usdc(0))


def test_a_trade_that_failed_brought_nothing() -> None:
    assert entries([a_trade("a", 1, status=FillStatus.FAILED)], []) == []


SESSIONS: list[list[Traded | Carried]] = [
    [],
    [a_trade("a", 1, fee="0.02")],
    [a_trade("a", 1), a_trade("b", 2, side=Side.SELL, amount="5")],
    [a_trade("a", 1), a_trade("b", 2, NO), a_merge(3, "10")],
]


@pytest.mark.parametrize("happened", SESSIONS)
def test_what_was_brought_in_is_what_the_cash_and_the_entries_leave_over(
    happened: list[Traded | Carried],
) -> None:
    trades = [each for each in happened if isinstance(each, Traded)]
    booked = entries(trades, [each for each in happened if isinstance(each, Carried)])
    cash = Usdc(START + sum(entry.usdc for entry in booked))

    assert brought_in(cash, booked, []) == START


def test_a_trade_that_is_not_on_the_chain_yet_is_not_in_its_cash() -> None:
    waits = a_trade("a", 1, fee="0.02", status=FillStatus.MATCHED)

    assert brought_in(START, entries([waits], []), [waits]) == START
