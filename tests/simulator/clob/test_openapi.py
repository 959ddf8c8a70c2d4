"""The simulated REST answers against the venue's published OpenAPI, by a JSON Schema library.

One conversation makes every call, well and badly. Each answer is held against the schema of its operation and
status. Where the two differ the table says why; a row that no answer needs any more fails as well.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from core.ids import Outcome
from core.units import Ms
from simulator.clob.windows import STANDINGS, WINDOWS, Mode
from tests.simulator.clob.conftest import Venue
from tests.simulator.clob.signers import Reply, Trader

TAPES: Final = Path(os.environ.get("TAPES", Path(__file__).parents[3] / "../shared/data"))
SPEC: Final = TAPES / "venue_spec" / "clob-openapi.yaml"
pytestmark = pytest.mark.skipif(not SPEC.exists(), reason=f"the venue's specification is not at {SPEC}")

METHODS: Final = ("get", "post", "put", "delete")
TEN_AT_48: Final = "buy yes 10000000 for 4800000"


class Difference(NamedTuple):
    """Where an answer is not what the specification says. ``keyword`` is that of the schema that failed."""

    operation: str
    status: int
    at: str
    keyword: str


UNDOCUMENTED: Final = "undocumented"
LATER: Final = (
    "polymarket.md 3.10: statuses came with ORDER_STATUS_ in August's specification, without it since"
)
BARE_DECIMALS: Final = (
    "the venue answers text and both SDKs read text; polymarket-client refuses a JSON number"
)
NOT_MINED: Final = "polymarket.md 3.10: empty until the trade is on the chain"
RESTARTING: Final = "polymarket.md 10: HTTP 425 while the matching engine restarts"
TOO_FAST: Final = "polymarket.md 10: 429 of the per-signer limits that came after the specification"
BATCH: Final = (
    "polymarket.md 3.2: a refused entry has an empty status; the specification's own example has one too"
)
SDK_CALLS_IT: Final = "both SDKs call it; polymarket.md 10 names it; not in the specification"
NOT_FOUND: Final = 'polymarket.md 3.12: a message with "not found" or of an unknown book is answered with 404'

DIFFERENCES: Final[Mapping[Difference, str]] = {
    Difference("GET /ok", 200, "", UNDOCUMENTED): SDK_CALLS_IT,
    Difference("GET /version", 200, "", UNDOCUMENTED): SDK_CALLS_IT,
    Difference("GET /midpoint", 200, "", "required"): (
        "the venue answers ``mid``, which both SDKs read; the specification calls it ``mid_price``"
    ),
    Difference("GET /price", 200, "price", "type"): BARE_DECIMALS,
    Difference("POST /prices", 200, "*.BUY", "type"): BARE_DECIMALS,
    Difference("GET /clob-markets/{condition_id}", 404, "", UNDOCUMENTED): (
        "polymarket.md 3.1: observed for a condition id of 31 bytes"
    ),
    Difference("GET /data/order/{orderID}", 200, "status", "enum"): LATER,
    Difference("GET /data/orders", 200, "data.*.status", "enum"): LATER,
    Difference("GET /data/trades", 200, "data.*.transaction_hash", "pattern"): NOT_MINED,
    Difference("POST /order", 404, "", UNDOCUMENTED): NOT_FOUND,
    Difference("POST /order", 425, "", UNDOCUMENTED): RESTARTING,
    Difference("POST /orders", 425, "", UNDOCUMENTED): RESTARTING,
    Difference("DELETE /order", 425, "", UNDOCUMENTED): RESTARTING,
    Difference("DELETE /orders", 425, "", UNDOCUMENTED): RESTARTING,
    Difference("DELETE /cancel-all", 425, "", UNDOCUMENTED): RESTARTING,
    Difference("DELETE /cancel-market-orders", 425, "", UNDOCUMENTED): RESTARTING,
    Difference("POST /order", 429, "", UNDOCUMENTED): TOO_FAST,
    Difference("POST /orders", 429, "", UNDOCUMENTED): TOO_FAST,
    Difference("DELETE /order", 429, "", UNDOCUMENTED): TOO_FAST,
    Difference("DELETE /orders", 429, "", UNDOCUMENTED): TOO_FAST,
    Difference("DELETE /cancel-all", 429, "", UNDOCUMENTED): TOO_FAST,
    Difference("POST /orders", 200, "*.status", "enum"): BATCH,
}

# What the simulator answers of the specification's operations; the rest is nothing a trader of ours calls.
SERVED: Final = frozenset(
    {
        *("GET /book", "GET /books", "POST /books", "GET /midpoint", "GET /midpoints", "POST /midpoints"),
        *("GET /spread", "POST /spreads", "GET /price", "POST /prices", "GET /time"),
        *("GET /tick-size", "GET /tick-size/{token_id}", "GET /neg-risk", "GET /neg-risk/{token_id}"),
        *("GET /fee-rate", "GET /fee-rate/{token_id}", "GET /clob-markets/{condition_id}"),
        *("GET /markets-by-token/{token_id}", "POST /auth/api-key", "DELETE /auth/api-key"),
        *("GET /auth/derive-api-key", "GET /auth/api-keys", "GET /auth/ban-status/closed-only"),
        *("POST /order", "POST /orders", "DELETE /order", "DELETE /orders", "DELETE /cancel-all"),
        *(
            "DELETE /cancel-market-orders",
            "GET /data/order/{orderID}",
            "GET /data/orders",
            "GET /data/trades",
        ),
        *(
            "GET /balance-allowance",
            "GET /balance-allowance/update",
            "POST /heartbeats",
            "POST /v1/heartbeats",
        ),
    }
)


@dataclass(slots=True)
class Specification:
    document: dict[str, Any]

    def errors(self, operation: str, reply: Reply) -> set[Difference]:
        """What a JSON Schema library finds wrong with an answer."""
        method, path = operation.split()
        responses = self.document["paths"].get(path, {}).get(method.lower(), {}).get("responses", {})
        if str(reply.status) not in responses:
            return {Difference(operation, reply.status, "", UNDOCUMENTED)}
        pointer = "/".join(
            part.replace("~", "~0").replace("/", "~1")
            for part in ("paths", path, method.lower(), "responses", str(reply.status), "content")
        )
        registry: Registry[Any] = Registry().with_resource(
            "urn:venue", DRAFT202012.create_resource(self.document)
        )
        validator = Draft202012Validator(
            {"$ref": f"urn:venue#/{pointer}/application~1json/schema"},
            registry=registry,
            format_checker=FormatChecker(),
        )
        return {
            Difference(operation, reply.status, _place(error.absolute_path), str(error.validator))
            for error in validator.iter_errors(reply.body)
        }


@dataclass(slots=True)
class Conversation:
    """Everything that was asked and answered, by operation."""

    said: list[tuple[str, Reply]]

    async def ask(self, operation: str, venue: Venue, query: str = "", *, body: object = None) -> Reply:
        """Without a key. ``query`` replaces the path's placeholder or follows the path."""
        method, template = operation.split()
        path = template.partition("{")[0] + query
        async with venue.http.request(method, path, json=body) as response:
            return self.note(operation, Reply(response.status, await response.json(), dict(response.headers)))

    async def send(self, operation: str, trader: Trader, body: object = None) -> Reply:
        method, path = operation.split()
        return self.note(operation, await trader.send(method, path, body))

    async def read(self, operation: str, trader: Trader, query: str = "") -> Reply:
        path = operation.split()[1].partition("{")[0] + query
        return self.note(operation, await trader.get(path))

    def note(self, operation: str, reply: Reply) -> Reply:
        self.said.append((operation, reply))
        return reply


