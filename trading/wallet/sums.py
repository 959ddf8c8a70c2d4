"""What a wallet action brings, and what it changes on the chain. Pure."""

from core.differences import Figures
from core.ids import MarketId, Outcome
from core.units import ONE, Usdc
from trading.models import WalletAction, WalletKind


def received_of(row: WalletAction) -> Usdc:
    """What a confirmed action brought: a pair pays 1, a resolved share what it was resolved to. The chain rounds down
    each outcome by itself."""
    if row.kind == WalletKind.MERGE:
        return Usdc(row.yes)
    payout = row.payout or 0
    return Usdc(row.yes * payout // ONE + row.no * (ONE - payout) // ONE)


def carried_out(row: WalletAction) -> Figures:
    """What the venue shows beside the ledger once a wallet action under way is carried out."""
    market_id, merges = MarketId(str(row.market_id)), row.kind == WalletKind.MERGE
    return {
        None: received_of(row),
        (market_id, Outcome.YES): -row.yes,
        (market_id, Outcome.NO): -row.yes if merges else -row.no,
    }
