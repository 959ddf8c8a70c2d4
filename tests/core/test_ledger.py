"""The account ledger: sums of entries, and cost by average."""

from dataclasses import replace

import pytest

from core.events import FillStatus
from core.ids import FillId, MarketId, Outcome, Strategy
from core.ledger import Entry, EntryKind, Holding, Ledger, Position, fold
from core.units import Shares, Usdc, shares, usdc
from tests.core.accounts import MARKET, NO, OTHER, PAIR_ARB, T0, YES

CONFIRMED, FAILED, MATCHED = FillStatus.CONFIRMED, FillStatus.FAILED, FillStatus.MATCHED


def money(text: str) -> Usdc:
    """USDC with a sign."""
    return Usdc(-usdc(text[1:])) if text.startswith("-") else usdc(text)


def size(text: str) -> Shares:
    return Shares(money(text))


def an_entry(
    kind: EntryKind,
    gained: str,
    paid: str,
    *,
    outcome: Outcome | None = YES,
    fill: str | None = None,
    market: MarketId | None = MARKET,
) -> Entry:
    return Entry(
        kind=kind,
        market_id=market,
        strategy=None if market is None else PAIR_ARB,
        outcome=outcome,
        shares=size(gained),
        usdc=money(paid),
        fill_id=None if fill is None else FillId(fill),
        at_ms=T0,
        note=None,
    )


def deposit(amount: str) -> Entry:
    return an_entry(EntryKind.DEPOSIT, "0", amount, outcome=None, market=None)


def bought(gained: str, paid: str, fill: str, *, outcome: Outcome = YES, market: MarketId = MARKET) -> Entry:
    return an_entry(EntryKind.BUY, gained, f"-{paid}", outcome=outcome, fill=fill, market=market)


def sold(gave: str, got: str, fill: str) -> Entry:
    return an_entry(EntryKind.SELL, f"-{gave}", got, fill=fill)


def charged(paid: str, fill: str) -> Entry:
    return an_entry(EntryKind.FEE, "0", f"-{paid}", fill=fill)


def reversed_(entry: Entry) -> Entry:
    return replace(entry, shares=Shares(-entry.shares), usdc=Usdc(-entry.usdc))


def a_ledger(*entries: Entry) -> Ledger:
    ledger = Ledger()
    ledger.book([deposit("1000"), *entries])
    return ledger


def test_cash_is_the_sum_of_all_entries() -> None:
    ledger = a_ledger(bought("100", "48", "f"), charged("1.248", "f"))

    assert ledger.cash == usdc("950.752")


def test_a_deposit_is_no_profit() -> None:
    ledger = a_ledger()

    assert ledger.cash == usdc("1000")
    assert ledger.realized() == 0
    assert ledger.positions() == ()


def test_positions_are_what_is_held_at_what_it_cost() -> None:
    ledger = a_ledger(bought("100", "48", "f"), charged("1.248", "f"), bought("40", "20", "g", outcome=NO))

    assert ledger.positions() == (
        Position(MARKET, YES, shares("100"), usdc("49.248")),
        Position(MARKET, NO, shares("40"), usdc("20")),
    )


def test_a_sellers_fee_is_lost_at_once() -> None:
    ledger = a_ledger(bought("100", "48", "f"), sold("100", "60", "g"), charged("1", "g"))

    assert ledger.realized(MARKET) == usdc("11")
    assert ledger.positions() == ()


def test_removing_some_shares_removes_their_part_of_the_cost_rounded_down() -> None:
    ledger = a_ledger(bought("3", "1", "f"), sold("1", "0.5", "g"))

    (position,) = ledger.positions()

    assert position.cost == Usdc(666_667)
    assert ledger.realized(MARKET) == Usdc(166_667)


def test_removing_the_last_share_removes_all_the_cost() -> None:
    ledger = a_ledger(bought("3", "1", "f"), sold("1", "0", "g"), sold("2", "0", "h"))

    assert ledger.realized(MARKET) == -usdc("1")


def test_a_merge_realizes_a_dollar_a_pair_less_what_both_legs_had_cost() -> None:
    ledger = a_ledger(
        bought("100", "48", "f"),
        bought("100", "49", "g", outcome=NO),
        an_entry(EntryKind.MERGE, "-40", "40"),
        an_entry(EntryKind.MERGE, "-40", "0", outcome=NO),
    )

    assert ledger.realized(MARKET) == usdc("1.2")
    assert ledger.held(MARKET, NO) == shares("60")


def test_a_split_is_spent_and_a_rebate_is_earned() -> None:
    holding = fold(
        [
            an_entry(EntryKind.SPLIT, "10", "-5"),
            an_entry(EntryKind.SPLIT, "10", "-5", outcome=NO),
            an_entry(EntryKind.REBATE, "0", "0.2", outcome=None),
        ]
    )

    assert (holding.spent, holding.received, holding.realized) == (usdc("10"), usdc("0.2"), usdc("0.2"))
    assert holding.locked == shares("10")


def test_an_adjustment_moves_shares_at_no_cost() -> None:
    ledger = a_ledger(bought("10", "5", "f"), an_entry(EntryKind.ADJUSTMENT, "10", "0"))
    assert ledger.positions() == (Position(MARKET, YES, shares("20"), usdc("5")),)

    ledger.book([an_entry(EntryKind.ADJUSTMENT, "-10", "0")])
    assert ledger.positions() == (Position(MARKET, YES, shares("10"), usdc("2.5")),)
    assert ledger.realized(MARKET) == -usdc("2.5")


def test_a_fee_without_its_trade_is_a_loss_and_no_cost() -> None:
    holding = fold([bought("10", "5", "f"), charged("1", "other")])

    assert (holding.yes_cost, holding.realized, holding.fees) == (usdc("5"), -usdc("1"), usdc("1"))


