"""The table of all our orders: trades with several of them, what is not theirs, surveys, kept ones, bounds."""

import pytest

from core.answers import FillSeen, FillSettled, FillStatus, OrderClosed, RejectCode
from core.ids import FillId, OrderId, Outcome
from core.kept import KeptOrder
from core.lifecycle import Status
from core.units import Ms, Shares, Usdc, shares
from tests.builders import MARKET, NO, YES, a_place
from tests.trading.polymarket.following import TERMS, Following
from tests.trading.polymarket.venue_model import an_id
from trading.gateways.polymarket.orders import own_orders
from trading.gateways.polymarket.orders.own_orders import Overrun
from trading.gateways.polymarket.orders.recovery import recover
from trading.gateways.polymarket.orders.translate import OrderFact, Standing

ID, SECOND = an_id(1), an_id(2)


def resting(us: Following, number: int, *, outcome: Outcome = YES, size: str = "50") -> OrderId:
    place = a_place(outcome=outcome, number=number, size=size)
    order_id = an_id(number)
    us.send(place, order_id).accepted(Standing.LIVE, us.now)
    us.venue.land(place, order_id)
    return order_id


def in_passing_time() -> Following:
    us = Following()
    us.ticking_ms = 20
    return us


def a_kept(
    number: int,
    status: Status = Status.UNKNOWN,
    *fills: str,
    filled: str = "0",
    orphaned_ms: Ms | None = None,
) -> KeptOrder:
    return KeptOrder(
        place=a_place(number=number),
        order_id=an_id(number),
        status=status,
        fills=tuple(FillId(fill) for fill in fills),
        filled=shares(filled),
        amount=Usdc(0),
        fee=Usdc(0),
        since_ms=a_place().decided_ms,
        orphaned_ms=orphaned_ms,
    )


def test_one_trade_may_fill_several_of_our_orders() -> None:
    us = Following()
    ids = [resting(us, 1), resting(us, 2)]

    us.venue.match(*(us.venue.orders[order_id] for order_id in ids), size="20")
    us.deliver_all()

    fills = [event for event in us.heard if isinstance(event, FillSeen)]
    assert [fill.fill_id for fill in fills] == [f"trade-1:{order_id}" for order_id in ids]
    assert us.pair.held(YES) == shares("40")


def test_a_trade_that_left_its_makers_out_is_read_again() -> None:
    us = Following()
    held = us.venue.orders[resting(us, 1)]
    us.venue.makers_told = False
    us.venue.match(held, size="50")
    us.venue.mail = us.venue.mail[-1:]  # of the order's own update nothing is heard
    us.deliver_all()
    assert us.pair.held(YES) == 0

    us.carry_out()

    assert us.pair.held(YES) == shares("50")


def test_a_trade_that_stays_without_makers_is_asked_for_some_times_and_then_given_up() -> None:
    us = Following()
    held = us.venue.orders[resting(us, 1)]
    us.venue.makers_told = False
    us.venue.match(held, size="50")
    us.venue.mail = us.venue.mail[-1:]
    us.venue.trades_made.clear()
    us.deliver_all()

    us.pass_time(180_000)

    assert us.mine.strays.due() == []


def test_orders_of_others_on_our_wallet_are_named_once_and_left_alone() -> None:
    us = Following()
    stranger = us.venue.land(a_place(number=9), an_id(9))

    us.deliver_all()
    us.venue.tell(stranger, "UPDATE", "LIVE")
    us.deliver_all()

    assert list(us.mine.strays.foreign) == [an_id(9)]
    assert us.heard == []
    assert us.mine.mine([an_id(9)]) == []


def test_a_trade_of_none_of_our_orders_says_nothing() -> None:
    us = Following()
    us.venue.match(us.venue.land(a_place(number=9), an_id(9)), size="50")
    us.venue.mail = us.venue.mail[-1:]

    us.deliver_all()

    assert us.mine.strays.foreign == {}
    assert us.mine.due_ms() is None


def test_part_of_a_trade_that_is_not_what_our_order_is_is_not_booked() -> None:
    us = Following()
    held = us.venue.orders[resting(us, 1)]
    held.place = a_place(outcome=NO)  # the venue says the other token

    us.venue.match(held, size="50")
    us.deliver_all()

    assert us.mine.contradicted == 1
    assert us.pair.held(YES) == us.pair.held(NO) == 0


