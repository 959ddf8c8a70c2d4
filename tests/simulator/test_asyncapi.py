"""What the three channels say, judged by the venue's published AsyncAPI files (as of 2026-08-22).

The unified SDK has to parse every message as well. The schemas are read strictly: a field they do not know is a
difference too. Every difference there may be is listed here with its reason, and every listed one must occur: a
stale line fails as an unlisted one does.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import Any

import jsonschema
import pytest
from polymarket.models.clob.market_events import parse_market_event
from polymarket.models.clob.user_events import parse_user_events
from polymarket.models.sports_events import parse_sports_event

from core.ids import Outcome
from core.units import CERTAIN, Prob
from simulator.exchange.orders import TimeInForce
from simulator.world import World
from tests.simulator.desks import GTD_MS, Desk, Wallet, open_desk
from tests.simulator.evenings import START, Hour
from tests.simulator.test_wire import TAPES, recording
from tests.simulator.venues import SECOND_MS, flat, heard, running

pytestmark = pytest.mark.tape

# (schema, field or rule): why the simulator says it all the same.
DIFFERENCES = {
    ("BookEvent", "tick_size"): "in every book recorded in 2026 (btc15m_raw_ws_2026-04)",
    ("BookEvent", "last_trade_price"): "in every book recorded in 2026 (btc15m_raw_ws_2026-04)",
    ("BookEvent", "version"): "in the books of v2 markets (polymarket.md 5, observed)",
    ("NewMarketEvent", "taker_base_fee"): "in the session recorded on 2026-10-05",
    ("NewMarketEvent", "fees_enabled"): "in the session recorded on 2026-10-05",
    ("NewMarketEvent", "fee_schedule"): "in the session recorded on 2026-10-05",
    ("OrderEvent", "order_type: 'FAK'"): "FAK is an order type since CLOB V2; the list was not kept up",
    ("TradeMakerOrder", "outcome_index"): "seen on maker orders (polymarket.md 6); the unified SDK reads it",
    ("SportResult", "gameId"): "in every captured message; the unified SDK refuses one without it",
    (
        "SportResult",
        "leagueAbbreviation",
    ): "in every captured message; the unified SDK refuses one without it",
    ("SportResult", "homeTeam"): "in the captured messages of 2026-10-02 (polymarket_sports_ws)",
    ("SportResult", "awayTeam"): "in the captured messages of 2026-10-02 (polymarket_sports_ws)",
    ("SportResult", "status"): "in the captured messages; the unified SDK refuses one without it",
}
MARKET_KINDS = {
    "book": "BookEvent",
    "price_change": "PriceChangeEvent",
    "last_trade_price": "LastTradePriceEvent",
    "tick_size_change": "TickSizeChangeEvent",
    "best_bid_ask": "BestBidAskEvent",
    "new_market": "NewMarketEvent",
    "market_resolved": "MarketResolvedEvent",
}
USER_KINDS = {"order": "OrderEvent", "trade": "TradeEvent"}
Difference = tuple[str, str]


@pytest.fixture(scope="module")
def world() -> World:
    return World(11, START)


@cache
def strict(file: str, schema: str) -> jsonschema.Draft202012Validator:
    """One schema of a published file, with no room for fields it does not name."""
    spec = json.loads(recording(TAPES / "venue_spec" / file).read_text())
    schemas = spec["components"]["schemas"]
    for each in schemas.values():
        each.setdefault("additionalProperties", False)
        for described in each["properties"].values():
            if described.get("nullable"):  # OpenAPI's word, which JSON Schema does not know
                described["type"] = [described["type"], "null"]
    return jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{schema}", "components": {"schemas": schemas}}
    )


@cache
def fields(file: str, schema: str) -> set[str]:
    """The fields a published schema names."""
    spec = json.loads(recording(TAPES / "venue_spec" / file).read_text())
    return set(spec["components"]["schemas"][schema]["properties"])


def differences(file: str, schema: str, messages: Iterable[Any]) -> set[Difference]:
    """Where messages are not what a schema says."""
    return {
        difference
        for message in messages
        for error in strict(file, schema).iter_errors(message)
        for difference in _named(file, schema, error)
    }


def _named(file: str, schema: str, error: jsonschema.ValidationError) -> Iterator[Difference]:
    part = "TradeMakerOrder" if "maker_orders" in error.absolute_path else schema
    if error.validator == "additionalProperties":
        assert isinstance(error.instance, dict)
        yield from ((part, field) for field in error.instance.keys() - fields(file, part))
    elif error.validator == "enum":
        yield part, f"{error.absolute_path[-1]}: {error.instance!r}"
    else:
        yield part, error.message


def listed(*schemas: str) -> set[Difference]:
    return {difference for difference in DIFFERENCES if difference[0] in schemas}


async def test_the_market_channel(world: World, hour: Hour) -> None:
    async with running(world) as venue, venue.connect("/ws/market") as socket:
        wish = {"type": "market", "assets_ids": venue.tokens, "custom_feature_enabled": True}
        await socket.send(json.dumps(wish))
        messages = flat(await heard(socket))
        for _ in range(30):
            venue.advance(SECOND_MS)
            messages += flat(await heard(socket))
    messages += [json.loads(sample) for sample in hour.samples.values()]

    kinds = {kind: [each for each in messages if each["event_type"] == kind] for kind in MARKET_KINDS}
    found = {
        difference
        for kind, schema in MARKET_KINDS.items()
        for difference in differences("asyncapi.json", schema, kinds[kind])
    }

    for message in messages:
        parse_market_event(message)
    assert all(kinds.values()), "every kind of message was said"
    assert sum(map(len, kinds.values())) == len(messages), "and no other"
    assert found == listed(*MARKET_KINDS.values())


async def test_the_user_channel(world: World) -> None:
    async with running(world) as venue:
        desk = open_desk(venue)
        maker, taker = desk.wallet(), desk.wallet()
        async with desk.listening(maker) as to_maker, desk.listening(taker) as to_taker:
            play_everything(desk, maker, taker)
            events = [*await heard(to_maker), *await heard(to_taker)]

    kinds = {kind: [event for event in events if event["event_type"] == kind] for kind in USER_KINDS}
    found = {
        difference
        for kind, schema in USER_KINDS.items()
        for difference in differences("asyncapi-user.json", schema, kinds[kind])
    }

    assert parse_user_events(events)[1] == 0
    assert {event["type"] for event in kinds["order"]} == {"PLACEMENT", "UPDATE", "CANCELLATION"}
    statuses = {event["status"] for event in kinds["trade"]}
    assert statuses == {"MATCHED", "MINED", "CONFIRMED", "RETRYING", "FAILED"}
    assert {event["order_type"] for event in kinds["order"]} == {"GTC", "GTD", "FAK"}
    assert len(kinds["order"]) + len(kinds["trade"]) == len(events)
    assert found == listed("OrderEvent", "TradeEvent", "TradeMakerOrder")


def play_everything(desk: Desk, maker: Wallet, taker: Wallet) -> None:
    """Rest, match, mint, expire, cancel, kill; settle well and badly."""
    for retry, fail in ((0, 0), (CERTAIN, 0), (0, CERTAIN)):
        desk.exchange.settlement.retry_chance = Prob(retry)
        desk.exchange.settlement.fail_chance = Prob(fail)
        desk.place(maker, "0.5", "10", outcome=Outcome.NO)
        desk.place(taker, "0.5", "10")
        desk.pass_ms(60 * SECOND_MS)
    desk.exchange.settlement.retry_chance = desk.exchange.settlement.fail_chance = Prob(0)
    desk.exchange.cancel(desk.place(maker, "0.3", "10"), now_ms=desk.now_ms)
    desk.place(maker, "0.5", "10", outcome=Outcome.NO)
    desk.place(taker, "0.5", "20", tif=TimeInForce.FAK)
    desk.place(taker, "0.2", "20", tif=TimeInForce.GTD)
    desk.pass_ms(GTD_MS)


async def test_user_events_have_the_fields_of_the_captured_ones(world: World) -> None:
    async with running(world) as venue:
        desk = open_desk(venue)
        maker, taker = desk.wallet(), desk.wallet()
        async with desk.listening(maker) as socket:
            desk.place(maker, "0.5", "10", outcome=Outcome.NO)
            desk.place(taker, "0.5", "10")
            desk.pass_ms(2 * SECOND_MS)
            placed, trade = (await heard(socket))[:2]

    captured = {
        name: json.loads(recording(TAPES / "fixtures_wire" / "py_ws" / f"{name}.json").read_text())
        for name in ("order_placement", "user_trade2", "user_trade3")
    }
    assert placed.keys() == captured["order_placement"].keys()
    assert trade.keys() == captured["user_trade2"].keys() == captured["user_trade3"].keys()
    (leg,), (recorded,) = trade["maker_orders"], captured["user_trade3"]["maker_orders"]
    assert leg.keys() - recorded.keys() == {"outcome_index"}
    assert not recorded.keys() - leg.keys()
    for ours, theirs in ((placed, captured["order_placement"]), (trade, captured["user_trade2"])):
        for field, value in theirs.items():
            assert type(ours[field]) is type(value), field


async def test_the_sports_channel(world: World) -> None:
    async with running(world) as venue, venue.connect("/ws") as socket:
        await socket.send("hello")
        results: list[Any] = []
        while len(results) < len(venue.world.events()):
            results.append(json.loads(await socket.recv()))

    assert differences("asyncapi-sports.json", "SportResult", results) == listed("SportResult")
    for result in results:
        parse_sports_event(result)
        for field in {"last_update", "finished_timestamp"} & result.keys():
            assert datetime.fromisoformat(result[field]).tzinfo is not None


async def test_what_clients_send_is_understood_as_published(world: World) -> None:
    """The examples of the published files, with real ids and credentials in them."""
    async with running(world) as venue:
        desk = open_desk(venue)
        wallet = desk.wallet()
        for file, path in (("asyncapi.json", "/ws/market"), ("asyncapi-user.json", "/ws/user")):
            spec = json.loads(recording(TAPES / "venue_spec" / file).read_text())
            async with venue.connect(path) as socket:
                for name, message in spec["components"]["messages"].items():
                    if "ubscription" not in name:
                        continue
                    for example in message["examples"]:
                        payload = example["payload"]
                        if "auth" in payload:
                            payload["auth"] = wallet.sign_in["auth"]
                        await socket.send(json.dumps(payload))
                assert await heard(socket) == [], "taken without a word"


def test_every_difference_has_a_reason() -> None:
    assert all(DIFFERENCES.values())
