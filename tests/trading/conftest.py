"""Builders for trading's records. They read no clock: every moment is given."""

import pytest

from core.events import Evidence, FillSeen, FillStatus
from core.ids import FillId, IntentKey, MarketId, OrderId, Outcome, Side, Strategy, intent_key
from core.intents import OrderKind, Place, Purpose
from core.ledger import Entry as LedgerEntry
from core.ledger import EntryKind
from core.lifecycle import Status
from core.notes import OrderMoved
from core.units import Ms, Shares, Usdc, cost, price, shares
from feeds.models import Market, Match
from feeds.models import Outcome as FeedsOutcome
from trading import services
from trading.models import Account, AccountMode

NOON = Ms(1_761_998_400_000)
MARKET = MarketId("0x" + "ab" * 32)
SHARD = "shard:0"


@pytest.fixture
def account(db: None) -> Account:
    return services.open_account(
        mode=AccountMode.DEMO, name="main", start_cash=Usdc(10_000_000_000), at_ms=NOON
    )


@pytest.fixture
def fence(db: None) -> int:
    return services.take_fence(SHARD)


def a_place(sequence: int = 1, *, market: MarketId = MARKET, at: str = "0.48", size: str = "50") -> Place:
    return Place(
        key=intent_key("demo:main:10000", market, Strategy.PAIR_ARB, sequence),
        market_id=market,
        strategy=Strategy.PAIR_ARB,
        outcome=Outcome.YES,
        side=Side.BUY,
        price=price(at),
        shares=shares(size),
        kind=OrderKind.QUOTE,
        purpose=Purpose.OPENING,
        decided_ms=NOON,
    )


def order_id_of(place: Place) -> OrderId:
    return OrderId(f"0x{abs(hash(place.key)):064x}")


def write(place: Place, *, account: Account, fence: int, at: Ms = NOON) -> None:
    services.write_order(
        place,
        account_id=account.pk,
        order_id=order_id_of(place),
        unsigned=None,
        fence_name=SHARD,
        fence=fence,
        at_ms=at,
    )


def moved(place: Place, status: Status, *, filled: str = "0", reason: str = "", at: int = NOON) -> OrderMoved:
    return OrderMoved(
        key=place.key,
        order_id=order_id_of(place),
        market_id=place.market_id,
        status=status,
        filled=shares(filled),
        amount=cost(place.price, shares(filled)),
        fee=Usdc(0),
        reason=reason,
        at_ms=Ms(at),
    )


def a_fill(key: IntentKey, *, fill_id: str = "f1", size: str = "10", at: str = "0.48") -> FillSeen:
    amount = shares(size)
    return FillSeen(
        fill_id=FillId(fill_id),
        key=key,
        shares=amount,
        amount=cost(price(at), amount),
        fee=Usdc(0),
        status=FillStatus.MATCHED,
        evidence=Evidence.QUEUE,
        said_ms=NOON,
        heard_ms=NOON,
    )


def a_buy(fill: FillSeen, *, market: MarketId = MARKET) -> LedgerEntry:
    return LedgerEntry(
        kind=EntryKind.BUY,
        market_id=market,
        strategy=Strategy.PAIR_ARB,
        outcome=Outcome.YES,
        shares=fill.shares,
        usdc=Usdc(-fill.amount),
        fill_id=fill.fill_id,
        at_ms=fill.heard_ms,
        note=None,
    )


def a_deposit(amount: int = 10_000_000_000) -> LedgerEntry:
    return LedgerEntry(
        kind=EntryKind.DEPOSIT,
        market_id=None,
        strategy=None,
        outcome=None,
        shares=Shares(0),
        usdc=Usdc(amount),
        fill_id=None,
        at_ms=NOON,
        note="start",
    )


def a_market_row(
    market_id: str, *, slug: str, title: str, tokens: str, at: Ms = NOON, match: Match | None = None
) -> Market:
    """An open market on one map, T1 against HLE; its tokens are ``tokens`` with 0 and 1 behind."""
    market = Market.objects.create(
        market_id=market_id,
        venue="simulator",
        event_id="e1",
        match=match,
        slug=slug,
        title=title,
        kind="map",
        map_number=1,
        best_of=3,
        tick=100,
        min_size=5_000_000,
        delay_ms=1000,
        fee_rate=50_000,
        fee_exponent=1,
        rebate=150_000,
        starts_ms=None,
        wiped_at_start=False,
        state="open",
        found_ms=at,
        seen_ms=at,
    )
    for index, name in enumerate(("T1", "HLE")):
        FeedsOutcome.objects.create(market=market, index=index, token_id=f"{tokens}{index}", name=name)
    return market
