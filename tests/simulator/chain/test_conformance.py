"""The relayer and the Data API against the venue's published OpenAPI documents.

Differences that we keep, each with its reason:

- relayer, ``type``: the document's enum is SAFE and PROXY; deposit wallets are WALLET and WALLET-CREATE
  (polymarket.md 9, and what the venue's SDK sends). The document is older than deposit wallets on this page.
- relayer, ``SubmitRequest``: the document requires ``proxyWallet``, ``data`` and ``signatureParams``; a deposit
  wallet's batch carries ``depositWalletParams`` in their place (same sources).
- relayer, ``/v1/account/transactions/*``: not in the document; the venue's SDK asks there.
- data: the document describes v1 (camel case, bare lists, offsets), retired 2026-10-24. v2 keeps the rows' meaning
  under snake case names, in an envelope (polymarket.md 8): rows are translated back, then validated.
"""

import os
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from aiohttp import ClientSession
from jsonschema import Draft4Validator

from core.ids import Outcome, Side
from core.units import SHARE, Price, Shares
from simulator.chain import addresses
from simulator.exchange.orders import Version
from tests.simulator.chain.test_relayer import Submitter
from tests.simulator.chain.venues import Venue, somebody

ROOT: Final = Path(__file__).resolve().parents[3]
SPEC: Final = Path(os.environ.get("TAPES", ROOT.parent / "shared" / "data")) / "venue_spec"
pytestmark = pytest.mark.skipif(not SPEC.is_dir(), reason="the venue's documents are not here")

DEPOSIT_WALLET_TYPES: Final = ["SAFE", "PROXY", "WALLET", "WALLET-CREATE"]
V1_NAMES: Final = {
    "proxy_wallet": "proxyWallet",
    "token_id": "asset",
    "condition_id": "conditionId",
    "current_size": "size",
    "avg_price": "avgPrice",
    "entry_cost_usdc": "initialValue",
    "entry_fees_usdc": "entryFeesUsdc",
    "total_cost_usdc": "grossInitialValue",
    "current_price": "curPrice",
    "current_value": "currentValue",
    "total_size": "totalBought",
    "realized_pnl": "realizedPnl",
    "unrealized_pnl": "cashPnl",
    "percent_pnl": "percentPnl",
    "percent_realized_pnl": "percentRealizedPnl",
    "negative_risk": "negativeRisk",
    "event_slug": "eventSlug",
    "outcome_index": "outcomeIndex",
    "opposite_token_id": "oppositeAsset",
    "opposite_outcome": "oppositeOutcome",
    "end_date": "endDate",
    "transaction_hash": "transactionHash",
    "usdc_size": "usdcSize",
    "is_combo": "isCombo",
    "profile_image": "profileImage",
    "profile_image_optimized": "profileImageOptimized",
    "chain_id": "chainId",
    "checked_at": "checkedAt",
    "value": "value",
}
ONLY_IN_V2: Final = {
    *("total_pnl", "status", "archived", "verified", "event_id", "last_event_at", "first_entry_at"),
}


