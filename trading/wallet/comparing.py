"""Whether the venue's figures of a wallet are the ledger's, but for what is not settled. Pure.

A provisional fill is in the ledger and may not be in the wallet yet, or never; a merge or redemption under way is not
in the ledger and may be in the wallet. Whatever subset of these explains the difference is accepted: nothing else is.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from core.ids import MarketId, Outcome
from core.units import text

Leg = tuple[MarketId, Outcome]
Figures = Mapping[Leg | None, int]  # ``None`` is cash, in USDC; the others are shares
UNSURE_MAX: Final = 14


def differs(ledger: Figures, venue: Figures, unsure: Sequence[Figures]) -> bool:
    """Whether no subset of ``unsure`` turns the ledger's figures into the venue's.

    Each of ``unsure`` is what the venue may show beside the ledger. Of more than ``UNSURE_MAX`` nobody can tell:
    that differs too, until some have settled.
    """
    wanted = {leg: venue[leg] - ledger.get(leg, 0) for leg in venue}
    if not any(wanted.values()):
        return False
    return len(unsure) > UNSURE_MAX or not _explained(wanted, list(unsure))


def _explained(wanted: dict[Leg | None, int], unsure: list[Figures]) -> bool:
    if not unsure:
        return not any(wanted.values())
    first, rest = unsure[0], unsure[1:]
    without = {leg: amount - first.get(leg, 0) for leg, amount in wanted.items()}
    return _explained(wanted, rest) or _explained(without, rest)


def words(ledger: Figures, venue: Figures) -> str:
    """Both figures, wherever they are not the same."""
    return "; ".join(
        _word(leg, ledger.get(leg, 0), said) for leg, said in venue.items() if said != ledger.get(leg, 0)
    )


def _word(leg: Leg | None, ours: int, said: int) -> str:
    if leg is None:
        return f"cash {text(said, 6)} USDC at the venue, {text(ours, 6)} in the ledger"
    market_id, outcome = leg
    return f"{text(said, 6)} {outcome} of {market_id[:12]} at the venue, {text(ours, 6)} in the ledger"
