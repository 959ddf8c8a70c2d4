"""The venue's figures against the ledger's: what is not settled explains a difference, nothing else does."""

from core.ids import MarketId, Outcome
from trading.wallet.comparing import UNSURE_MAX, Figures, differs, words

MARKET = MarketId("0xmarket0123")
YES, NO = (MARKET, Outcome.YES), (MARKET, Outcome.NO)
LEDGER: Figures = {None: 9_000_000, YES: 5_000_000, NO: 0}
NOT_MINED: Figures = {None: 480_000, YES: -1_000_000}
MERGED: Figures = {None: 2_000_000, YES: -2_000_000, NO: -2_000_000}


def shown(*besides: Figures) -> Figures:
    """What the venue shows when these happened to the wallet and not to the ledger."""
    return {leg: LEDGER[leg] + sum(effect.get(leg, 0) for effect in besides) for leg in LEDGER}


def test_the_same_figures_do_not_differ() -> None:
    assert not differs(LEDGER, shown(), [])
    assert not differs(LEDGER, shown(), [NOT_MINED, MERGED])


def test_any_part_of_what_is_not_settled_explains_a_difference() -> None:
    assert not differs(LEDGER, shown(NOT_MINED), [NOT_MINED, MERGED])
    assert not differs(LEDGER, shown(MERGED), [NOT_MINED, MERGED])
    assert not differs(LEDGER, shown(NOT_MINED, MERGED), [NOT_MINED, MERGED])


def test_a_half_of_it_explains_nothing() -> None:
    assert differs(LEDGER, {**shown(), None: 9_480_000}, [NOT_MINED])
    assert differs(LEDGER, shown(NOT_MINED), [])
    assert differs(LEDGER, shown(NOT_MINED, NOT_MINED), [NOT_MINED])


def test_one_millionth_is_a_difference() -> None:
    assert differs(LEDGER, {**shown(), None: 9_000_001}, [])


def test_of_too_much_at_once_nobody_can_tell() -> None:
    assert differs(LEDGER, shown(NOT_MINED), [NOT_MINED] * (UNSURE_MAX + 1))


def test_both_figures_are_named() -> None:
    said = words(LEDGER, {**shown(), None: 8_500_000, NO: 1_000_000})

    assert said == (
        "cash 8.5 USDC at the venue, 9 in the ledger; 1 no of 0xmarket0123 at the venue, 0 in the ledger"
    )
