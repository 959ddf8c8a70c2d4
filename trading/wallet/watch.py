"""Tells the engine what became of merges and redemptions: the wallet's keeper moves their rows, this reads them."""

from typing import Final

from asgiref.sync import sync_to_async

from core import events as ev
from core.ids import MarketId
from core.units import Ms, Shares, Usdc
from infra import clock, logs
from trading import selectors
from trading.models import WalletAction, WalletKind, WalletState
from trading.runner import Runner
from trading.shard.recovery import merge_step

READ_MS: Final = 250
OVERLAP_MS: Final = 60_000  # a keeper's clock may be behind, or its commit late

log = logs.get("trading")


class WalletWatch:
    """Reads the rows that moved. What is told twice the engine ignores; here it is told once."""

    def __init__(self, runner: Runner, account_id: int, began_ms: Ms) -> None:
        self._runner = runner
        self._account_id = account_id
        self._since_ms = began_ms
        self._told: dict[str, str] = {}

    async def catch_up(self) -> None:
        """What was confirmed and never booked, because the process ended between the two. What was booked is not
        told again: of a market that is over the engine remembers nothing."""
        since = Ms(self._since_ms - OVERLAP_MS)
        unbooked = await sync_to_async(selectors.unbooked_wallet_actions)(self._account_id)
        missing = {row.action_id for row in unbooked}
        for row in await sync_to_async(selectors.wallet_actions_since)(self._account_id, since):
            if row.state == WalletState.CONFIRMED and row.action_id not in missing:
                self._told[row.action_id] = row.state
        for row in unbooked:
            self._tell(row)

    async def read(self) -> None:
        """What moved since the last reading."""
        since = Ms(self._since_ms - OVERLAP_MS)
        rows = await sync_to_async(selectors.wallet_actions_since)(self._account_id, since)
        for row in rows:
            if self._told.get(row.action_id) != row.state:
                self._tell(row)
            self._since_ms = max(self._since_ms, Ms(row.moved_ms))
        recent = {row.action_id for row in rows}
        self._told = {name: state for name, state in self._told.items() if name in recent}

    def _tell(self, row: WalletAction) -> None:
        self._told[row.action_id] = row.state
        event = wallet_event(row, clock.now_ms())
        if event is not None:
            log.info("wallet action moved", action=row.action_id, state=row.state, market_id=row.market_id)
            self._runner.take(event)


def wallet_event(row: WalletAction, now: Ms) -> ev.WalletEvent | None:
    """What the engine hears of a row; ``None`` where it need not know."""
    if row.kind == WalletKind.MERGE:
        return merge_step(row, now)
    if row.kind != WalletKind.REDEEM:
        return None
    market_id = MarketId(str(row.market_id))
    if row.state == WalletState.CONFIRMED:
        received = Usdc(row.received or 0)
        return ev.Redeemed(row.action_id, market_id, Shares(row.yes), Shares(row.no), received, now)
    if row.state == WalletState.FAILED:
        return ev.RedeemFailed(row.action_id, market_id, row.reason or "", now)
    return None
