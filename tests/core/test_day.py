"""The day's P&L counts from the first valuation that can be relied on, and only from that."""

from core.day import DAY_MS, PRICES_WITHIN_MS, Day
from core.ledger import Ledger
from core.units import Ms, Usdc, usdc
from tests.builders import T0, a_deposit, a_desk


def test_the_first_valuation_begins_the_day_and_the_next_day_begins_anew() -> None:
    day, ledger = Day(), Ledger.rebuild([a_deposit("10000")])

    began = day.value(ledger, [], T0)
    again = day.value(ledger, [], Ms(T0 + 1_000))
    tomorrow = day.value(ledger, [], Ms(T0 + DAY_MS))

    assert began is not None
    assert (began.equity, began.at_ms) == (usdc("10000"), T0)
    assert again is None
    assert tomorrow is not None


def test_a_holding_that_was_never_priced_since_the_start_holds_up_the_first_valuation() -> None:
    day, ledger = Day(), Ledger.rebuild([a_deposit("10000")])
    desk = a_desk(yes="50", paid_yes="25")

    early = day.value(ledger, [desk], T0)
    valued_early = day.valued
    late = day.value(ledger, [desk], Ms(T0 + PRICES_WITHIN_MS))

    assert early is None
    assert valued_early is None, "a worth of 0 would look like a loss"
    assert late is not None, "but it is not waited for without end"


def test_a_loss_is_never_negative_and_unknown_before_a_valuation() -> None:
    day, ledger = Day(), Ledger.rebuild([a_deposit("10000")])
    before = day.lost
    day.value(ledger, [], T0)
    assert day.start is not None

    day.value(Ledger.rebuild([a_deposit("10050")]), [], Ms(T0 + 1_000))
    gained = day.lost
    day.value(Ledger.rebuild([a_deposit("9990")]), [], Ms(T0 + 2_000))

    assert (before, gained, day.lost) == (Usdc(0), Usdc(0), usdc("10"))
