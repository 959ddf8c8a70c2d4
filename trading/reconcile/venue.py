"""The other side where there is a wallet: the venue's lists by the API key, the chain and the Data API by none.

Bounded as a whole, and each part by itself. A part that is not answered is ``None`` and said in words; a part that is
torn (a trade without its orders, in a market nobody knows) is said too, so that the run does not count as clean.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from django.conf import settings

from core.differences import Carried, Figures, Leg, Open, Terms, Theirs, Traded
from core.events import FeeSchedule
from core.fees import fee
from core.ids import FillId, MarketId, OrderId, Outcome, TokenId
from core.units import Ms, Price, Usdc, text
from infra import clock
from trading.gateways.polymarket.answers import Unanswered
from trading.gateways.polymarket.credentials import Credentials, Keyless
from trading.gateways.polymarket.orders.translate import Leg as Part
from trading.gateways.polymarket.orders.translate import merged, trade_told
from trading.gateways.polymarket.public.data_api import DataApi, Listed
from trading.gateways.polymarket.public.terms import TermsReader
from trading.gateways.polymarket.transport.transport import Transport
from trading.gateways.polymarket.wallet.chain_reader import ChainReader
from trading.gateways.polymarket.wire import OpenOrder, VenueTrade
from trading.reconcile.wanted import Tokens
from trading.wallet import venue_pass

WITHIN_S: Final = 45.0
STATED_MAX: Final = 20
KEYLESS: Final = (
    "no API key is here, so open orders and trades are not known: the trader leaves one while it runs"
)


@dataclass(slots=True)
class Heard:
    """What was answered so far."""

    orders: list[OpenOrder] | None = None
    trades: list[VenueTrade] | None = None
    carried: list[Carried] | None = None
    cash: int | None = None
    shares: dict[TokenId, int] | None = None
    listed: list[Listed] = field(default_factory=list)
    payouts: dict[MarketId, Price] = field(default_factory=dict)
    stated: dict[Leg | None, int] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Question:
    """What one run wants to know. ``held``: the legs our books speak of; ``payouts``: what discovery saw resolved;
    ``history``: what the chain did beside trades, too. Tokens and fees that the venue tells are added."""

    wallet: str
    tokens: Tokens
    schedules: dict[MarketId, FeeSchedule | None]
    held: Sequence[Leg]
    from_ms: Ms
    payouts: Mapping[MarketId, Price]
    stated: bool
    history: bool = False


def ask(question: Question) -> Theirs:
    """Everything, within ``WITHIN_S``. Never raises for what the venue does."""
    return asyncio.run(_ask(question))


async def _ask(question: Question) -> Theirs:
    heard = Heard()
    try:
        async with asyncio.timeout(WITHIN_S), AsyncExitStack() as opened:
            await _listen(question, heard, opened)
    except TimeoutError:
        heard.silent.append(f"not everything was answered within {WITHIN_S:.0f} s")
    return _told(question, heard, clock.now_ms())


async def _listen(question: Question, heard: Heard, opened: AsyncExitStack) -> None:
    urls = settings.POLYLOLY.urls
    data = DataApi(urls.data)
    opened.push_async_callback(data.close)
    chain = ChainReader(urls, question.wallet)
    opened.push_async_callback(chain.close)
    transport = _admitted(question.wallet)
    if transport is None:
        heard.silent.append(KEYLESS)
    else:
        opened.push_async_callback(transport.close)
        await _lists(transport, question, heard)
    await _indexed(data, question, heard)
    await _terms(urls.gamma, question, heard)
    await _on_chain(chain, question, heard)
    if question.stated and transport is not None:
        await _stated(transport, question, heard)


def _admitted(wallet: str) -> Transport | None:
    """A way to the venue's lists, by the API key that the trader left; ``None`` where it left none for this wallet."""
    given = venue_pass.left()
    if given is None or given.wallet != wallet:
        return None
    who = Keyless(given.address, given.signature_type)
    key = Credentials(given.api_key, given.secret, given.passphrase)
    return Transport(settings.POLYLOLY.urls.clob, who, credentials=key, chance=Random())


async def _lists(transport: Transport, question: Question, heard: Heard) -> None:
    await transport.renew_time()
    orders = await transport.open_orders()
    trades = await transport.trades(question.from_ms)
    heard.orders = _kept(orders, heard)
    heard.trades = _kept(trades, heard)


async def _indexed(data: DataApi, question: Question, heard: Heard) -> None:
    heard.listed = _kept(await data.positions(question.wallet), heard) or []
    for one in heard.listed:
        question.tokens.learn(one.token, (one.market_id, one.outcome))
    if question.history:
        heard.carried = _kept(await data.carried(question.wallet), heard)
    markets = dict.fromkeys([leg[0] for leg in question.held] + [one.market_id for one in heard.listed])
    heard.payouts = _kept(await data.payouts(list(markets)), heard) or {}


async def _terms(url: str, question: Question, heard: Heard) -> None:
    """Tokens and fees of markets we traded in and no row knows of: without them no trade can be told apart."""
    schedules, tokens = question.schedules, question.tokens
    strange = dict.fromkeys(
        trade.market
        for trade in heard.trades or ()
        if trade.asset_id not in tokens.leg_of or schedules.get(trade.market) is None
    )
    strange |= dict.fromkeys(leg[0] for leg in question.held if leg not in tokens.token_of)
    if not strange:
        return
    terms = TermsReader(url)
    try:
        found, silent = await terms.terms(strange)
    finally:
        await terms.close()
    for one in found:
        tokens.learn(one.yes, (one.market_id, Outcome.YES))
        tokens.learn(one.no, (one.market_id, Outcome.NO))
        if schedules.get(one.market_id) is None:
            schedules[one.market_id] = one.fees
    heard.silent += [each.reason for each in silent]


