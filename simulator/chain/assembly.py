"""The chain's parts put together, and its routes."""

from aiohttp import web

from core.units import Ms
from simulator.chain import builder_doors, data_api, relayer, rpc
from simulator.chain.accounts import CHAIN, Chain
from simulator.chain.builder_keys import RELAYER_DOOR, RelayerDoor
from simulator.chain.data_api import INDEXER
from simulator.chain.indexer import Indexer
from simulator.chain.submissions import DESK, Desk, Quota
from simulator.chain.transactions import Transactions
from simulator.channels import WORLD


def install(app: web.Application) -> None:
    world = app[WORLD]
    chain = app[CHAIN] = Chain(world)
    transactions = Transactions(chain)
    app[DESK] = Desk(chain, transactions, Quota())
    app[INDEXER] = Indexer(world, transactions)
    app[RELAYER_DOOR] = RelayerDoor()
    app.add_routes(
        [
            web.post("/rpc", rpc.rpc),
            web.post("/submit", relayer.submit),
            web.get("/transaction", relayer.transaction),
            web.get("/transactions", relayer.transactions),
            web.get("/nonce", relayer.nonce),
            web.get("/deployed", relayer.deployed),
            web.get("/relayer/api/keys", relayer.relayer_keys),
            web.get("/v1/account/transactions/params", relayer.account_params),
            web.get("/v1/account/transactions/{id}", relayer.account_transaction),
            web.get("/v2/positions", data_api.positions),
            web.get("/v2/trades", data_api.trades),
            web.get("/v2/activity", data_api.activity),
            web.get("/v2/value", data_api.value),
            web.get("/v2/resolutions", data_api.resolutions),
            web.get("/v2/approvals", data_api.approvals),
            web.get("/api/geoblock", data_api.geoblock),
            web.post("/auth/builder-api-key", builder_doors.create),
            web.get("/auth/builder-api-key", builder_doors.listed),
            web.delete("/auth/builder-api-key", builder_doors.revoke),
        ]
    )


def step(app: web.Application, now_ms: Ms) -> None:
    app[DESK].transactions.step(now_ms)
    app[INDEXER].step(now_ms)
