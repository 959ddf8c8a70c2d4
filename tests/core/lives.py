"""Lives of an account, drawn: two markets' pair ledgers and the one ledger they book to."""

from hypothesis import strategies as st

from core.events import FillStatus, MergeStepped, Redeemed, WalletStatus
from core.ids import FillId, MarketId, Outcome, Side
from core.ledger import Entry, Ledger
from core.pair import PairLedger
from core.units import Ms, Shares, Usdc
from tests.builders import a_deposit
from tests.core.accounts import BUY, MARKET, NO, OTHER, PAIR_ARB, SELL, YES

CONFIRMED, FAILED, MATCHED = FillStatus.CONFIRMED, FillStatus.FAILED, FillStatus.MATCHED


class Life:
    """An account that lives through a drawn history: two markets' pair ledgers and the one ledger they book to."""

    def __init__(self) -> None:
        self.pairs = {market: PairLedger(market, PAIR_ARB) for market in (MARKET, OTHER)}
        self.ledger = Ledger()
        self.entries: list[Entry] = []
        self.open_fills: list[tuple[MarketId, FillId]] = []
        self.book([a_deposit("1000")])

    def book(self, entries: list[Entry] | tuple[Entry, ...]) -> None:
        self.ledger.book(entries)
        self.entries.extend(entries)

    def trade(
        self, number: int, market: MarketId, outcome: Outcome, side: Side, lots: int, cents: int
    ) -> None:
        fill_id = FillId(f"f{number}")
        amount, fee = Usdc(lots * cents * 100), Usdc(lots * cents % 7)
        status = MATCHED if number % 3 else CONFIRMED
        if status is MATCHED:
            self.open_fills.append((market, fill_id))
        pair = self.pairs[market]
        self.book(pair.filled(fill_id, outcome, side, Shares(lots * 10_000), amount, fee, status, Ms(number)))

    def settle(self, pick: int, status: FillStatus) -> None:
        if self.open_fills:
            market, fill_id = self.open_fills.pop(pick % len(self.open_fills))
            self.book(self.pairs[market].settled(fill_id, status, Ms(0)))

    def merge(self, number: int, market: MarketId, lots: int) -> None:
        pair = self.pairs[market]
        amount = min(pair.mergeable, Shares(lots * 10_000))
        if amount:
            pair.merge_planned(f"m{number}", amount)
            self.book(
                pair.merge_stepped(MergeStepped(f"m{number}", market, amount, WalletStatus.CONFIRMED, Ms(0)))
            )

    def redeem(self, market: MarketId) -> None:
        pair = self.pairs[market]
        yes, no = pair.held(YES), pair.held(NO)
        if yes >= 0 and no >= 0 and not pair.provisional:
            self.book(pair.redeemed(Redeemed(f"r{market}", market, yes, no, Usdc(yes), Ms(0))))


markets = st.sampled_from([MARKET, OTHER])


actions = st.one_of(
    st.tuples(
        st.just("trade"),
        markets,
        st.sampled_from(Outcome),
        st.sampled_from([BUY, BUY, BUY, SELL]),
        st.integers(1, 50),
        st.integers(1, 99),
    ),
    st.tuples(st.just("settle"), st.integers(0, 9), st.sampled_from([CONFIRMED, FAILED])),
    st.tuples(st.just("merge"), markets, st.integers(1, 60)),
    st.tuples(st.just("redeem"), markets),
)


def live(history: list[tuple[object, ...]]) -> Life:
    life = Life()
    for number, (name, *rest) in enumerate(history):
        numbered = name in ("trade", "merge")
        getattr(life, str(name))(*([number, *rest] if numbered else rest))
    return life
