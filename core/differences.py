"""The words of a reconciliation: both sides as they were read, and what differs. Pure; see ``core.reconcile``."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from core.events import FillStatus
from core.ids import FillId, MarketId, OrderId, Outcome, Side, Strategy
from core.ledger import EntryKind
from core.units import Ms, Price, Shares, Usdc, text

Leg = tuple[MarketId, Outcome]
Figures = Mapping[Leg | None, int]  # ``None`` is cash, in USDC; the others are shares

LASTS_MS: Final = Ms(30_000)
UNSTEADY_RUNS: Final = 3
DUST: Final = 10_000  # 0.01 share, or 0.01 USDC


class Kind(StrEnum):
    """What a difference is. The words are those of the event, the API and the runbook."""

    MISSING_FILL = "missing_fill"  # an order of ours traded, and no row says so
    PHANTOM_FILL = "phantom_fill"  # a row says that we traded; the venue does not, or took it back
    EXTERNAL_TRADE = "external_trade"  # an order that nobody here placed has traded
    WRONG_BALANCE = "wrong_balance"  # cash or shares differ, and nothing explains it
    LOST_ORDER = "lost_order"  # open by our rows, not at the venue
    EXTERNAL_ORDER = "external_order"  # open at the venue, in no row of ours
    RESOLVED_MARKET = (
        "resolved_market"  # decided: its shares were paid out, or wait for it, and our books do not know
    )
    FIFTY_FIFTY = "fifty_fifty"  # the same, each share at a half
    DUST = "dust"  # too little to count


class Aspect(StrEnum):
    """What can be compared by itself; each is judged only where it was answered."""

    TRADES = "trades"
    ORDERS = "orders"
    BALANCES = "balances"


ASPECT_OF: Final[Mapping[Kind, Aspect]] = {
    Kind.MISSING_FILL: Aspect.TRADES,
    Kind.PHANTOM_FILL: Aspect.TRADES,
    Kind.EXTERNAL_TRADE: Aspect.TRADES,
    Kind.WRONG_BALANCE: Aspect.BALANCES,
    Kind.LOST_ORDER: Aspect.ORDERS,
    Kind.EXTERNAL_ORDER: Aspect.ORDERS,
    Kind.RESOLVED_MARKET: Aspect.BALANCES,
    Kind.FIFTY_FIFTY: Aspect.BALANCES,
    Kind.DUST: Aspect.BALANCES,
}


@dataclass(frozen=True, slots=True)
class Traded:
    """One order's part in one trade, by either side. ``fee`` is what we pay on top of a buy, or out of a sale."""

    fill_id: FillId
    order_id: OrderId
    market_id: MarketId
    outcome: Outcome
    side: Side
    shares: Shares
    amount: Usdc
    fee: Usdc
    status: FillStatus
    at_ms: Ms
    strategy: Strategy | None = None  # by our rows; the venue knows none

    @property
    def effect(self) -> dict[Leg | None, int]:
        """What it does to cash and shares."""
        leg: Leg = (self.market_id, self.outcome)
        if self.side is Side.BUY:
            return {None: -self.amount - self.fee, leg: self.shares}
        return {None: self.amount - self.fee, leg: -self.shares}

    @property
    def words(self) -> str:
        what = f"{self.side} {text(self.shares, 6)} {self.outcome} for {text(self.amount, 6)} USDC"
        return f"{what}, fee {text(self.fee, 6)}, {self.status}"


@dataclass(frozen=True, slots=True)
class Carried:
    """Something the chain did to a whole market's holding, by the indexer. ``outcome`` is ``None`` where it was both.

    Units:
        kind:   split, merge or redeem.
        shares: of each outcome it concerns, never negative.
        usdc:   paid for them or received, never negative.
        name:   the transaction's.
    """

    kind: EntryKind
    market_id: MarketId
    outcome: Outcome | None
    shares: Shares
    usdc: Usdc
    name: str
    at_ms: Ms


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order is for. ``price`` in the outcome's own price."""

    outcome: Outcome
    side: Side
    price: Price
    shares: Shares


