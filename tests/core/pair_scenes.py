"""Words for the scenes of pair arbitrage: what was asked for, by which gates, and a leg to begin with."""

from core.strategies.view import Gate, GateCheck, Proposal, View
from core.units import text
from tests.builders import (
    T0,
    a_mood,
    a_pair,
    a_trusted_book,
    a_view,
)


def asked(proposal: Proposal) -> dict[str, str]:
    """The wishes as people write them."""
    return {
        f"{wanted.side} {wanted.outcome}": f"{text(wanted.shares, 6)} at {text(wanted.price, 4)}"
        for wanted in proposal.wanted
    }


def check(proposal: Proposal, gate: Gate) -> GateCheck:
    """The last check of a gate."""
    return [found for found in proposal.gates if found.gate is gate][-1]


def a_leg(
    yes: str = "25", *, paid: str = "12", bids: str = "0.48x1000", asks: str = "0.52x1000", now: int = T0
) -> View:
    """A confirmed YES leg bought just now, by default 25 shares at 0.48, in a book of 0.48 / 0.52."""
    mood = a_mood(naked_since_ms=T0)
    return a_view(book=a_trusted_book(bids, asks), pair=a_pair(yes, paid_yes=paid), mood=mood, now=now)
