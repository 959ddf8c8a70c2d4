"""State made anew: the files of ``data/`` from the rows, and rows that are lost from the venue, the chain and config.

Nothing that is there is changed. A lost account is written anew from the venue's trades and the chain's record
(``history``); what the wallet holds beside these is taken in at what the Data API says it cost. Orders that rest at the
venue become rows, and the next start cancels them.
"""

from collections.abc import Callable, Iterator
from typing import Final

from django.conf import settings

from core.differences import Kind, Theirs
from core.ids import MarketId, Outcome, Side, Strategy, intent_key
from core.intents import OrderKind, Purpose
from core.lifecycle import Status
from core.units import Ms, Usdc, text
from infra import clock
from risk.errors import CannotResolve
from risk.services import Actor
from trading import selectors
from trading.models import Account, Difference, Entry, Order, Trigger
from trading.reconcile import act, history
from trading.reconcile.run import Run, reconcile

Say = Callable[[str], object]
ON_PAPER: Final = (
    "on paper nothing outlives the database: fills were the trader's own model; "
    "the next start begins a new account with the start cash of config"
)
UNKNOWABLE: Final = (
    "whose a trade was: of pair or temporal arbitrage, or another hand's on the wallet; all counts as pair_arb",
    "orders that never traded, and of those that did their limit where they took",
    "decisions and their reasons",
    "what each day brought before today: all of it is of the day the trader starts again",
    "deposits, withdrawals, rebates and rewards one by one: only what is left of them",
    "halts, breakers, incidents, alerts and the audit",
    "limits, people, roles and tokens: agree to limits again (manage.py agree_limits), make people again",
)
NOT_KNOWN: Final = "not known again"

_files: list[Callable[[], object]] = []


def register_files(write: Callable[[], object]) -> None:
    """Who writes ``data/``: the site, which knows all apps."""
    _files[:] = [write]


def rebuild(*, by: Actor, reason: str, say: Say) -> Iterator[str]:
    """Do it, a line for each thing done. Raises ``OSError``, ``CannotResolve``, ``RiskError``."""
    lost = selectors.account_of(**settings.POLYLOLY.account) is None
    if lost and not settings.POLYLOLY.signs:
        yield ON_PAPER
    else:
        say("reading what the venue and the chain hold...")
        if lost:
            yield from _reopened()
        yield from _restore(_run(), lost=lost, by=by, reason=reason)
    if lost and settings.POLYLOLY.signs:
        yield from (f"{NOT_KNOWN}: {what}" for what in UNKNOWABLE)
    for write in _files:
        yield f"files written anew: {write()}"


def _run() -> Run:
    """A run to restore from."""
    run = reconcile(Trigger.COMMAND)
    assert run is not None, "there is an account now"
    if run.theirs.figures is None:
        raise CannotResolve(f"the other side does not say what it holds: {'; '.join(run.row.silent)}")
    return run


def _reopened() -> Iterator[str]:
    """The lost account with its history, as far as it is told."""
    wallet = settings.POLYLOLY.wallet
    if wallet is None:
        raise CannotResolve("no wallet is known: set WALLET_ADDRESS, or start the stack once")
    # Only who asks the venue needs what talks to it.
    from trading.reconcile import venue
    from trading.reconcile.wanted import tokens_of

    tokens, schedules = tokens_of([])
    told = venue.ask(venue.Question(wallet, tokens, schedules, (), Ms(0), {}, stated=False, history=True))
    if told.figures is None:
        raise CannotResolve(f"the chain does not say what the wallet holds: {'; '.join(told.silent)}")
    if told.trades is not None and told.carried is None:
        # By half a history every merge would look like a loss.
        raise CannotResolve(f"the Data API does not say what was merged: try again; {'; '.join(told.silent)}")
    yield from (f"not answered: {words}" for words in told.silent)
    yield from history.write(wallet, told, Usdc(told.figures[None])).lines()


def _restore(run: Run, *, lost: bool, by: Actor, reason: str) -> Iterator[str]:
    account = run.row.account
    ours, theirs = run.ours.get(None, 0), (run.theirs.figures or {}).get(None, 0)
    yield f"cash {text(ours, 6)} USDC in the rows, {text(theirs, 6)} on the chain"
    for row in run.differences:
        if row.kind == Kind.WRONG_BALANCE and row.market_id is not None:
            known = Entry.objects.filter(account=account, market_id=row.market_id, outcome=row.outcome)
            if lost or not known.exists():
                yield _taken_in(run.theirs, row, by=by, reason=reason)
        elif row.kind == Kind.EXTERNAL_ORDER:
            yield from _adopt_order(account, run, row)
    for held in selectors.open_positions(account.pk):
        yield f"position: {text(held.yes, 6)} yes, {text(held.no, 6)} no of {held.market_id}"
    yield f"open orders in the rows: {selectors.open_orders(account.pk).count()}"


def _taken_in(theirs: Theirs, row: Difference, *, by: Actor, reason: str) -> str:
    """Shares that no trade tells of, at their part of what the Data API says the position cost."""
    held, more = row.theirs or 0, (row.theirs or 0) - (row.ours or 0)
    paid = theirs.costs.get((MarketId(str(row.market_id)), Outcome(str(row.outcome))), 0)
    cost = Usdc(paid * more // held if more > 0 else 0)
    act.restore(row, cost, by=by, reason=reason, at=clock.now_ms())
    return (
        f"{text(more, 6)} {row.outcome} of {row.market_id}, which no trade tells of: taken in, "
        f"cost {text(cost, 6)} USDC by the Data API"
    )


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
