"""What a shard begins with: the fence, then its account as the rows tell it. Touches the database.

On paper the venue died with the last process: what it left open is closed. A venue outlives us: what was left open
there is UNKNOWN and is asked for before anything is traded. A shard takes up its own orders only: those of another
on the same wallet may be at work.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from django.conf import settings

from core.absent import NOTHING_LEFT, Past
from core.breaker import BreakerMoved, KeptBreaker, State
from core.engine import Engine
from core.events import FillSettled, FillStatus, MergeStepped, WalletStatus
from core.ids import FillId, MarketId
from core.limits import NO_BUDGET
from core.notes import Booked, DayStarted
from core.units import Ms, Shares, Usdc
from feeds import selectors as feeds
from risk import selectors as risk
from risk import services as risk_services
from trading import selectors, services
from trading.controls import corrections
from trading.models import Account, AccountMode, WalletAction, WalletKind, WalletState
from trading.records.ports import Record
from trading.shard.setup import engine_setup, opening_deposit

LATE_MS: Final = Ms(15 * 60_000)  # orders that ended within this may still be told a fill


@dataclass(frozen=True, slots=True)
class Opened:
    """``records`` are for the journal before anything else is. ``corrected``: the last correction in the ledger."""

    account: Account
    fence: int
    engine: Engine
    past: Past
    records: tuple[Record, ...]
    corrected: int


def open_paper(shard: str, now: Ms) -> Opened:
    """Take the fence first: from here on nobody else writes for this shard. Then read what is held."""
    chosen = settings.POLYLOLY
    fence = services.take_fence(shard)
    mode = AccountMode(chosen.paper_mode.value)
    account = services.open_account(mode=mode, name="main", start_cash=chosen.start_cash, at_ms=now)
    services.close_orphans(account_id=account.pk, at_ms=now)
    # What the paper venue had matched counts as settled in the next life.
    settled = [
        FillSettled(FillId(fill.fill_id), FillStatus.CONFIRMED, now)
        for fill in selectors.unsettled_fills(account.pk)
    ]
    return _opened(shard, account, fence, NOTHING_LEFT, tuple(settled), own_shown=False, now=now)


def wallet_account(wallet: str) -> Account | None:
    """The account of a wallet in this mode, ``None`` before its first use."""
    return selectors.account_of(mode=settings.POLYLOLY.mode.value, name=wallet)


def open_wallet(shard: str, wallet: str, *, cash: Usdc | None, now: Ms) -> Opened:
    """As ``open_paper``. ``cash``: what the venue states, asked for where the wallet has no account yet."""
    fence = services.take_fence(shard)
    account = wallet_account(wallet)
    if account is None:
        assert cash is not None, "a new account begins with what the venue states"
        mode = AccountMode(settings.POLYLOLY.mode.value)
        account = services.open_account(mode=mode, name=wallet, start_cash=cash, at_ms=now)
    services.mark_unknown(account_id=account.pk, shard=shard, at_ms=now)
    return _opened(shard, account, fence, _past(account.pk, shard, now), (), own_shown=True, now=now)


def _opened(
    shard: str,
    account: Account,
    fence: int,
    past: Past,
    records: tuple[Record, ...],
    *,
    own_shown: bool,
    now: Ms,
) -> Opened:
    risk_services.enlist_runner(shard, at=now, account_id=account.pk)
    risk_services.deal_budgets(at=now)
    entries, corrected = corrections.ledger_with(account.pk)
    opening = () if entries else (opening_deposit(Usdc(account.start_cash), now),)
    if opening:
        records += (Booked(opening),)
    setup = engine_setup(account.key, own_shown=own_shown, quote_in_play=settings.POLYLOLY.quote_in_play)
    sequences = selectors.last_sequences(account.pk)
    past = replace(past, breakers=take_up_breakers(now))
    engine = Engine(setup, entries=opening or entries, sequences=sequences, past=past)
    engine.budget = NO_BUDGET  # until it has read its own
    start = risk.day_start(account.pk, at=now)
    if start is not None:
        # Cash brought in or taken out since the day began is no profit of the day.
        began = Usdc(start.equity - start.deposited + engine.ledger.deposited)
        engine.day.start = DayStarted(began, Ms(start.at_ms))
    return Opened(account, fence, engine, past, records, corrected)


def take_up_breakers(now: Ms) -> tuple[KeptBreaker, ...]:
    """Those not closed. Of markets that were resolved while nobody traded they end here: none will be listed again."""
    found = risk.breakers_in_force()
    over = feeds.resolutions([kept.market_id for kept in found])
    for kept in found:
        if kept.market_id in over:
            ended = BreakerMoved(
                kept.market_id, kept.state, State.CLOSED, kept.trip, "the market is resolved", now
            )
            risk_services.keep_breaker(ended)
    return tuple(kept for kept in found if kept.market_id not in over)


def _past(account_id: int, shard: str, now: Ms) -> Past:
    # What was carried out while nobody was there to book it counts as under way: its end is told as an event, and
    # until then nothing of it is asked for a second time.
    under_way = [*selectors.open_wallet_actions(account_id), *selectors.unbooked_wallet_actions(account_id)]
    return Past(
        kept=tuple(selectors.kept_orders(account_id, Ms(now - LATE_MS), shard=shard)),
        provisional=selectors.provisional_fills(account_id, shard=shard),
        merging=tuple(_unended(merge_step(row, now)) for row in under_way if row.kind == WalletKind.MERGE),
        redeeming=frozenset(
            MarketId(str(row.market_id)) for row in under_way if row.kind == WalletKind.REDEEM
        ),
    )


def _unended(step: MergeStepped) -> MergeStepped:
    """A merge as it was before its end was told."""
    return replace(step, status=WalletStatus.SUBMITTED) if step.status is WalletStatus.CONFIRMED else step


STEPS: Final[Mapping[str, WalletStatus]] = {
    WalletState.PLANNED: WalletStatus.SUBMITTED,  # its shares are taken either way
    WalletState.SUBMITTED: WalletStatus.SUBMITTED,
    WalletState.CONFIRMED: WalletStatus.CONFIRMED,
    WalletState.FAILED: WalletStatus.FAILED,
    WalletState.UNKNOWN: WalletStatus.UNKNOWN,
}


def merge_step(row: WalletAction, now: Ms) -> MergeStepped:
    """How far a merge is, as the engine hears it."""
    return MergeStepped(row.action_id, MarketId(str(row.market_id)), Shares(row.yes), STEPS[row.state], now)


def markets_of(opened: Opened) -> list[MarketId]:
    """Those in which something was left, whatever their state: they are listed before anything is asked."""
    return list(opened.engine.absent)
