"""The pair ledger against every way in which a drawn history of fills can end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from core.events import FillStatus, MergeStepped, WalletStatus
from core.ids import FillId, Outcome, Side
from core.ledger import Entry
from core.pair import PairLedger
from core.units import Shares, Usdc, usdc
from tests.core.accounts import BUY, MARKET, NO, SELL, T0, YES
from tests.core.pairs import CONFIRMED, FAILED, MATCHED, MINED, a_pair, state_of


@dataclass(frozen=True)
class Trade:
    outcome: Outcome
    side: Side
    size: Shares
    amount: Usdc
    fee: Usdc
    end: FillStatus

    def pays(self, winner: Outcome, *, receipts: bool) -> int:
        """What it is worth once ``winner`` has won, had it landed."""
        worth = self.size if self.outcome is winner else 0
        if self.side is BUY:
            return worth - self.amount - self.fee
        return (max(0, self.amount - self.fee) if receipts else min(0, self.amount - self.fee)) - worth


@st.composite
def trades(draw: st.DrawFn, ends: Sequence[FillStatus] = (MATCHED, MINED, CONFIRMED, FAILED)) -> Trade:
    size = draw(st.integers(1, 200)) * 10_000
    price = draw(st.integers(1, 9_999))
    amount = size * price // 10_000
    return Trade(
        outcome=draw(st.sampled_from(Outcome)),
        side=draw(st.sampled_from(Side)),
        size=Shares(size),
        amount=Usdc(amount),
        fee=Usdc(draw(st.integers(0, amount // 10))),
        end=draw(st.sampled_from(list(ends))),
    )


def live(history: list[Trade]) -> tuple[PairLedger, list[Entry]]:
    """Tell every trade as MATCHED first and then, one after another, what became of it."""
    pair = a_pair()
    entries: list[Entry] = []
    for number, item in enumerate(history):
        entries += pair.filled(
            FillId(f"f{number}"), item.outcome, item.side, item.size, item.amount, item.fee, MATCHED, T0
        )
    for number, item in enumerate(history):
        entries += pair.settled(FillId(f"f{number}"), item.end, T0)
    return pair, entries


@given(st.lists(trades(), max_size=7))
def test_the_worst_case_is_the_worst_of_every_way_it_can_end(history: list[Trade]) -> None:
    """Count all of them: each provisional fill lands or fails, and one of two outcomes wins."""
    pair, _ = live(history)
    sure = [item for item in history if item.end is CONFIRMED]
    open_fills = [item for item in history if item.end in (MATCHED, MINED)]

    worst = min(
        sum(
            item.amount - item.fee - (item.size if item.outcome is winner else 0)
            for item in sure
            if item.side is SELL
        )
        + sum(item.pays(winner, receipts=False) for item in sure if item.side is BUY)
        + sum(
            item.pays(winner, receipts=False) for item, lands in zip(open_fills, ends, strict=True) if lands
        )
        for winner in Outcome
        for ends in product((True, False), repeat=len(open_fills))
    )

    assert pair.worst_case == worst


def possible(history: list[Trade]) -> list[Trade]:
    """Without the sales of what is not confirmed: the judge lets none leave."""
    pair, kept = a_pair(), []
    for number, item in enumerate(history):
        if item.side is SELL and item.size > pair.sellable(item.outcome):
            continue
        kept.append(item)
        fill_id = FillId(f"f{number}")
        pair.filled(fill_id, item.outcome, item.side, item.size, item.amount, item.fee, MATCHED, T0)
        pair.settled(fill_id, item.end, T0)
    return kept


@given(st.lists(trades(), max_size=8))
def test_what_is_at_risk_is_never_below_what_any_end_leaves_to_lose(drawn: list[Trade]) -> None:
    history = possible(drawn)
    pair, _ = live(history)
    unsure = [number for number, item in enumerate(history) if item.end in (MATCHED, MINED)]

    for ends in product((CONFIRMED, FAILED), repeat=len(unsure)):
        ended = dict(zip(unsure, ends, strict=True))
        settled, _ = live([replace(item, end=ended.get(n, item.end)) for n, item in enumerate(history)])
        flow = settled.received - settled.spent
        to_lose = settled.realized - min(flow + settled.held(winner) for winner in Outcome)

        assert pair.at_risk >= to_lose - len(history), "less a millionth a fill, for rounding"


@given(st.lists(trades(ends=(MATCHED, CONFIRMED)), max_size=8))
def test_with_purchases_alone_the_risk_is_exact(drawn: list[Trade]) -> None:
    pair, _ = live([item for item in drawn if item.side is BUY])

    assert pair.at_risk == max(0, pair.realized - pair.worst_case)


@given(st.lists(trades(), max_size=12), st.data())
def test_no_outcome_pays_less_than_the_worst_case(history: list[Trade], data: st.DataObject) -> None:
    pair, _ = live(history)
    floor = pair.worst_case
    for number, item in enumerate(history):
        if item.end in (MATCHED, MINED):
            pair.settled(FillId(f"f{number}"), data.draw(st.sampled_from([CONFIRMED, FAILED])), T0)

    flow = pair.received - pair.spent
    profits = [flow + pair.held(winner) for winner in Outcome]

    assert min(profits) == pair.worst_case >= floor


@given(st.lists(trades(), max_size=12))
def test_a_failed_fill_leaves_no_trace(history: list[Trade]) -> None:
    pair, _ = live(history)
    without, _ = live([item for item in history if item.end is not FAILED])

    assert state_of(pair) == state_of(without)


@given(st.lists(trades(), max_size=12))
def test_rebuilt_from_its_entries_it_is_the_same(history: list[Trade]) -> None:
    pair, entries = live(history)
    unsure = [FillId(f"f{n}") for n, item in enumerate(history) if item.end in (MATCHED, MINED)]

    again = a_pair()
    again.rebuild(entries, dict.fromkeys(unsure, MATCHED))

    assert state_of(again) == state_of(pair)
    assert again.provisional == pair.provisional


@given(st.lists(trades(), max_size=12))
def test_realized_is_all_that_came_of_it_once_nothing_is_held(history: list[Trade]) -> None:
    pair, entries = live(history)
    for outcome in Outcome:
        held = pair.held(outcome)
        if held:
            side = SELL if held > 0 else BUY
            entries += pair.filled(
                FillId(f"out-{outcome}"),
                outcome,
                side,
                Shares(abs(held)),
                usdc("1"),
                usdc("0"),
                CONFIRMED,
                T0,
            )

    assert (pair.cost(YES), pair.cost(NO)) == (0, 0)
    assert pair.realized == sum(entry.usdc for entry in entries)


@given(st.lists(trades(), max_size=8), st.sampled_from(Outcome), st.integers(1, 100), st.integers(0, 60))
def test_a_buy_foretold_is_the_buy_confirmed(
    history: list[Trade], outcome: Outcome, lots: int, paid: int
) -> None:
    pair, _ = live(history)
    size, amount = Shares(lots * 10_000), Usdc(paid * 10_000)

    foretold = pair.after_buy(outcome, size, amount)
    pair.filled(FillId("new"), outcome, BUY, size, amount, Usdc(0), CONFIRMED, T0)

    assert (pair.worst_case, pair.exposed) == foretold


@given(st.lists(trades(), max_size=10), st.integers(1, 10))
def test_a_merge_never_changes_the_worst_case_and_never_touches_the_provisional(
    history: list[Trade], parts: int
) -> None:
    pair, _ = live(history)
    size = Shares(pair.mergeable // parts)
    if not size:
        return
    before = pair.worst_case

    pair.merge_planned("m", size)
    pair.merge_stepped(MergeStepped("m", MARKET, size, WalletStatus.CONFIRMED, T0))

    assert pair.worst_case == before
    for number, item in enumerate(history):
        if item.end in (MATCHED, MINED) and item.side is BUY:
            pair.settled(FillId(f"f{number}"), FAILED, T0)
    assert min(pair.held(YES), pair.held(NO)) >= 0 or any(item.side is SELL for item in history)
