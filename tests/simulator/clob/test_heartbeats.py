"""The dead man's switch of an API key."""

from uuid import UUID

from simulator import clob
from simulator.exchange.happenings import OrderEnded
from simulator.exchange.orders import CancelReason
from tests.simulator.clob.conftest import Venue
from tests.simulator.clob.signers import Trader

TEN_AT_48 = "buy yes 10000000 for 4800000"
WRONG = "Invalid Heartbeat ID"


async def beat(trader: Trader, heartbeat_id: str | None = "") -> str:
    reply = await trader.send("POST", "/v1/heartbeats", {"heartbeat_id": heartbeat_id})
    assert reply.status == 200
    return str(UUID(reply.body["heartbeat_id"]))


def pass_ms(venue: Venue, span: int, *traders: Trader) -> None:
    """Let time pass a second at a time, as the server does in smaller steps."""
    for _ in range(span // 1_000):
        venue.pass_ms(1_000)
        clob.step(venue.app, venue.now_ms)
    for trader in traders:
        trader.now_s = venue.now_ms // 1_000


async def open_orders(trader: Trader) -> int:
    return int((await trader.get("/data/orders")).body["count"])


async def test_each_beat_carries_the_id_of_the_one_before(venue: Venue) -> None:
    ann = await venue.trader()

    first = await beat(ann, None)
    second = await beat(ann, first)
    wrong = await ann.send("POST", "/v1/heartbeats", {"heartbeat_id": first})
    fresh = await ann.send("POST", "/v1/heartbeats", {"heartbeat_id": ""})
    adopted = await beat(ann, wrong.body["heartbeat_id"])

    assert len({first, second, adopted}) == 3
    expected = {"error": WRONG, "error_msg": WRONG, "heartbeat_id": second}
    assert (wrong.status, wrong.body) == (fresh.status, fresh.body) == (400, expected)


async def test_silence_cancels_the_orders_of_that_key_alone(venue: Venue) -> None:
    sheet, ann, bob = venue.empty_market(), await venue.trader(), await venue.trader()
    await beat(ann)
    for trader in (ann, bob):
        await trader.post(trader.order(sheet, TEN_AT_48))
    venue.exchange.drain_happenings()

    pass_ms(venue, 9_000, ann, bob)
    before = await open_orders(ann)
    pass_ms(venue, 6_000, ann, bob)

    assert before == 1
    assert (await open_orders(ann), await open_orders(bob)) == (0, 1)
    [ended] = [said for said in venue.exchange.drain_happenings() if isinstance(said, OrderEnded)]
    assert ended.why is CancelReason.HEARTBEAT


async def test_regular_beats_keep_orders_alive(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    heartbeat_id = await beat(ann)
    await ann.post(ann.order(sheet, TEN_AT_48))

    for _ in range(6):
        pass_ms(venue, 5_000, ann)
        heartbeat_id = await beat(ann, heartbeat_id)

    assert await open_orders(ann) == 1


async def test_a_wrong_beat_keeps_nothing_alive(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    await beat(ann)
    await ann.post(ann.order(sheet, TEN_AT_48))

    for _ in range(3):
        pass_ms(venue, 5_000, ann)
        await ann.send("POST", "/v1/heartbeats", {"heartbeat_id": ""})

    assert await open_orders(ann) == 0


async def test_who_never_beats_keeps_its_orders(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    await ann.post(ann.order(sheet, TEN_AT_48))

    pass_ms(venue, 30_000, ann)

    assert await open_orders(ann) == 1


async def test_after_it_struck_the_switch_is_off_until_the_next_beat(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    first = await beat(ann)
    pass_ms(venue, 16_000, ann)

    await ann.post(ann.order(sheet, TEN_AT_48))
    pass_ms(venue, 16_000, ann)
    unarmed = await open_orders(ann)
    again = await beat(ann)
    pass_ms(venue, 16_000, ann)

    assert unarmed == 1
    assert again != first
    assert await open_orders(ann) == 0


async def test_the_legacy_beat_counts_too(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    legacy = await ann.send("POST", "/heartbeats")
    await ann.post(ann.order(sheet, TEN_AT_48))

    pass_ms(venue, 8_000, ann)
    await ann.send("POST", "/heartbeats")
    pass_ms(venue, 8_000, ann)
    alive = await open_orders(ann)
    pass_ms(venue, 8_000, ann)

    assert legacy.body == {"status": "ok"}
    assert (alive, await open_orders(ann)) == (1, 0)


async def test_another_key_of_the_same_signer_is_another_chain(venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    other = Trader(venue.http, ann.now_s, key=ann.key)
    assert (await other.sign_in(nonce=1)).status == 200
    await beat(ann)
    await beat(other)
    await ann.post(ann.order(sheet, TEN_AT_48))
    await other.post(other.order(sheet, TEN_AT_48))

    for _ in range(3):
        pass_ms(venue, 5_000, ann, other)
        expected = (await other.send("POST", "/v1/heartbeats", {"heartbeat_id": ""})).body["heartbeat_id"]
        await beat(other, expected)

    [left] = (await other.get("/data/orders")).body["data"]
    assert left["owner"] == other.credentials["apiKey"]