@pytest.fixture(scope="module")
def specification() -> Specification:
    return Specification(yaml.load(SPEC.read_text(), Loader=yaml.CSafeLoader))


async def test_every_answer_is_as_specified_or_differs_for_a_reason(
    venue: Venue, specification: Specification
) -> None:
    talk = Conversation([])
    await _public(talk, venue)
    await _credentials(talk, venue)
    await _orders(talk, venue)
    await _refusals(talk, venue)
    await _windows(talk, venue)
    await _limits(talk, venue)

    found = {error for operation, reply in talk.said for error in specification.errors(operation, reply)}

    assert found == set(DIFFERENCES)
    answered = {operation for operation, reply in talk.said if reply.status == 200}
    assert answered - {"GET /ok", "GET /version"} == SERVED


def test_every_operation_we_serve_is_in_the_specification(specification: Specification) -> None:
    published = {
        f"{method.upper()} {path}"
        for path, operations in specification.document["paths"].items()
        for method in operations
        if method in METHODS
    }

    assert published >= SERVED


def test_the_validator_sees_a_wrong_answer(specification: Specification) -> None:
    wrong = Reply(200, {"canceled": [1]}, {})

    found = specification.errors("DELETE /order", wrong)

    assert {(error.at, error.keyword) for error in found} == {("", "required"), ("canceled.*", "type")}


