"""What an earlier life of the process left: it counts before its market is listed, and goes on where it was."""

from dataclasses import replace
from itertools import pairwise
from typing import Final

from core import events as ev
from core.absent import HEARD_MAX, NOTHING_LEFT, Past
from core.ids import FillId, IntentKey, OrderId, Outcome
from core.intents import Redeem
from core.kept import KeptOrder
from core.ledger import Entry
from core.lifecycle import Status
from core.notes import Booked, InputRefused, Refusal
from core.units import Shares, Usdc, price, shares, usdc
from tests.builders import MARKET, NO, SELL, T0, YES, a_deposit, a_listing, a_place, a_take, an_order_id
from tests.fakes import Play

NO_MARKETS: Final[tuple[ev.MarketListed, ...]] = ()


def kept(at: str = "0.48", size: str = "50", *, number: int = 1, filled: str = "0") -> KeptOrder:
    """A buy of YES nobody knows anything of since the process ended."""
    place = a_place(at, size, number=number)
    return KeptOrder(
        place=place,
        order_id=OrderId(an_order_id(place.key)),
        status=Status.UNKNOWN,
        fills=(FillId("early"),) if filled != "0" else (),
        filled=shares(filled),
        amount=Usdc(0),
        fee=Usdc(0),
        since_ms=T0,
        orphaned_ms=None,
    )


def bought(fill: str, size: str, paid: str, *, outcome: Outcome = YES) -> list[Entry]:
    """The entries of an earlier life."""
    before = Play()
    place = a_place("0.48", "100", number=99, outcome=outcome)
    before.desk.orders.add(place)
    seen = ev.FillSeen(
        FillId(fill), place.key, shares(size), usdc(paid), Usdc(0), ev.FillStatus.MATCHED,
        ev.Evidence.VENUE, T0, T0,
    )  # fmt: skip
    before.hear(seen)
    return [entry for note in before.notes(Booked) for entry in note.entries]


def a_fill_of(key: IntentKey, size: str, paid: str, *, name: str = "late") -> ev.FillSeen:
    return ev.FillSeen(
        FillId(name), key, shares(size), usdc(paid), Usdc(0), ev.FillStatus.MATCHED,
        ev.Evidence.VENUE, T0, T0,
    )  # fmt: skip


def test_an_order_nobody_knows_of_counts_before_its_market_is_listed() -> None:
    play = Play(past=Past(kept=(kept("0.48", "50"),)), markets=NO_MARKETS)

    assert play.engine.at_risk == usdc("24")
    assert play.engine.free_cash == usdc("9976")
    play.hear(a_listing())

    assert play.engine.at_risk == usdc("24")
    assert play.engine.free_cash == usdc("9976")
    assert play.desk.orders.any_unknown


def test_an_unlisted_takers_fee_is_never_counted_too_low() -> None:
    order = kept("0.48", "50")
    take = replace(order, place=a_take("0.48", "50"))
    play = Play(past=Past(kept=(take,)), markets=NO_MARKETS)

    before = play.engine.at_risk
    play.hear(a_listing())

    assert before == usdc("50")
    assert before >= play.engine.at_risk


def test_nothing_is_opened_in_its_market_until_it_is_known() -> None:
    order = kept()
    play = Play(past=Past(kept=(order,)), sequences={MARKET: 5})

    assert not play.book().approved
    step = play.hear(ev.OrderClosed(order.place.key, ev.CloseReason.NEVER_LANDED, Shares(0), play.now))

    assert step.approved


def test_what_is_said_before_its_market_is_listed_is_taken_in_then() -> None:
    order = kept("0.48", "50")
    key = order.place.key
    play = Play(past=Past(kept=(order,)), markets=NO_MARKETS)

    play.hear(a_fill_of(key, "20", "9.6"))
    play.hear(ev.OrderClosed(key, ev.CloseReason.CANCELLED, shares("20"), play.now))
    assert play.engine.at_risk == usdc("24"), "as if all of it filled"
    play.hear(a_listing())

    assert play.desk.pair.held(YES) == shares("20")
    assert play.order(key).status is Status.CANCELLED
    assert play.engine.ledger.cash == usdc("9990.4")
    assert play.engine.at_risk == usdc("9.6")


def test_what_waits_for_a_listing_is_bounded_and_what_is_left_out_is_said() -> None:
    order = kept()
    play = Play(past=Past(kept=(order,)), markets=NO_MARKETS)
    for _ in range(HEARD_MAX):
        play.hear(ev.OrderUnknown(order.place.key, "no answer", play.now))

    step = play.hear(ev.OrderUnknown(order.place.key, "no answer", play.now))

    assert [note.refusal for note in step.notes if isinstance(note, InputRefused)] == [Refusal.UNKNOWN_MARKET]


def test_a_holding_of_an_unlisted_market_is_at_risk() -> None:
    entries = [a_deposit("10000"), *bought("f", "50", "24")]
    play = Play(entries=entries, markets=NO_MARKETS)

    assert play.engine.at_risk == usdc("24")
    play.tick()
    assert play.engine.day.valued is None, "no price was ever known"

    play.hear(a_listing())
    assert play.engine.at_risk == usdc("24")