def test_a_survey_finds_what_the_channel_never_told() -> None:
    us = Following()
    held = us.venue.orders[resting(us, 1)]
    us.pass_time(1_000)
    us.venue.match(held, size="20")
    us.venue.end(held)
    us.venue.mail.clear()

    us.pass_time(16_000)

    order = us.order(held.place)
    assert (order.status, order.filled, order.at_stake) == (Status.CANCELLED, shares("20"), 0)


def test_nothing_is_asked_while_nothing_is_open_or_unsettled() -> None:
    us = Following()
    held = us.venue.orders[resting(us, 1)]
    us.venue.end(held)
    us.deliver_all()

    us.pass_time(60_000)

    assert us.mine.due_ms() is None
    assert us.mine.active() == []


def test_a_settlement_that_is_not_heard_of_is_asked_for() -> None:
    us = Following()
    trade = us.venue.match(us.venue.orders[resting(us, 1)], size="50")
    us.deliver_all()
    trade.status = FillStatus.CONFIRMED

    us.pass_time(16_000)

    assert isinstance(us.heard[-1], FillSettled)
    assert us.pair.provisional == 0


def test_a_fill_whose_fee_is_not_known_yet_waits_for_the_terms() -> None:
    us = Following()
    kept = a_kept(1)
    held = us.venue.land(kept.place, kept.order_id, "DELAYED")
    us.keep(kept, None)
    us.venue.match(held, size="50", took=True)
    us.deliver_all()
    assert us.pair.held(YES) == 0
    assert us.order(kept.place).at_stake == shares("50")

    us.mine.learn(MARKET, TERMS)
    us.pass_time(20_000)

    assert us.pair.held(YES) == shares("50")
    assert us.pair.fees > 0


def test_closed_orders_are_forgotten_after_an_hour_and_their_trades_still_known_as_ours() -> None:
    us = Following()
    held = us.venue.orders[resting(us, 1)]
    trade = us.venue.match(held, size="50")
    us.venue.settle(trade, FillStatus.CONFIRMED)
    us.deliver_all()
    us.now = Ms(us.now + 3_700_000)
    resting(us, 2)
    us.pass_time(20_000)
    assert us.mine.get(ID) is None

    us.venue.tell_trade(trade)
    us.venue.tell(held, "UPDATE", "MATCHED")
    before = len(us.heard)
    us.deliver_all()

    assert len(us.heard) == before
    assert us.mine.strays.foreign == {}
    assert us.mine.mine([ID]) == [ID]


def test_what_nobody_takes_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_orders, "SAID_MAX", 2)
    us = Following()
    own = us.mine.begin(a_place(), ID, TERMS, us.now)
    own.accepted(Standing.LIVE, us.now)
    own.heard(OrderFact(ID, Standing.CANCELLED, Shares(0)), us.now)

    with pytest.raises(Overrun):
        own.tell_again(us.now)


async def test_what_an_earlier_life_left_open_is_cancelled_and_what_it_missed_is_adopted() -> None:
    us = in_passing_time()
    place = a_kept(1).place
    us.core.restore(a_kept(1))
    held = us.venue.land(place, ID)
    us.venue.match(held, size="20")
    us.venue.match(held, size="10")
    us.venue.mail.clear()

    found = await recover(us.mine, us.asking, [a_kept(1)], terms={MARKET: TERMS}, provisional={})

    us.mine.said.extend(found.events)
    us.listen()
    assert (found.open, found.unsure, found.foreign, found.answered) == ((), (), (), True)
    assert held.state == "CANCELED"
    assert us.order(place).status is Status.CANCELLED
    assert us.pair.held(YES) == shares("30")
    fills = [event.fill_id for event in found.events if isinstance(event, FillSeen)]
    assert fills == [f"trade-1:{ID}", f"trade-2:{ID}"]


async def test_a_fill_that_was_booked_before_is_not_adopted_again_and_settles() -> None:
    us = in_passing_time()
    place = a_kept(1).place
    held = us.venue.land(place, ID)
    trade = us.venue.match(held, size="20")
    us.venue.settle(trade, FillStatus.CONFIRMED)
    kept = a_kept(1, Status.UNKNOWN, f"trade-1:{ID}", filled="20")
    provisional = {FillId(f"trade-1:{ID}"): FillStatus.MATCHED}

    found = await recover(us.mine, us.asking, [kept], terms={MARKET: TERMS}, provisional=provisional)

    assert not any(isinstance(event, FillSeen) for event in found.events)
    settled = [event for event in found.events if isinstance(event, FillSettled)]
    assert [(event.fill_id, event.status) for event in settled] == [
        (FillId(f"trade-1:{ID}"), FillStatus.CONFIRMED)
    ]
    closed = [event for event in found.events if isinstance(event, OrderClosed)]
    assert [event.filled for event in closed] == [shares("20")]


