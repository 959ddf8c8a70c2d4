"""Orders before they leave: made, named, sealed, forgotten."""

import pytest

from core.events import TickSizeChanged
from core.ids import OrderId
from core.intents import OrderKind
from core.risk import Approved
from core.units import price
from tests.builders import MARKET, T0, a_place
from tests.trading.polymarket.gateway_stage import Stage, at_work
from tests.trading.polymarket.test_signing import a_signer
from trading.errors import OrderNotWritten
from trading.gateways.polymarket.signing import Unsigned
from trading.runner import Gateway


def test_it_is_a_gateway_of_the_runner() -> None:
    gateway: Gateway = Stage().gateway

    assert gateway.shows_own_orders


def test_what_is_prepared_is_kept_unsigned_and_makes_the_same_order_again() -> None:
    stage, place = Stage(), a_place()

    prepared = stage.gateway.prepare(Approved(place, T0), T0)

    assert prepared.unsigned is not None
    assert a_signer().order_id(Unsigned.from_text(prepared.unsigned)) == prepared.order_id
    assert stage.gateway.order_id(Approved(place, T0)) == prepared.order_id
    assert "signature" not in prepared.unsigned.replace("signature_type", "")


@pytest.mark.parametrize("times", [0, 1, 2])
async def test_an_order_is_the_same_however_often_it_was_sealed_before(times: int) -> None:
    async with at_work(Stage()) as stage:
        place = a_place()
        prepared = stage.gateway.prepare(Approved(place, T0), T0)
        stage.venue.known[prepared.order_id] = place
        for _ in range(times):
            stage.gateway.seal(place.key)

        stage.gateway.place(Approved(place, T0), T0)

    assert prepared.unsigned is not None
    owner = stage.venue.credentials.api_key
    same = a_signer().sign(
        Unsigned.from_text(prepared.unsigned), owner, post_only=place.kind is OrderKind.QUOTE
    )
    (letter,) = stage.venue.handed_over
    assert letter.written.endswith(same.body)


def test_an_order_of_an_unknown_market_is_not_made() -> None:
    with pytest.raises(OrderNotWritten, match="nothing is known"):
        Stage().gateway.prepare(Approved(a_place(market=OrderId("0xother")), T0), T0)  # type: ignore[arg-type]


def test_a_changed_tick_is_the_tick_orders_are_made_for() -> None:
    stage, place = Stage(), a_place("0.485")
    with pytest.raises(OrderNotWritten, match="tick size"):
        stage.gateway.prepare(Approved(place, T0), T0)

    stage.gateway.observe(TickSizeChanged(MARKET, price("0.001"), T0, T0), T0)

    assert stage.gateway.prepare(Approved(place, T0), T0).order_id


def test_what_nobody_takes_of_prepared_orders_is_forgotten() -> None:
    stage = Stage()
    for number in range(600):
        stage.gateway.prepare(Approved(a_place(number=number), T0), T0)

    with pytest.raises(KeyError):
        stage.gateway.order_id(Approved(a_place(number=0), T0))
