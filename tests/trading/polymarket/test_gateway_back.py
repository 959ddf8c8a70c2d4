"""Orders that are there after their end was told: they count, and are cancelled."""

from core.answers import AckStatus, OrderAcked, OrderClosed
from core.units import Ms, Shares, shares
from infra import clock
from tests.builders import a_place
from tests.trading.polymarket.following import Following, at_once
from tests.trading.polymarket.gateway_stage import Stage, at_work
from tests.trading.polymarket.test_gateway import a_fresh, has
from tests.trading.polymarket.test_own_order import ID
from trading.gateways.polymarket.orders.own_orders import LATE_MS
from trading.gateways.polymarket.orders.translate import OrderFact, Standing


def test_the_rest_of_what_was_denied_counts_from_the_first_trade_on() -> None:
    us, place = Following(), a_place(size="50")
    us.send(place, ID).accepted(Standing.LIVE, us.now)
    held = us.venue.land(place, ID)
    us.deliver_all()
    del us.venue.orders[ID]
    us.pass_time(60_000)

    us.venue.orders[ID] = held
    us.venue.match(held, size="20")
    us.deliver_all()

    assert us.order(place).at_stake == shares("30")
    assert us.exposed(place) == shares("50")


def test_an_order_listed_as_open_long_after_its_end_counts_and_is_cancelled() -> None:
    us, place = Following(), a_place(size="50")
    own = us.send(place, ID)
    own.accepted(Standing.LIVE, us.now)
    held = us.venue.land(place, ID)
    own.heard(OrderFact(ID, Standing.CANCELLED, Shares(0)), us.now)
    us.listen()

    at_once(us.asking.survey())
    us.listen()
    assert us.order(place).at_stake == 0, "the list may be older than the end"
    us.pass_time(LATE_MS)
    at_once(us.asking.survey())
    us.listen()

    assert us.order(place).at_stake == shares("50")
    us.pass_time(2_000)
    assert held.state == "CANCELED"
    assert us.order(place).at_stake == 0


async def test_asking_what_is_open_takes_up_what_should_be_over() -> None:
    async with at_work(Stage()) as stage:
        order_id = stage.send(a_fresh())
        await stage.until(has(OrderAcked))
        order = stage.gateway.orders.get(order_id)
        assert order is not None
        order.heard(OrderFact(order_id, Standing.CANCELLED, Shares(0)), Ms(clock.now_ms() - LATE_MS))

        assert await stage.gateway.ask_open(None) == [order_id]

        ends = await stage.until(lambda heard: sum(isinstance(event, OrderClosed) for event in heard) == 2)
        acks = [event.status for event in ends if isinstance(event, OrderAcked)]
        assert acks == [AckStatus.LIVE, AckStatus.BACK, AckStatus.LIVE]
        assert stage.venue.orders[order_id].state == "CANCELED"