async def _public(talk: Conversation, venue: Venue) -> None:
    """Prices and terms: of a market with a book, of a token nobody knows, of what is no token."""
    sheet, ann = venue.empty_market(), await venue.trader()
    await ann.post(ann.order(sheet, "buy yes 10000000 for 4500000"))
    await ann.post(ann.order(sheet, "buy no 20000000 for 10400000"))
    token = sheet.token(Outcome.YES)
    for operation in ("GET /ok", "GET /version", "GET /time"):
        await talk.ask(operation, venue)
    for path in ("/book", "/midpoint", "/spread", "/price", "/tick-size", "/neg-risk", "/fee-rate"):
        for name in (token, "12", "abc"):
            await talk.ask(f"GET {path}", venue, f"?token_id={name}&side=BUY")
    for path in ("/tick-size", "/neg-risk", "/fee-rate", "/markets-by-token"):
        await talk.ask(f"GET {path}/{{token_id}}", venue, token)
        await talk.ask(f"GET {path}/{{token_id}}", venue, "12")
    for path in ("/books", "/midpoints", "/spreads", "/prices"):
        await talk.ask(f"POST {path}", venue, body=[{"token_id": token, "side": "BUY"}])
        await talk.ask(f"POST {path}", venue, body=[])
    for path in ("/books", "/midpoints"):
        await talk.ask(f"GET {path}", venue, f"?token_ids={token}")
        await talk.ask(f"GET {path}", venue)
    await talk.ask("GET /clob-markets/{condition_id}", venue, sheet.terms.market_id)
    await talk.ask("GET /clob-markets/{condition_id}", venue, "0x12")