async def _on_chain(chain: ChainReader, question: Question, heard: Heard) -> None:
    """Cash, and every leg that our books, the Data API or a trade speak of."""
    legs = dict.fromkeys(question.held)
    legs |= dict.fromkeys((one.market_id, one.outcome) for one in heard.listed)
    legs |= dict.fromkeys(
        question.tokens.leg_of[trade.asset_id]
        for trade in heard.trades or ()
        if trade.asset_id in question.tokens.leg_of
    )
    unknown = [leg for leg in legs if leg not in question.tokens.token_of]
    heard.silent += [f"no token is known for {outcome} of {market_id}" for market_id, outcome in unknown]
    tokens = [question.tokens.token_of[leg] for leg in legs if leg in question.tokens.token_of]
    heard.cash = _kept(await chain.cash(), heard)
    heard.shares = _kept(await chain.shares(tokens), heard)


async def _stated(transport: Transport, question: Question, heard: Heard) -> None:
    """What the venue believes the wallet holds, by its cache: for the eyes only."""
    names: list[Leg | None] = [None, *question.held[:STATED_MAX]]
    for leg in names:
        token = None if leg is None else question.tokens.token_of.get(leg)
        if leg is None or token is not None:
            found = await transport.balance(token)
            if not isinstance(found, Unanswered):
                heard.stated[leg] = found.micro


def _kept(found: Any, heard: Heard) -> Any:  # noqa: ANN401 one of many answers, typed where it is kept
    if isinstance(found, Unanswered):
        heard.silent.append(found.reason)
        return None
    return found


def _told(question: Question, heard: Heard, now: Ms) -> Theirs:
    trades, takers, torn = _trades(question, heard)
    orders = None if heard.orders is None else tuple(_open(question, order, now) for order in heard.orders)
    return Theirs(
        read_ms=now,
        figures=_figures(question, heard),
        trades=trades,
        trades_from_ms=question.from_ms,
        open_orders=orders,
        payouts={**question.payouts, **heard.payouts},
        stated=heard.stated,
        listed={(one.market_id, one.outcome): int(one.shares) for one in heard.listed},
        costs={(one.market_id, one.outcome): int(one.cost) for one in heard.listed},
        takers=takers,
        carried=heard.carried if question.history else (),
        silent=(*heard.silent, *torn),
    )


def _figures(question: Question, heard: Heard) -> Figures | None:
    if heard.cash is None or heard.shares is None:
        return None
    figures: dict[Leg | None, int] = {None: heard.cash}
    figures |= {question.tokens.leg_of[token]: held for token, held in heard.shares.items()}
    return figures


def _open(question: Question, order: OpenOrder, now: Ms) -> Open:
    size = text(order.shares - order.matched, 6)
    words = f"{order.direction} {size} at {text(order.at, 4)}, {order.status}"
    leg = question.tokens.leg_of.get(order.asset_id)
    terms = None if leg is None else Terms(leg[1], order.direction, order.at, order.shares)
    market_id = order.market if leg is None else leg[0]
    return Open(OrderId(order.id.lower()), market_id, order.created_ms or now, words, terms)


def _trades(
    question: Question, heard: Heard
) -> tuple[tuple[Traded, ...] | None, set[FillId], tuple[str, ...]]:
    """Our part in every trade. A list with a torn trade in it is not judged: what it left out would look like a fill
    of ours that nobody knows of."""
    if heard.trades is None:
        return None, set(), ()
    given = venue_pass.left()
    ours = {question.wallet.lower()} | ({given.api_key} if given is not None else set())
    found: list[Traded] = []
    takers: set[FillId] = set()
    torn: list[str] = []
    for trade in heard.trades:
        parts = _parts(trade, ours)
        if not parts:
            torn.append(f"trade {trade.id} came without our orders in it")
        for part, taker in parts:
            traded = _traded(question, trade, part, taker=taker)
            if isinstance(traded, Traded):
                found.append(traded)
                takers |= {traded.fill_id} if taker else set()
            else:
                torn.append(f"trade {trade.id} {traded}")
    return (None if torn else tuple(found)), takers, tuple(torn)


def _parts(trade: VenueTrade, ours: set[str]) -> list[tuple[Part, bool]]:
    """Which of the orders in a trade are ours, and whether each took; none when it does not say."""
    told = trade_told(trade)
    mine: dict[str, list[Part]] = {}
    for part, leg in zip(trade.maker_orders or (), told.makers or (), strict=True):
        if part.owner in ours or part.maker_address.lower() in ours:
            mine.setdefault(leg.order_id, []).append(leg)
    makers = [(merged(legs), False) for legs in mine.values()]
    return [(told.taker, True), *makers] if trade.is_taker else makers


def _traded(question: Question, trade: VenueTrade, part: Part, *, taker: bool) -> Traded | str:
    """One part in our terms, with the fee a taker pays; a text says why it cannot be told."""
    leg = question.tokens.leg_of.get(part.token)
    if leg is None or part.side is None:
        return "is of a token that nobody here knows"
    schedule = question.schedules.get(leg[0])
    if taker and schedule is None:
        return "was taken, and the market's fee is not known"
    told = trade_told(trade)
    return Traded(
        fill_id=FillId(f"{told.trade_id}:{part.order_id}"),
        order_id=part.order_id,
        market_id=leg[0],
        outcome=leg[1],
        side=part.side,
        shares=part.shares,
        amount=part.amount,
        fee=fee(schedule, part.price, part.shares) if taker and schedule is not None else Usdc(0),
        status=told.status,
        at_ms=told.matched_ms or told.said_ms or clock.now_ms(),
    )
