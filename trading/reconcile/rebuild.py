"""State made anew: the files of ``data/`` from the rows, and rows that are lost from the venue, the chain and config.

Nothing that is there is changed. What the venue holds and no row knows is taken in at what it cost, into the pair
ledger, because only that trades with this wallet; orders that rest there become rows, and the next start cancels them.
"""

from collections.abc import Callable, Iterator
from typing import Final

from django.conf import settings
from django.db import transaction

from core.differences import Kind, Theirs
from core.ids import MarketId, Outcome, Side, Strategy, intent_key
from core.intents import OrderKind, Purpose
from core.ledger import EntryKind
from core.lifecycle import Status
from core.reconcile import LEFT_OUT_MS
from core.units import Ms, Usdc, text
from infra import clock
from risk.errors import CannotResolve
from risk.services import Actor
from trading import selectors
from trading.models import Account, AccountMode, Difference, Entry, Order, Trigger
from trading.reconcile import act
from trading.reconcile.run import BACK_AT_START_MS, Run, reconcile

Say = Callable[[str], object]
WRITER: Final = "rebuild"
ON_PAPER: Final = (
    "on paper nothing outlives the database: fills were the trader's own model; "
    "the next start begins a new account with the start cash of config"
)
UNKNOWABLE: Final = (
    "not known again: which strategy bought what (all of it counts as pair arbitrage), our decisions and their "
    "reasons, profit of the days before, fees one by one, halts, limits that were agreed, the audit, people and tokens"
)

_files: list[Callable[[], object]] = []


def register_files(write: Callable[[], object]) -> None:
    """Who writes ``data/``: the site, which knows all apps."""
    _files[:] = [write]


def rebuild(*, by: Actor, reason: str, say: Say) -> Iterator[str]:
    """Do it, a line for each thing done. Raises ``OSError``, ``CannotResolve``, ``RiskError``."""
    account = selectors.account_of(**settings.POLYLOLY.account)
    lost = account is None
    if account is None and not settings.POLYLOLY.signs:
        yield ON_PAPER
    else:
        say("reading what the venue and the chain hold...")
        run = _run(account)
        yield from _restore(run, by=by, reason=reason)
    if lost and settings.POLYLOLY.signs:
        yield UNKNOWABLE
    for write in _files:
        yield f"files written anew: {write()}"


def _run(account: Account | None) -> Run:
    """A run to restore from. Without rows an account is opened with the cash the chain states."""
    if account is None:
        wallet = settings.POLYLOLY.wallet
        if wallet is None:
            raise CannotResolve("no wallet is known: set WALLET_ADDRESS, or start the stack once")
        _open(wallet)
    run = reconcile(Trigger.COMMAND)
    assert run is not None, "there is an account now"
    if run.theirs.figures is None:
        raise CannotResolve(f"the other side does not say what it holds: {'; '.join(run.row.silent)}")
    return run


def _open(wallet: str) -> None:
    from trading.reconcile import venue
    from trading.reconcile.wanted import tokens_of

    tokens, schedules = tokens_of([])
    now = clock.now_ms()
    told: Theirs = venue.ask(
        venue.Question(wallet, tokens, schedules, (), Ms(now - BACK_AT_START_MS), {}, stated=False)
    )
    if told.figures is None:
        raise CannotResolve(f"the chain does not say what the wallet holds: {'; '.join(told.silent)}")
    cash = Usdc(told.figures[None])
    with transaction.atomic():
        mode = AccountMode(settings.POLYLOLY.mode.value)
        # As old as what is left out of a comparison: the deposit is no change of the last minute.
        opened_ms = now - LEFT_OUT_MS - 1
        account = Account.objects.create(mode=mode, name=wallet, start_cash=cash, opened_ms=opened_ms)
        Entry.objects.create(
            account=account,
            writer=f"{WRITER}:{account.pk}",
            sequence=1,
            kind=EntryKind.DEPOSIT,
            shares=0,
            usdc=cash,
            at_ms=opened_ms,
            note="found in the wallet by a rebuild",
        )


def _restore(run: Run, *, by: Actor, reason: str) -> Iterator[str]:
    account = run.row.account
    yield f"account {account.key}: cash {text(run.ours.get(None, 0), 6)} USDC in the rows"
    for row in run.differences:
        known = Entry.objects.filter(account=account, market_id=row.market_id).exists()
        if row.kind == Kind.WRONG_BALANCE and row.market_id is not None and not known:
            cost = _cost(run.theirs, row)
            act.restore(row, cost, by=by, reason=reason, at=clock.now_ms())
            yield (
                f"position restored: {text(row.theirs or 0, 6)} {row.outcome} of {row.market_id}, "
                f"cost {text(cost, 6)} USDC by the Data API"
            )
        elif row.kind == Kind.EXTERNAL_ORDER:
            yield from _adopt_order(account, run, row)
    for held in selectors.open_positions(account.pk):
        yield f"position: {text(held.yes, 6)} yes, {text(held.no, 6)} no of {held.market_id}"
    yield f"open orders in the rows: {selectors.open_orders(account.pk).count()}"


def _cost(theirs: Theirs, row: Difference) -> Usdc:
    return Usdc(theirs.costs.get((MarketId(str(row.market_id)), Outcome(str(row.outcome))), 0))


def _adopt_order(account: Account, run: Run, row: Difference) -> Iterator[str]:
    """An order that rests at the venue becomes a row, UNKNOWN, and the next start of its shard cancels it."""
    placed = next(each for each in run.theirs.open_orders or () if each.order_id == row.order_id)
    if placed.terms is None:
        return
    market_id, terms = MarketId(str(row.market_id)), placed.terms
    last = selectors.last_sequences(account.pk).get(market_id, 0) + 1
    now = clock.now_ms()
    Order.objects.create(
        key=intent_key(account.key, market_id, Strategy.PAIR_ARB, last),
        order_id=str(row.order_id),
        account=account,
        market_id=market_id,
        strategy=Strategy.PAIR_ARB,
        sequence=last,
        outcome=terms.outcome,
        side=terms.side,
        price=terms.price,
        shares=terms.shares,
        kind=OrderKind.QUOTE,
        purpose=Purpose.OPENING if terms.side is Side.BUY else Purpose.REDUCING,
        status=Status.UNKNOWN,
        filled=0,
        reason="found at the venue by a rebuild",
        decided_ms=placed.since_ms,
        written_ms=now,
        sent_ms=placed.since_ms,
        moved_ms=now,
        orphaned_ms=now,
        shard="shard:0",
        fence=0,
    )
    yield f"open order restored: {row.order_id}, {placed.words}; the next start cancels it"
