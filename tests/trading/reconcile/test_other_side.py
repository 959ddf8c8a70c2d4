"""The other side over real sockets: late, refusing, torn and lagging. What is not answered is said, never guessed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pytest_django import Settings

from core.differences import Carried, Leg, Theirs
from core.ids import MarketId, Outcome, TokenId
from core.ledger import EntryKind
from core.units import Ms, shares, usdc
from tests.trading.polymarket.fake_venue import KEY, Says, Silent, running
from tests.trading.reconcile.other_side import (
    MARKET,
    NO,
    NOON_S,
    WALLET,
    YES,
    OtherSide,
    a_happening,
    a_position,
    a_trade,
)
from trading.gateways.polymarket.public import data_api
from trading.reconcile.venue import Question, ask
from trading.reconcile.wanted import Tokens
from trading.wallet import venue_pass
from trading.wallet.venue_pass import VenuePass

LEG: Leg = (MarketId(MARKET), Outcome.YES)
REFUSES = Says({"error": "upstream"}, 503)


@pytest_asyncio.fixture
async def side(settings: Settings, tmp_path: Path) -> AsyncIterator[OtherSide]:
    async with running(OtherSide()) as started:
        assert isinstance(started, OtherSide)
        chosen = {"simulator_url": started.url, "state_dir": tmp_path}
        settings.POLYLOLY = settings.POLYLOLY.model_copy(update=chosen)
        venue_pass.leave(VenuePass(WALLET, WALLET, 0, KEY["apiKey"], KEY["secret"], KEY["passphrase"]))
        yield started


async def heard(*, known: bool = True, history: bool = False) -> Theirs:
    """What one reading hears; ``known``: discovery read the market, and our books hold its YES."""
    tokens = Tokens()
    if known:
        tokens.learn(TokenId(YES), LEG)
        tokens.learn(TokenId(NO), (MarketId(MARKET), Outcome.NO))
    held = (LEG,) if known else ()
    from_ms = Ms((NOON_S - 60) * 1_000)
    question = Question(WALLET, tokens, {}, held, from_ms, {}, stated=False, history=history)
    return await asyncio.to_thread(ask, question)


async def test_everything_is_answered_and_told_in_our_terms(side: OtherSide) -> None:
    told = await heard()

    assert told.silent == ()
    assert told.figures == {None: 9_995_000_000, LEG: shares("10")}
    assert told.trades is not None
    (trade,) = told.trades
    assert (trade.outcome, trade.shares, trade.amount) == (Outcome.YES, shares("10"), usdc("4.8"))
    assert trade.fee == usdc("0.1248"), "by the schedule that the list of markets states"
    assert told.takers == {trade.fill_id}
    assert told.costs == {LEG: usdc("4.92")}


async def test_a_market_that_no_row_knows_is_learnt_from_the_list(side: OtherSide) -> None:
    told = await heard(known=False)

    assert told.silent == ()
    assert told.figures == {None: 9_995_000_000, LEG: shares("10")}
    assert told.trades is not None
    assert len(told.trades) == 1


async def test_what_the_chain_did_beside_trades_is_heard_where_a_history_is_asked_for(
    side: OtherSide,
) -> None:
    side.activity = [
        a_happening("TRADE", size=10, usdc=4.8, outcome_index=0),
        a_happening("MERGE", size=4, usdc=4),
        a_happening("REDEEM", size=2, usdc=1, outcome_index=1),
        a_happening("REWARD", size=0, usdc=0.1),
    ]

    told, usual = await heard(history=True), await heard()

    at, market = Ms(NOON_S * 1_000), MarketId(MARKET)
    assert told.carried == [
        Carried(EntryKind.MERGE, market, None, shares("4"), usdc("4"), "0xMERGE", at),
        Carried(EntryKind.REDEEM, market, Outcome.NO, shares("2"), usdc("1"), "0xREDEEM", at),
    ]
    assert usual.carried == ()


async def test_a_history_without_what_the_chain_did_is_said_to_be_none(side: OtherSide) -> None:
    side.always["/v2/activity"] = REFUSES

    told = await heard(history=True)

    assert told.carried is None
    assert "GET /v2/activity: HTTP 503" in told.silent[0]


def refuses(path: str) -> Callable[[OtherSide], None]:
    def spoil(side: OtherSide) -> None:
        side.always[path] = REFUSES

    return spoil


def torn(side: OtherSide) -> None:
    side.trades.append(a_trade(id="t2", trader_side="MAKER", maker_orders=None))


def strange(side: OtherSide) -> None:
    side.trades.append(a_trade(id="t2", asset_id="777"))
    side.markets = []


def garbled(side: OtherSide) -> None:
    side.always["/v2/positions"] = Says(b"<html>busy</html>")


def late(side: OtherSide) -> None:
    side.always["/v2/positions"] = Silent()


UNANSWERED: dict[str, tuple[Callable[[OtherSide], None], str, set[str]]] = {
    "the trades": (refuses("/data/trades"), "503", {"trades"}),
    "the orders": (refuses("/data/orders"), "503", {"open_orders"}),
    "the chain": (refuses("/rpc"), "the chain does not answer", {"figures"}),
    "the Data API refuses": (refuses("/v2/positions"), "HTTP 503", set()),
    "the Data API is late": (late, "Timeout", set()),
    "the Data API is garbled": (garbled, "not understood", set()),
    "a torn trade": (torn, "without our orders in it", {"trades"}),
    "a trade of a token that nobody knows": (strange, "nobody here knows", {"trades"}),
}


@pytest.mark.parametrize("name", UNANSWERED)
async def test_what_is_not_answered_is_said_and_not_judged(
    side: OtherSide, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    spoil, words, missing = UNANSWERED[name]
    monkeypatch.setattr(data_api, "ASK_S", 0.3)
    spoil(side)

    told = await heard()

    assert [each for each in told.silent if words in each], told.silent
    answers: dict[str, Any] = {
        "trades": told.trades,
        "open_orders": told.open_orders,
        "figures": told.figures,
    }
    assert {each for each, said in answers.items() if said is None} == missing


async def test_an_indexer_that_lags_changes_no_figure(side: OtherSide) -> None:
    side.positions = [a_position(3.0)]

    told = await heard()

    assert told.figures == {None: 9_995_000_000, LEG: shares("10")}, "the chain is the arbiter"
    assert told.listed == {LEG: shares("3")}
    assert told.silent == ()


async def test_without_an_api_key_only_the_chain_is_judged(side: OtherSide) -> None:
    venue_pass.take_away()

    told = await heard()

    assert (told.trades, told.open_orders) == (None, None)
    assert told.figures == {None: 9_995_000_000, LEG: shares("10")}
    assert "no API key" in told.silent[0]