@cache
def document(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((SPEC / name).read_text())
    return loaded


def schema_of(name: str, path: str, method: str = "get", status: str = "200") -> dict[str, Any]:
    """The schema of an answer, with the document's components to resolve it in."""
    spec = document(name)
    answer = spec["paths"][path][method]["responses"][status]["content"]["application/json"]
    return {**answer["schema"], "components": spec["components"]}


def named(name: str, schema: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{schema}", "components": document(name)["components"]}


def check(body: object, schema: dict[str, Any]) -> None:
    """Every error at once, with where it is. OpenAPI 3.0's schemas are those of JSON Schema draft 4."""
    errors = sorted(Draft4Validator(schema).iter_errors(body), key=str)
    assert not errors, [f"{list(error.absolute_path)}: {error.message}" for error in errors]


def known_fields(body: dict[str, Any], schema: str, document_name: str) -> None:
    """Nothing is answered that the document does not describe."""
    described = document(document_name)["components"]["schemas"][schema]["properties"]
    assert set(body) <= set(described), set(body) - set(described)


@pytest.fixture
async def submitter(venue: Venue) -> AsyncIterator[Submitter]:
    async with ClientSession() as session:
        yield Submitter(venue, session, somebody())


@pytest.fixture
def relayer_document(monkeypatch: pytest.MonkeyPatch) -> str:
    """The relayer's document with the one difference in what its answers may hold."""
    schemas = document("relayer-openapi.yaml")["components"]["schemas"]
    kind = schemas["RelayerTransaction"]["properties"]["type"]
    monkeypatch.setitem(kind, "enum", DEPOSIT_WALLET_TYPES)
    return "relayer-openapi.yaml"


async def test_what_the_relayer_answers_is_as_published(submitter: Submitter, relayer_document: str) -> None:
    status, taken = await submitter.submit(submitter.envelope())
    check(taken, schema_of(relayer_document, "/submit", "post"))
    known_fields(taken, "SubmitResponse", relayer_document)
    submitter.venue.pass_ms(5_000)

    for path, params in (
        ("/transaction", {"id": taken["transactionID"]}),
        ("/transactions", {}),
        ("/nonce", {"address": submitter.who.eoa, "type": "SAFE"}),
        ("/deployed", {"address": submitter.wallet, "type": "WALLET"}),
        ("/relayer/api/keys", {}),
    ):
        answered, body = await submitter.get(path, **params)
        assert (status, answered) == (200, 200), path
        check(body, schema_of(relayer_document, path))
    _, rows = await submitter.get("/transactions")
    known_fields(rows[0], "RelayerTransaction", relayer_document)


async def test_what_the_relayer_refuses_is_as_published(submitter: Submitter, relayer_document: str) -> None:
    refusals = [
        ("/submit", "post", "400", (await submitter.submit({}))[1]),
        ("/submit", "post", "401", (await submitter.submit({}, RELAYER_API_KEY="none"))[1]),
        ("/transaction", "get", "400", (await submitter.get("/transaction"))[1]),
        ("/nonce", "get", "400", (await submitter.get("/nonce", address="0x1"))[1]),
        ("/deployed", "get", "400", (await submitter.get("/deployed"))[1]),
    ]

    for path, method, status, body in refusals:
        check(body, schema_of(relayer_document, path, method, status))
    assert [body["error"] for *_, body in refusals] == [
        "invalid transaction request payload",
        "invalid authorization",
        "invalid id",
        "invalid address",
        "invalid address",
    ]
    assert (await submitter.get("/transaction", id="x")) == (404, {"error": "transaction not found"})


async def test_positions_trades_and_activity_mean_what_the_document_says(submitter: Submitter) -> None:
    await traded(submitter)
    for path, schema in (("positions", "Position"), ("trades", "Trade"), ("activity", "Activity")):
        _, body = await submitter.get(f"/v2/{path}", user=submitter.wallet)
        assert set(body) == {"data", "pagination"}
        assert body["data"], path
        for row in body["data"]:
            check(as_v1(row), named("data-openapi.yaml", schema))
            known_fields(as_v1(row), schema, "data-openapi.yaml")


async def test_value_and_approvals_mean_what_the_document_says(submitter: Submitter) -> None:
    _, value = await submitter.get("/v2/value", user=submitter.wallet)
    _, approvals = await submitter.get("/v2/approvals", user=submitter.wallet)

    check(as_v1(value["data"]) | {"user": submitter.wallet}, named("data-openapi.yaml", "Value"))
    check(as_v1(approvals["data"]), named("data-openapi.yaml", "ApprovalsResponse"))
    assert len(approvals["data"]["contracts"]) == 17


async def test_a_wrong_question_names_its_parameter(submitter: Submitter) -> None:
    short = "0x" + "1" * 62
    for path, params, parameter in (
        ("/v2/positions", {}, "user"),
        ("/v2/positions", {"user": "0x12"}, "user"),
        ("/v2/resolutions", {"condition": short}, "condition"),
        ("/v2/resolutions", {"condition": ",".join(["0x" + "1" * 64] * 21)}, "condition"),
        ("/v2/trades", {"user": submitter.wallet, "offset": "0"}, "offset"),
        ("/v2/trades", {"user": submitter.wallet, "limit": "1001"}, "limit"),
    ):
        status, body = await submitter.get(path, **params)
        assert (status, body["parameter"], body["retryable"]) == (400, parameter, False)
        check(body, named("data-openapi.yaml", "ErrorResponse"))


async def traded(submitter: Submitter) -> None:
    """Let a wallet split, then sell YES as a maker to somebody and buy NO as a taker."""
    venue, chain = submitter.venue, submitter.venue.chain
    sheet = venue.sheet(Version.V1)
    for spender in (addresses.EXCHANGE, addresses.COLLATERAL_ADAPTER):
        chain.wallets[submitter.wallet].allowances[addresses.PUSD, spender] = 2**256 - 1
        chain.wallets[submitter.wallet].operators.add((addresses.CONDITIONAL_TOKENS, spender))
    account = chain.account(submitter.wallet)
    assert account is not None
    exchange = venue.world.exchange
    venue.give_pairs(submitter.wallet, sheet, 40 * SHARE)
    order = exchange.place(
        account,
        sheet.terms.market_id,
        Outcome.YES,
        Side.SELL,
        price=Price(100),
        size=Shares(10 * SHARE),
        post_only=False,
        now_ms=venue.world.now_ms,
    )
    venue.pass_ms(20_000)
    assert order.refusal is None
    assert exchange.trades_of(account)


def as_v1(row: dict[str, Any]) -> dict[str, Any]:
    """A row of v2 under the names of v1, as far as v1 had them."""
    return {V1_NAMES.get(name, name): value for name, value in row.items() if name not in ONLY_IN_V2}