@dataclass(frozen=True, slots=True)
class Open:
    """An order that may still trade. ``since_ms``: its last change, as far as that side says; ``terms``: where it
    says them."""

    order_id: OrderId
    market_id: MarketId
    since_ms: Ms
    words: str
    terms: Terms | None = None


@dataclass(frozen=True, slots=True)
class Ours:
    """Our rows. ``figures`` sum all entries, provisional ones as landed.

    known:     every order id of the account, those the venue spoke of at least.
    under_way: what the other side may show beside the figures, or not yet: ``unsure``, and wallet actions.
    redeeming: markets whose redemption is under way or was just booked.
    owners:    whose shares a leg holds, by strategy.
    """

    figures: Figures
    trades: Mapping[FillId, Traded]
    open_orders: Sequence[Open]
    known: Mapping[OrderId, Strategy]
    under_way: Sequence[Figures]
    redeeming: Collection[MarketId]
    owners: Mapping[Leg, Mapping[Strategy, Shares]]


@dataclass(frozen=True, slots=True)
class Theirs:
    """The venue and the chain. ``None`` is "not answered", and is not judged.

    figures:   what the chain holds of cash and of each leg that it was asked for.
    trades:    all our trades since ``trades_from_ms``.
    payouts:   markets decided there: what a YES share pays.
    stated:    the same figures by the venue's cache, ``listed`` by the Data API, which lags: for the evidence only;
               ``costs``: what was paid for them, by the Data API.
    takers:    fills in which our order took; the others rested.
    carried:   what the chain did beside trades, as far back as the Data API goes; empty where nobody asked.
    silent:    what was not answered, in words.
    """

    read_ms: Ms
    figures: Figures | None
    trades: Sequence[Traded] | None
    trades_from_ms: Ms
    open_orders: Sequence[Open] | None
    payouts: Mapping[MarketId, Price]
    stated: Figures = field(default_factory=dict)
    listed: Figures = field(default_factory=dict)
    costs: Figures = field(default_factory=dict)
    takers: Collection[FillId] = ()
    carried: Sequence[Carried] | None = ()
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Before:
    """That a difference was seen already: in how many runs, first when, and what it then changed."""

    runs: int
    first_ms: Ms
    effect: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same on both sides.

    Units:
        key:   the same in the next run, while it lasts.
        ours, theirs: millionths of a share, or of a USDC where ``outcome`` is ``None``; ``None``: no figure.
        effect: what our books would gain by taking over the other side's word.
        evidence: in words, each with its name.
        trade: the fill it is about, by whoever tells of it.
        steady: by the same amount as in the run before; a gap that moves may be rows that come late, and waits for a
               third run.
        runs:  how many runs in a row have seen it, this one included; ``first_ms``: the first of them.
    """

    kind: Kind
    key: str
    market_id: MarketId | None
    outcome: Outcome | None
    strategy: Strategy | None
    order_id: OrderId | None
    fill_id: FillId | None
    ours: int | None
    theirs: int | None
    effect: tuple[tuple[Leg | None, int], ...]
    evidence: tuple[tuple[str, str], ...]
    trade: Traded | None
    runs: int
    first_ms: Ms
    at_ms: Ms
    steady: bool

    @property
    def is_mismatch(self) -> bool:
        lasts = self.at_ms - self.first_ms >= LASTS_MS
        enough = self.runs > 1 if self.steady else self.runs >= UNSTEADY_RUNS
        return self.kind is not Kind.DUST and enough and lasts


@dataclass(frozen=True, slots=True)
class Compared:
    """One run. ``judged``: the aspects that were answered; ``unjudged``: figures of which too much is under way."""

    differences: tuple[Difference, ...]
    judged: frozenset[Aspect]
    unjudged: tuple[str, ...]
    silent: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Everything was answered and judged, and nothing differs but dust."""
        whole = self.judged == frozenset(Aspect) and not self.silent and not self.unjudged
        return whole and all(each.kind is Kind.DUST for each in self.differences)

    @property
    def mismatches(self) -> tuple[Difference, ...]:
        return tuple(each for each in self.differences if each.is_mismatch)