async def test_fills_of_orders_too_old_to_follow_still_settle() -> None:
    us = in_passing_time()
    held = us.venue.land(a_place(), ID)
    trade = us.venue.match(held, size="50")
    us.venue.settle(trade, FillStatus.FAILED)
    fill_id = FillId(f"trade-1:{ID}")

    found = await recover(us.mine, us.asking, [], terms={}, provisional={fill_id: FillStatus.MATCHED})

    (settled,) = found.events
    assert isinstance(settled, FillSettled)
    assert (settled.fill_id, settled.status) == (fill_id, FillStatus.FAILED)
    assert us.mine.strays.loose == {}


async def test_an_order_the_venue_does_not_know_stays_unsure_and_holds_up_nothing() -> None:
    us = in_passing_time()
    us.core.restore(a_kept(1))

    found = await recover(us.mine, us.asking, [a_kept(1)], terms={MARKET: TERMS}, provisional={})
    assert (found.unsure, found.open, found.answered) == ((ID,), (), True)

    us.mine.said.extend(found.events)
    us.pass_time(20_000)
    assert us.order(a_kept(1).place).status is Status.NEVER_LANDED


async def test_lives_that_end_soon_do_not_keep_an_order_unknown_that_never_landed() -> None:
    """Each of fifty lives of 3 s began the ten seconds anew: the order was UNKNOWN for as long as they were killed."""
    began = in_passing_time().now
    for life in range(1, 6):
        us = in_passing_time()
        us.now = Ms(began + life * 3_000)
        left = a_kept(1, orphaned_ms=Ms(began))
        us.core.restore(left)
        found = await recover(us.mine, us.asking, [left], terms={MARKET: TERMS}, provisional={})
        us.mine.said.extend(found.events)
        us.pass_time(1_000)
        if us.order(left.place).status is Status.NEVER_LANDED:
            break

    assert life == 4, "the first life in which ten seconds have passed since its process was found gone"


async def test_a_venue_that_does_not_answer_leaves_everything_unknown() -> None:
    us = in_passing_time()
    us.venue.silent = True
    us.venue.land(a_kept(1).place, ID)

    found = await recover(
        us.mine, us.asking, [a_kept(1)], terms={MARKET: TERMS}, provisional={}, within_ms=100
    )

    assert (found.answered, found.open, found.events) == (False, (ID,), ())


async def test_orders_of_others_that_are_open_are_reported() -> None:
    us = in_passing_time()
    us.venue.land(a_place(number=7), an_id(7))

    found = await recover(us.mine, us.asking, [], terms={}, provisional={})

    assert found.foreign == (an_id(7),)
    assert us.venue.orders[an_id(7)].state == "LIVE"


def test_cancels_that_are_due_together_leave_in_one_request() -> None:
    us = in_passing_time()
    for number in range(1, 4):
        order_id = resting(us, number)
        order = us.mine.get(order_id)
        assert order is not None
        order.want_gone(us.now, asked_by_core=True)

    us.carry_out()

    assert us.venue.cancels == [[an_id(1), an_id(2), an_id(3)]]


def test_a_survey_asked_for_during_a_survey_comes_after_it() -> None:
    us = Following()
    resting(us, 1)
    assert us.mine.wishes(us.now).survey

    us.mine.survey_now()
    us.mine.surveyed(us.now)

    assert us.mine.wishes(us.now).survey


def test_an_order_that_never_landed_is_watched_until_its_market_is_resolved() -> None:
    us = Following()
    us.why_not = "too late"
    us.send(a_place(), ID).unanswered("timeout", us.now, us.now)
    us.pass_time(60_000)
    assert us.mine.due_ms() is not None

    us.mine.resolved(MARKET)

    assert us.mine.due_ms() is None


def test_a_refused_order_is_not_watched() -> None:
    us = Following()
    us.send(a_place(), ID).refused(RejectCode.OTHER, "no", us.now)

    us.pass_time(60_000)

    assert us.mine.due_ms() is None
