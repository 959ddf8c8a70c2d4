"""What ends a halt besides a person's word, by the halt's code."""

from typing import Final

WAYS_OUT: Final = {
    "position_mismatch": (
        "The venue and the ledger disagree about what the wallet holds: trade nothing by hand, compare both, and find "
        "out which is right. A simulator that was restarted has forgotten everything: end polyloly and start it "
        "again (a new wallet), then reset."
    ),
    "polymarket_disconnected": "Wait until the venue answers again (manage.py healthcheck --full), then reset.",
    "consecutive_errors": "Read the halt's words. An API key that the venue refuses: restart the trader, then reset.",
    "daily_loss_exceeded": "The limit counts from 00:00 UTC. Look at the fills before a reset.",
}


def of(code: str) -> str:
    """Empty where a reset is all it takes."""
    return WAYS_OUT.get(code, "")
