"""Words for the tests of the pair ledger: YES at 0.48 and NO at 0.49, a hundred of each."""

from core.events import FillStatus, MergeStepped, WalletStatus
from core.ids import FillId, Outcome, Side
from core.ledger import Entry
from core.pair import PairLedger
from core.units import shares, usdc
from tests.core.accounts import BUY, MARKET, NO, PAIR_ARB, T0, YES

MATCHED, MINED, CONFIRMED = FillStatus.MATCHED, FillStatus.MINED, FillStatus.CONFIRMED
FAILED, RETRYING = FillStatus.FAILED, FillStatus.RETRYING


def a_pair() -> PairLedger:
    return PairLedger(MARKET, PAIR_ARB)


def trade(
    pair: PairLedger,
    fill_id: str,
    outcome: Outcome,
    size: str,
    paid: str,
    *,
    side: Side = BUY,
    fee: str = "0",
    status: FillStatus = CONFIRMED,
) -> tuple[Entry, ...]:
    return pair.filled(FillId(fill_id), outcome, side, shares(size), usdc(paid), usdc(fee), status, T0)


def merged(action: str, size: str, status: WalletStatus) -> MergeStepped:
    return MergeStepped(action, MARKET, shares(size), status, T0)


def a_bought_pair(yes: str = "100", no: str = "100") -> PairLedger:
    """YES at 0.48 and NO at 0.49, confirmed."""
    pair = a_pair()
    trade(pair, "y", YES, yes, "48")
    trade(pair, "n", NO, no, "49")
    return pair


def state_of(pair: PairLedger) -> tuple[object, ...]:
    numbers = (pair.held(YES), pair.held(NO), pair.cost(YES), pair.cost(NO), pair.spent, pair.received)
    return (*numbers, pair.fees, pair.realized, pair.worst_case, pair.best_case, pair.mergeable)