async def _credentials(talk: Conversation, venue: Venue) -> None:
    ann = Trader(venue.http, venue.now_ms // 1_000)
    talk.note("GET /auth/derive-api-key", await ann.sign_in(method="GET"))
    talk.note("POST /auth/api-key", await ann.sign_in())
    talk.note("POST /auth/api-key", await ann.sign_in())
    talk.note("GET /auth/derive-api-key", await ann.sign_in(method="GET"))
    for method, path in (
        ("POST", "/auth/api-key"),
        ("GET", "/auth/derive-api-key"),
        ("GET", "/auth/api-keys"),
    ):
        talk.note(f"{method} {path}", await ann.call(method, path))
    await talk.read("GET /auth/api-keys", ann)
    await talk.read("GET /auth/ban-status/closed-only", ann)
    await talk.send("DELETE /auth/api-key", ann)
    keyless = (
        *("GET /auth/ban-status/closed-only", "DELETE /auth/api-key", "POST /order", "POST /orders"),
        *("DELETE /order", "DELETE /orders", "DELETE /cancel-all", "DELETE /cancel-market-orders"),
        *("GET /data/orders", "GET /data/trades", "GET /balance-allowance", "GET /balance-allowance/update"),
        *("POST /heartbeats", "POST /v1/heartbeats"),
    )
    for operation in keyless:
        await talk.send(operation, ann)


async def _orders(talk: Conversation, venue: Venue) -> None:
    """Orders that live, wait, match and go, and everything that can be read of them."""
    sheet, ann, bob = venue.empty_market(), await venue.trader(), await venue.trader()
    resting = await talk.send("POST /order", ann, ann.order(sheet, "buy no 10000000 for 5200000"))
    delayed = await talk.send("POST /order", bob, bob.order(sheet, "buy yes 5000000 for 2400000"))
    await talk.send("DELETE /order", bob, {"orderID": delayed.body["orderID"]})
    venue.pass_ms(1_000)
    for _ in range(2):
        await talk.read("GET /data/trades", bob)
        await talk.read("GET /data/trades", ann)
        venue.pass_ms(12_000)
    for trader in (ann, bob):
        trader.now_s = venue.now_ms // 1_000
    await talk.read("GET /data/trades", bob, "?after=soon")
    await talk.read("GET /data/order/{orderID}", ann, resting.body["orderID"])
    await talk.read("GET /data/order/{orderID}", ann, "0x12")
    await talk.read("GET /data/orders", ann)
    await talk.read("GET /data/orders", ann, "?next_cursor=x")
    batch = [ann.order(sheet, "buy yes 5000000 for 50000") for _ in range(4)]
    small = ann.order(sheet, "buy yes 1000000 for 10000")
    entries = (await talk.send("POST /orders", ann, [*batch, small])).body
    await talk.send("DELETE /order", ann, {"orderID": entries[0]["orderID"]})
    await talk.send("DELETE /orders", ann, [entries[0]["orderID"], entries[1]["orderID"]])
    whole = {"market": sheet.terms.market_id, "asset_id": sheet.token(Outcome.YES)}
    await talk.send("DELETE /cancel-market-orders", ann, whole)
    await talk.send("DELETE /cancel-all", ann)
    for path in ("/balance-allowance", "/balance-allowance/update"):
        await talk.read(f"GET {path}", ann, "?asset_type=COLLATERAL&signature_type=3")
        await talk.read(f"GET {path}", ann, f"?asset_type=CONDITIONAL&token_id={sheet.token(Outcome.YES)}")
        await talk.read(f"GET {path}", ann, "?asset_type=GOLD")
    await talk.send("POST /heartbeats", ann)
    await talk.send("POST /v1/heartbeats", ann, {"heartbeat_id": ""})
    await talk.send("POST /v1/heartbeats", ann, {"heartbeat_id": ""})


async def _refusals(talk: Conversation, venue: Venue) -> None:
    sheet, ann, bob = venue.empty_market(), await venue.trader(), await venue.trader()
    order = ann.order(sheet, TEN_AT_48)
    unknown = {**order, "order": {**order["order"], "tokenId": "12"}}
    for body in ({}, {**order, "owner": "nobody"}, unknown, order, order):
        await talk.send("POST /order", ann, body)
    for bodies in ([], [order] * 16, [{**order, "owner": "nobody"}], [order]):
        await talk.send("POST /orders", ann, bodies)
    await talk.send("POST /order", bob, order)
    venue.app[STANDINGS].banned.add(ann.eoa)
    await talk.send("POST /order", ann, order)
    await talk.send("DELETE /order", ann, {"orderID": "0x12"})
    await talk.send("DELETE /orders", ann, [])
    await talk.send("DELETE /orders", ann, ["0x12"] * 1_001)
    await talk.send("DELETE /cancel-market-orders", ann, {})


async def _windows(talk: Conversation, venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    order = ann.order(sheet, TEN_AT_48)
    for mode in (Mode.RESTARTING, Mode.POST_ONLY, Mode.CANCEL_ONLY, Mode.DISABLED):
        venue.app[WINDOWS].hold(mode, Ms(venue.now_ms + 60_000))
        await talk.send("POST /order", ann, order)
        await talk.send("POST /orders", ann, [order])
        await talk.send("DELETE /order", ann, {"orderID": "0x" + "00" * 32})
        await talk.send("DELETE /orders", ann, ["0x" + "00" * 32])
        await talk.send("DELETE /cancel-all", ann)
        await talk.send("DELETE /cancel-market-orders", ann, {"market": sheet.terms.market_id})
    venue.app[WINDOWS].reopen()


async def _limits(talk: Conversation, venue: Venue) -> None:
    sheet, ann = venue.empty_market(), await venue.trader()
    small = ann.order(sheet, "buy yes 1000000 for 10000")
    for _ in range(5):
        await talk.send("POST /orders", ann, [small] * 15)
    await talk.send("POST /order", ann, small)
    await talk.send("DELETE /orders", ann, [f"0x{number:064x}" for number in range(120)])
    await talk.send("DELETE /orders", ann, ["0x" + "00" * 32])
    await talk.send("DELETE /order", ann, {"orderID": "0x" + "00" * 32})
    await talk.send("DELETE /cancel-all", ann)


def _place(path: Any) -> str:
    """A path in an answer with indexes and token ids as ``*``."""
    return ".".join("*" if isinstance(part, int) or part.isdecimal() else part for part in path)
