"""What each refusal of an order weighs: every code is in the table, and those that must not count do not."""

from core.answers import RejectCode
from core.rejects import WEIGHT, Weight

# trading.md 12: not post_only_would_cross, FAK/FOK misses, 425, 503; and nothing that never left.
COUNTS_NOT = {
    RejectCode.POST_ONLY_WOULD_CROSS: Weight.BENIGN,
    RejectCode.NOT_FILLED: Weight.BENIGN,
    RejectCode.RESTARTING: Weight.WINDOW,
    RejectCode.POST_ONLY_MODE: Weight.WINDOW,
    RejectCode.CANCEL_ONLY: Weight.WINDOW,
    RejectCode.TRADING_OFF: Weight.WINDOW,
    RejectCode.NOT_SENT: Weight.OURS,
    RejectCode.NOT_WRITTEN: Weight.UNWRITTEN,
}


def test_every_code_weighs_what_it_is_meant_to() -> None:
    assert dict(WEIGHT) == {code: COUNTS_NOT.get(code, Weight.COUNTS) for code in RejectCode}
