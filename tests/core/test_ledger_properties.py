"""The account ledger is the same however it was reached: lived, rebuilt, or summed."""

from hypothesis import given
from hypothesis import strategies as st

from core.events import FillStatus
from core.ids import Outcome, Strategy
from core.ledger import Ledger
from core.pair import PairLedger
from core.units import usdc
from tests.core.accounts import MARKET, NO, OTHER, YES
from tests.core.lives import actions, live, markets


def state(ledger: Ledger) -> tuple[object, ...]:
    return (
        ledger.cash,
        ledger.positions(),
        ledger.realized(),
        ledger.realized(MARKET),
        ledger.realized(OTHER),
    )


@given(st.lists(actions, max_size=40))
def test_rebuilt_from_its_entries_the_ledger_is_the_one_that_lived(history: list[tuple[object, ...]]) -> None:
    life = live(history)

    assert state(Ledger.rebuild(life.entries)) == state(life.ledger)


@given(st.lists(actions, max_size=40))
def test_the_ledger_and_its_pair_ledgers_agree(history: list[tuple[object, ...]]) -> None:
    life = live(history)

    for market, pair in life.pairs.items():
        for outcome in Outcome:
            assert life.ledger.held(market, outcome) == pair.held(outcome)
    assert life.ledger.realized() == sum(pair.realized for pair in life.pairs.values())
    assert life.ledger.cash == usdc("1000") + sum(pair.received - pair.spent for pair in life.pairs.values())


@given(st.lists(actions, max_size=40))
def test_cash_and_tokens_are_plain_sums(history: list[tuple[object, ...]]) -> None:
    life = live(history)

    assert life.ledger.cash == sum(entry.usdc for entry in life.entries)
    for market in life.pairs:
        for outcome in Outcome:
            booked = [
                entry.shares
                for entry in life.entries
                if entry.market_id == market and entry.outcome is outcome
            ]
            assert life.ledger.held(market, outcome) == sum(booked)


@given(st.lists(actions, max_size=40))
def test_what_is_realized_is_cash_and_cost(history: list[tuple[object, ...]]) -> None:
    life = live(history)

    cost = sum(position.cost for position in life.ledger.positions())
    assert life.ledger.realized() == life.ledger.cash - usdc("1000") + cost


@given(st.lists(actions, max_size=40))
def test_cost_is_never_negative_and_never_of_shares_not_held(history: list[tuple[object, ...]]) -> None:
    life = live(history)

    for position in life.ledger.positions():
        assert position.cost >= 0
        assert position.shares > 0 or position.cost == 0


@given(st.lists(actions, max_size=25), st.data())
def test_a_pair_ledger_rebuilt_from_the_accounts_entries_is_the_one_that_lived(
    history: list[tuple[object, ...]], data: st.DataObject
) -> None:
    life = live(history)
    market = data.draw(markets)
    pair = life.pairs[market]
    unsure = [fill_id for at, fill_id in life.open_fills if at == market]

    again = PairLedger(market, Strategy.PAIR_ARB)
    again.rebuild(
        [entry for entry in life.entries if entry.market_id == market],
        dict.fromkeys(unsure, FillStatus.MATCHED),
    )

    assert (again.held(YES), again.held(NO)) == (pair.held(YES), pair.held(NO))
    assert (again.worst_case, again.realized, again.mergeable) == (
        pair.worst_case,
        pair.realized,
        pair.mergeable,
    )