def test_a_fill_that_may_still_fail_fails_after_a_restart() -> None:
    entries = [a_deposit("10000"), *bought("f", "50", "24")]
    play = Play(entries=entries, past=Past(provisional={FillId("f"): ev.FillStatus.MINED}))
    assert play.desk.pair.provisional == 1
    assert play.desk.pair.mergeable == 0

    play.hear(ev.FillSettled(FillId("f"), ev.FillStatus.RETRYING, play.now))
    play.hear(ev.FillSettled(FillId("f"), ev.FillStatus.FAILED, play.now))

    assert play.desk.pair.held(YES) == 0
    assert play.engine.ledger.cash == usdc("10000")


def test_a_settlement_told_before_the_listing_is_not_lost() -> None:
    entries = [a_deposit("10000"), *bought("f", "50", "24")]
    past = Past(provisional={FillId("f"): ev.FillStatus.MATCHED})
    play = Play(entries=entries, past=past, markets=NO_MARKETS)

    play.hear(ev.FillSettled(FillId("f"), ev.FillStatus.FAILED, play.now))
    play.hear(a_listing())

    assert play.engine.ledger.cash == usdc("10000")


def test_a_kept_orders_fill_is_not_booked_twice() -> None:
    order = kept("0.48", "50", filled="20")
    entries = [a_deposit("10000"), *bought("early", "20", "9.6")]
    play = Play(entries=entries, past=Past(kept=(order,)))

    play.hear(a_fill_of(order.place.key, "20", "9.6", name="early"))

    assert play.desk.pair.held(YES) == shares("20")
    assert play.order(order.place.key).remaining == shares("30")


def a_pair_left(past: Past = NOTHING_LEFT) -> Play:
    entries = [a_deposit("10000"), *bought("y", "60", "28"), *bought("n", "60", "29", outcome=NO)]
    return Play(entries=entries, past=past)


def test_a_merge_under_way_keeps_its_shares_over_a_restart() -> None:
    merge = ev.MergeStepped("m", MARKET, shares("60"), ev.WalletStatus.SUBMITTED, T0)
    play = a_pair_left(Past(merging=(merge,)))
    play.book()
    play.tick()
    assert play.desk.pair.reserved == shares("60")
    assert not [action for step in play.steps for action in step.wallet_actions]

    for _ in range(2):
        play.hear(replace(merge, status=ev.WalletStatus.CONFIRMED))

    assert play.engine.ledger.cash == usdc("10003")
    assert play.desk.pair.reserved == 0


def a_holder(past: Past = NOTHING_LEFT) -> Play:
    return Play(entries=[a_deposit("10000"), *bought("y", "20", "9")], past=past)


def test_a_redemption_asked_for_before_is_not_asked_for_again_until_it_failed() -> None:
    play = a_holder(Past(redeeming=frozenset({MARKET})))
    play.hear(ev.MarketResolved(MARKET, price("1"), play.now, play.now))
    play.tick()
    assert not [action for step in play.steps for action in step.wallet_actions]

    failed = ev.RedeemFailed("r", MARKET, "reverted", play.now)
    play.hear(failed)
    play.tick(30_000)
    play.hear(failed)  # told twice
    play.tick(29_000)
    assert not [action for step in play.steps for action in step.wallet_actions]
    play.tick()

    (asked,) = [action for step in play.steps for action in step.wallet_actions]
    assert isinstance(asked, Redeem)
    assert (asked.yes, asked.no) == (shares("20"), Shares(0))


def test_a_redemption_that_keeps_failing_is_asked_for_ever_more_rarely() -> None:
    play = a_holder()
    play.hear(ev.MarketResolved(MARKET, price("1"), play.now, play.now))
    asked: list[int] = []
    for _ in range(4 * 3_600):
        for action in play.steps[-1].wallet_actions:
            asked.append(play.now)
            play.hear(ev.RedeemFailed(action.action_id, MARKET, "reverted", play.now))
        play.tick()

    gaps = [later - sooner for sooner, later in pairwise(asked)]
    assert gaps[:3] == [60_000, 120_000, 240_000]
    assert max(gaps) == 3_600_000


def test_what_is_being_redeemed_is_not_merged_as_well() -> None:
    play = a_pair_left(Past(redeeming=frozenset({MARKET})))

    play.hear(ev.MarketResolved(MARKET, price("1"), play.now, play.now))
    play.tick()

    assert play.desk.pair.mergeable == shares("60")
    assert not [action for step in play.steps for action in step.wallet_actions]


def test_a_sale_that_was_unsure_is_unsure_after_a_restart() -> None:
    before = Play(entries=[a_deposit("10000"), *bought("f", "50", "24")])
    sale = replace(a_place("0.40", "50", number=98), side=SELL)
    before.desk.orders.add(sale)
    before.hear(a_fill_of(sale.key, "50", "20", name="sale"))
    assert before.engine.at_risk == usdc("24")

    entries = [a_deposit("10000"), *bought("f", "50", "24")]
    entries += [entry for note in before.notes(Booked) for entry in note.entries]
    again = Play(entries=entries, past=Past(provisional={FillId("sale"): ev.FillStatus.MATCHED}))

    assert again.engine.at_risk == usdc("24")
    assert again.engine.free_cash == usdc("9976")