def test_a_reversed_fill_leaves_the_holding_as_it_would_have_been() -> None:
    first, fee = bought("10", "9", "f"), charged("0.1", "f")
    ledger = a_ledger(first, fee, bought("10", "1", "g"), sold("10", "6", "h"))

    ledger.book([reversed_(first), reversed_(fee)])

    assert ledger.positions() == ()
    assert ledger.realized(MARKET) == usdc("5"), "ten shares that cost 1 were sold for 6"
    assert ledger.cash == usdc("1005")


def test_markets_do_not_mix() -> None:
    ledger = a_ledger(bought("10", "5", "f"), bought("10", "4", "g", market=OTHER))

    ledger.book([sold("10", "6", "h")])

    assert ledger.realized(MARKET) == usdc("1")
    assert ledger.realized(OTHER) == 0
    assert ledger.held(OTHER, YES) == shares("10")
    assert ledger.realized() == usdc("1")


def test_a_market_never_heard_of_holds_nothing() -> None:
    assert a_ledger().held(MARKET, YES) == 0
    assert a_ledger().realized(MARKET) == 0
    assert a_ledger().entries_of(MARKET, PAIR_ARB) == ()


def test_a_redeemed_market_is_let_go_and_its_profit_kept() -> None:
    ledger = a_ledger(
        bought("100", "48", "f"),
        bought("100", "49", "g", outcome=NO),
        an_entry(EntryKind.REDEEM, "-100", "100"),
        an_entry(EntryKind.REDEEM, "-100", "0", outcome=NO),
    )

    assert ledger.realized() == usdc("3")
    assert ledger.entries_of(MARKET, PAIR_ARB) == ()


def test_a_market_that_holds_shares_is_not_forgotten() -> None:
    ledger = a_ledger(bought("100", "48", "f"))

    with pytest.raises(ValueError, match=MARKET):
        ledger.forget(MARKET)

    ledger.forget(OTHER)
    assert ledger.held(MARKET, YES) == shares("100")


def test_a_reversal_of_what_was_let_go_still_moves_cash_and_shares() -> None:
    sale = sold("100", "60", "g")
    ledger = a_ledger(bought("100", "48", "f"), sale)
    ledger.forget(MARKET)

    ledger.book([reversed_(sale)])

    assert ledger.cash == usdc("952")
    assert ledger.held(MARKET, YES) == shares("100")


def test_entries_are_kept_by_strategy() -> None:
    mine, foreign = bought("10", "5", "f"), replace(bought("10", "5", "g"), strategy=None)
    ledger = a_ledger(mine, foreign)

    assert ledger.entries_of(MARKET, PAIR_ARB) == (mine,)


def test_each_strategy_averages_its_own_costs() -> None:
    """A trade somebody else made on the wallet must not change what ours earned."""
    ledger = a_ledger(bought("10", "4", "f"), replace(bought("10", "9", "x"), strategy=Strategy.EXTERNAL))

    ledger.book([sold("10", "5", "g")])

    assert ledger.realized(MARKET) == usdc("1")
    assert ledger.positions() == (Position(MARKET, YES, shares("10"), usdc("9")),)


def test_what_is_held_apart_is_what_the_others_hold() -> None:
    ledger = a_ledger(
        bought("10", "4", "f"),
        replace(bought("3", "2", "x", outcome=NO), strategy=Strategy.EXTERNAL),
        replace(bought("2", "1", "y"), strategy=None),
    )

    apart = ledger.apart(MARKET, PAIR_ARB)

    assert (apart.yes, apart.no, apart.yes_cost, apart.no_cost) == (
        shares("2"),
        shares("3"),
        usdc("1"),
        usdc("2"),
    )
    assert ledger.apart(OTHER, PAIR_ARB).is_flat
    assert ledger.at_risk_apart(PAIR_ARB) == usdc("1"), "3 paid, 2 of it come back as pairs"


def test_a_market_is_kept_while_any_strategy_holds_shares_in_it() -> None:
    ledger = a_ledger(
        bought("10", "4", "f"), replace(bought("3", "2", "x", outcome=NO), strategy=Strategy.EXTERNAL)
    )

    ledger.book([an_entry(EntryKind.REDEEM, "-10", "10")])
    assert ledger.held(MARKET, NO) == shares("3")

    ledger.book([replace(an_entry(EntryKind.REDEEM, "-3", "0", outcome=NO), strategy=Strategy.EXTERNAL)])
    assert ledger.entries_of(MARKET, PAIR_ARB) == ()
    assert ledger.realized() == usdc("10") - usdc("6")


def test_cash_of_no_market_is_brought_in_and_no_profit() -> None:
    ledger = a_ledger(an_entry(EntryKind.ADJUSTMENT, "0", "-20", outcome=None, market=None))

    assert (ledger.cash, ledger.deposited, ledger.realized()) == (usdc("980"), usdc("980"), 0)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (bought("1", "1", "f"), False),
        (reversed_(bought("1", "1", "f")), True),
        (sold("1", "1", "f"), False),
        (reversed_(sold("1", "1", "f")), True),
        (an_entry(EntryKind.MERGE, "-1", "1"), False),
        (an_entry(EntryKind.ADJUSTMENT, "-1", "0"), False),
        (charged("1", "f"), False),
    ],
)
def test_only_a_trade_with_its_signs_turned_reverses(entry: Entry, *, expected: bool) -> None:
    assert entry.reverses is expected


def test_a_holding_begins_empty() -> None:
    assert Holding().is_flat
    assert Holding().realized == 0
