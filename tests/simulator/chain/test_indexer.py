"""What the Data API tells is the chain, a little late: nothing invented, nothing kept that was taken back."""

from collections.abc import Iterator
from random import Random

import pytest
from aiohttp import ClientSession

from core.ids import Outcome, Side
from core.units import ONE, SHARE, Ms, Price, Prob, Shares, Usdc
from simulator.chain import addresses
from simulator.chain.accounts import UNLIMITED
from simulator.chain.data_api import INDEXER
from simulator.chain.indexer import Indexer, Kind
from simulator.exchange.accounts import Account
from simulator.exchange.orders import Version
from simulator.exchange.trades import TradeStatus
from simulator.sheets import Sheet
from tests.simulator.chain.venues import Venue, somebody


@pytest.fixture
def indexer(venue: Venue) -> Indexer:
    return venue.app[INDEXER]


@pytest.fixture
def breakable(venue: Venue) -> Iterator[Venue]:
    """A venue of whose trades many are tried again and some fail."""
    settlement = venue.world.exchange.settlement
    before = (settlement.retry_chance, settlement.fail_chance)
    settlement.retry_chance, settlement.fail_chance = Prob(300_000), Prob(300_000)
    yield venue
    settlement.retry_chance, settlement.fail_chance = before


def a_trader(venue: Venue, sheet: Sheet, pairs: int = 200) -> Account:
    """A wallet that may trade, with pairs of a market."""
    who = somebody()
    venue.chain.fund(who.eoa)
    wallet = venue.chain.wallets[venue.chain.wallet_of(who.eoa, 3)]
    for spender in (addresses.EXCHANGE, addresses.NEG_RISK_EXCHANGE, addresses.EXCHANGE_V3):
        wallet.allowances[addresses.PUSD, spender] = UNLIMITED
        wallet.operators |= {
            (addresses.CONDITIONAL_TOKENS, spender),
            (addresses.POSITION_MANAGER, spender),
        }
    venue.give_pairs(wallet.address, sheet, pairs * SHARE)
    account = venue.chain.account(wallet.address)
    assert account is not None
    return account


def trade_at_random(venue: Venue, account: Account, sheet: Sheet, dice: Random, *, orders: int) -> None:
    """Orders of both sides and outcomes around the middle, one every second."""
    for _ in range(orders):
        listing = venue.world.exchange.listings[sheet.terms.market_id]
        outcome, side = dice.choice(list(Outcome)), dice.choice(list(Side))
        yes = listing.book.mid or Price(ONE // 2)
        price = (yes if outcome is Outcome.YES else ONE - yes) + dice.randint(-3, 3) * 100
        venue.world.exchange.place(
            account,
            sheet.terms.market_id,
            outcome,
            side,
            price=Price(min(max(price - price % 100, 100), ONE - 100)),
            size=Shares(dice.randint(5, 20) * SHARE),
            post_only=False,
            now_ms=venue.world.now_ms,
        )
        venue.pass_ms(1_000)


@pytest.mark.parametrize(("version", "seed"), [(Version.V1, 1), (Version.V2, 2)])
def test_positions_are_what_the_chain_holds(
    breakable: Venue, indexer: Indexer, version: Version, seed: int
) -> None:
    sheet = breakable.sheet(version)
    account = a_trader(breakable, sheet)
    trade_at_random(breakable, account, sheet, Random(seed), orders=40)
    breakable.world.exchange.cancel_all(account)
    breakable.pass_ms(60_000)
    trades = breakable.world.exchange.trades_of(account)

    positions = indexer.positions(breakable.chain.wallets[account.name])
    rows = indexer.rows(breakable.chain.wallets[account.name])

    assert {TradeStatus.FAILED, TradeStatus.CONFIRMED} <= {trade.status for trade in trades}
    held = {(one.market_id, one.outcome): one.size for one in positions if one.size}
    assert held == account.chain_tokens()
    paid = sum(
        row.cash + row.fee if row.side is Side.BUY or row.kind is Kind.SPLIT else row.fee - row.cash
        for row in rows
    )
    assert account.chain_cash == breakable.chain.start_cash - paid
    # What was spent is what the positions cost, less what was realized, fees apart.
    spent = sum(one.cost - one.realized for one in positions)
    entry_fees = sum(row.fee for row in rows if row.side is Side.BUY)
    assert spent == paid - entry_fees


def test_nothing_is_told_before_its_time(venue: Venue, indexer: Indexer) -> None:
    sheet = venue.sheet(Version.V1)
    wallet = venue.chain.wallets[a_trader(venue, sheet).name]
    indexer.lag_ms = Ms(3_000)

    early = indexer.rows(wallet)
    venue.pass_ms(3_000)

    assert (early, [row.kind for row in indexer.rows(wallet)]) == ([], [Kind.SPLIT])


async def test_positions_under_a_tenth_of_a_share_are_hidden_unless_asked_for(venue: Venue) -> None:
    sheet, who = venue.sheet(Version.V1), somebody()
    venue.chain.fund(who.eoa)
    venue.give_pairs(who.eoa, sheet, SHARE // 10 - 1)
    async with ClientSession() as session:
        shown = []
        for params in ({}, {"filter_amount": "0"}, {"filter_amount": "0.09"}, {"filter_amount": "0.5"}):
            query = {"user": who.eoa, **params}
            async with session.get(f"{venue.base}/v2/positions", params=query) as answer:
                shown.append(len((await answer.json())["data"]))

    assert shown == [0, 2, 2, 0]


async def test_pages_follow_each_other_by_cursor(venue: Venue) -> None:
    who = somebody()
    venue.chain.fund(who.eoa)
    sheets = venue.world.open_sheets()[:3]
    for sheet in sheets:
        venue.give_pairs(who.eoa, sheet, SHARE)
    seen: list[str] = []
    more: list[bool] = []
    query = {"user": who.eoa, "limit": "4"}
    async with ClientSession() as session:
        for _ in range(2):
            async with session.get(f"{venue.base}/v2/positions", params=query) as answer:
                body = await answer.json()
            seen += [row["token_id"] for row in body["data"]]
            more.append(body["pagination"]["has_more"])
            query["cursor"] = body["pagination"]["next_cursor"] or ""

    assert (more, query["cursor"]) == ([True, False], "")
    assert sorted(seen) == sorted(sheet.token(outcome) for sheet in sheets for outcome in Outcome)


async def test_loopback_is_not_blocked(venue: Venue) -> None:
    async with ClientSession() as session, session.get(f"{venue.base}/api/geoblock") as answer:
        body = await answer.json()

    assert (set(body), body["blocked"]) == ({"blocked", "ip", "country", "region"}, False)


def test_no_money_is_made_by_counting_it(venue: Venue, indexer: Indexer) -> None:
    """A pair that was split cost a dollar, half in each; both halves leave at that."""
    sheet = venue.sheet(Version.V1)
    wallet = venue.chain.wallets[a_trader(venue, sheet, pairs=3).name]

    positions = indexer.positions(wallet)

    assert [(one.cost, one.realized) for one in positions] == [(Usdc(1_500_000), Usdc(0))] * 2
