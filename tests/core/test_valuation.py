"""What the account is worth: cash, pairs at one, the surplus at what it would bring now."""

from core.book import Trust
from core.desk import Desk
from core.ids import FillId
from core.ledger import Entry, EntryKind, Ledger
from core.units import Ms, Usdc, price, shares, usdc
from core.valuation import excess_worth, value
from tests.builders import BUY, MARKET, NO, T0, YES, a_deposit, a_desk, at


def a_ledger(*desks: Desk, cash: str = "10000") -> Ledger:
    """A ledger with cash after all that these desks hold was paid."""
    return Ledger.rebuild([a_deposit(cash)])


def lost_trust(desk: Desk, now: int) -> Desk:
    """Its last trusted bids were remembered at ``T0``; now the feed is gone."""
    desk.remember_bids(T0)
    desk.book.feed_lost(Ms(now))
    assert desk.book.trust is Trust.STALE
    return desk


def test_equity_is_cash_and_pairs_and_the_surplus_at_the_bid_less_the_fee() -> None:
    desk = a_desk(yes="75", no="50", paid_yes="30", paid_no="25", bids="0.48x1000")

    valued = value(a_ledger(), [desk], T0)

    assert valued.cash == usdc("10000")
    assert valued.locked == usdc("50")
    assert valued.excess == usdc("12") - usdc("0.312"), "25 at 0.48, fee 25 * 0.05 * 0.48 * 0.52"
    assert valued.equity == valued.cash + valued.locked + valued.excess
    assert valued.marked == ()


def test_the_surplus_of_no_is_sold_where_yes_is_offered() -> None:
    worth, sure = excess_worth(a_desk(no="25", paid_no="12", bids="0.48x1000", asks="0.60x1000"), T0)

    assert (worth, sure) == (usdc("10") - usdc("0.3"), True)


def test_what_the_bids_cannot_take_is_worth_nothing_and_marked() -> None:
    desk = a_desk(yes="25", paid_yes="12", bids="0.48x10")

    assert excess_worth(desk, T0) == (usdc("4.8") - usdc("0.1248"), False)
    assert value(a_ledger(), [desk], T0).marked == (MARKET,)


def test_a_book_without_trust_is_valued_at_its_last_trusted_bid_for_a_minute() -> None:
    desk = lost_trust(a_desk(yes="25", paid_yes="12", bids="0.48x1000"), at(1))

    assert excess_worth(desk, at(60_000)) == (usdc("12"), False)


def test_after_a_minute_it_is_ten_cents_less() -> None:
    desk = lost_trust(a_desk(yes="25", paid_yes="12", bids="0.48x1000"), at(1))

    assert excess_worth(desk, at(60_001)) == (usdc("9.5"), False)


def test_a_price_never_falls_below_nothing() -> None:
    desk = lost_trust(a_desk(yes="25", paid_yes="12", bids="0.08x1000"), at(1))

    assert excess_worth(desk, at(60_001)) == (usdc("0"), False)


def test_a_book_never_trusted_is_worth_nothing_and_marked() -> None:
    assert excess_worth(a_desk(yes="25", paid_yes="12"), T0) == (0, False)


def test_resolved_shares_are_worth_what_they_pay() -> None:
    desk = a_desk(yes="75", no="50", paid_yes="30", paid_no="25")
    desk.payout = price("1")
    assert value(a_ledger(), [desk], T0).locked == usdc("75")

    desk.payout = price("0.5")
    assert value(a_ledger(), [desk], T0).locked == usdc("62.5")


def test_a_sweep_through_a_half_is_charged_at_its_dearest() -> None:
    desk = a_desk(yes="20", paid_yes="12", bids="0.60x10 0.20x1000", asks="0.70x1000")

    worth, _ = excess_worth(desk, T0)

    assert worth == usdc("8") - usdc("0.25"), "20 * 0.05 * 0.25, not 0.16 at the last price"


def test_what_is_held_in_a_market_not_listed_yet_is_not_lost() -> None:
    """After a restart positions come before their markets: equity fell by all of them and tripped the day's loss."""
    ledger = a_ledger()
    for outcome, size, paid in ((YES, "75", "30"), (NO, "50", "25")):
        bought = Entry(
            EntryKind.BUY,
            MARKET,
            None,
            outcome,
            shares(size),
            Usdc(-usdc(paid)),
            FillId(f"{BUY}-{outcome}"),
            T0,
            None,
        )
        ledger.book([bought])

    valued = value(ledger, [], T0)

    assert valued.locked == usdc("50")
    assert valued.excess == 0, "nobody knows what the surplus would bring"
    assert valued.marked == (MARKET,)
    assert valued.equity == usdc("9945") + usdc("50")
