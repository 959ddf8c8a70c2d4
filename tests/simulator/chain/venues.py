"""A running venue for tests of the chain: every question lets half a second of the world pass."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import certifi
import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from eth_account import Account
from eth_account.signers.local import LocalAccount
from polymarket._internal.environment import PRODUCTION_CONFIG, create_environment
from polymarket.environments import Environment
from pydantic import SecretStr

from core.ids import Outcome
from core.units import Ms, Price, Shares, Usdc
from simulator.chain import addresses
from simulator.chain.accounts import CHAIN, Chain
from simulator.chain.builder_keys import RELAYER_DOOR
from simulator.chain.calls import Split
from simulator.chain.data_api import INDEXER
from simulator.chain.execution import Done
from simulator.chain.submissions import DESK
from simulator.chain.transactions import Happened, Transactions
from simulator.exchange.orders import Version
from simulator.server import advance, application, listening
from simulator.sheets import Sheet
from simulator.world import World

STEP_MS = Ms(500)
WAIT_MS = Ms(30_000)
WAITS_MAX = 120  # an hour


@dataclass(frozen=True)
class Venue:
    """The venue, and where it listens. It has the shape of the settings' ``Urls`` too."""

    app: web.Application
    base: str

    @property
    def world(self) -> World:
        return self.app[CHAIN].world

    @property
    def chain(self) -> Chain:
        return self.app[CHAIN]

    @property
    def transactions(self) -> Transactions:
        return self.app[DESK].transactions

    clob = gamma = data = relayer = property(lambda self: self.base)

    @property
    def rpc(self) -> str:
        return f"{self.base}/rpc"

    @property
    def environment(self) -> Environment:
        """The venue for the unified SDK: its production but for the addresses, and asking without pauses."""
        config = replace(
            PRODUCTION_CONFIG,
            clob_url=self.base,
            gamma_url=self.base,
            data_url=self.base,
            relayer_url=self.base,
            rpc_url=self.rpc,
            clob_user_ws_url=f"{self.base}/ws/user",
            clob_market_ws_url=f"{self.base}/ws/market",
            relayer_poll_frequency_ms=1,
        )
        return create_environment(name="simulator", config=config)

    def issue_relayer_key(self, eoa: str) -> SecretStr:
        return SecretStr(self.app[RELAYER_DOOR].issue_relayer_key(eoa, self.world.now_ms).name)

    def builder_keys(self, eoa: str) -> int:
        return len(self.app[RELAYER_DOOR].builders_of(eoa))

    def pass_ms(self, span: int) -> None:
        advance(self.app, Ms(self.world.now_ms + span))

    def sheet(self, version: Version, *, neg_risk: bool = False) -> Sheet:
        """An open market of this kind, of the match that begins last; the world runs until there is one."""
        for _ in range(WAITS_MAX):
            found = [
                sheet
                for sheet in self.world.open_sheets()
                if (sheet.terms.version, sheet.terms.neg_risk) == (version, neg_risk)
            ]
            if found:
                return max(found, key=lambda sheet: sheet.booking.starts_ms)
            self.pass_ms(WAIT_MS)
        raise AssertionError(f"no {version} market opened, neg-risk {neg_risk}")

    def give_pairs(self, wallet: str, sheet: Sheet, shares: int) -> None:
        """Let a wallet have as many YES and NO, on the chain, as if it had split its cash."""
        account, market_id, size = self.chain.account(wallet), sheet.terms.market_id, Shares(shares)
        assert account is not None
        assert self.world.exchange.split(account, market_id, size)
        done = Done(Split(market_id, size, addresses.ROUTER), Usdc(-size), dict.fromkeys(Outcome, size))
        self.transactions.happened.append(Happened(wallet, done, "0x" + "5" * 64, self.world.now_ms))

    def resolve(self, sheet: Sheet, payout_yes: Price) -> None:
        """Let a market be decided, and resolve with the world's next step."""
        for stage in self.world._stages:
            for market in stage.markets.values():
                if market.sheet is sheet:
                    market.payout_yes, market.resolves_ms = payout_yes, self.world.now_ms
        self.pass_ms(STEP_MS)

    def held(self, wallet: str, sheet: Sheet) -> tuple[int, int]:
        yes, no = (self.chain.held(wallet, sheet.token(outcome)) for outcome in Outcome)
        return yes, no


@dataclass(frozen=True)
class Signing:
    """Somebody with a key. Never shown."""

    account: LocalAccount

    def __repr__(self) -> str:
        return self.account.address

    @property
    def key(self) -> SecretStr:
        return SecretStr("0x" + bytes(self.account.key).hex())

    @property
    def eoa(self) -> str:
        return str(self.account.address)


def somebody() -> Signing:
    return Signing(Account.create())


@asynccontextmanager
async def open_venue(world: World) -> AsyncIterator[Venue]:
    """Serve a world on loopback. Several tests may share one: each brings its own signers."""
    app = application(world)
    app.middlewares.append(_time_passes)
    app[INDEXER].lag_ms = Ms(0)
    async with listening(app, 0) as port:
        yield Venue(app, f"http://127.0.0.1:{port}")


@contextmanager
def one_authority(folder: Path) -> Iterator[None]:
    """Trust one certificate authority instead of all of them.

    Everything here speaks plain HTTP; reading the whole bundle for each of the SDK's eleven transports, every time a
    client is made, was a third of these tests' time.
    """
    bundle = Path(certifi.where()).read_text()
    end = "-----END CERTIFICATE-----"
    only = folder / "authority.pem"
    only.write_text(bundle[: bundle.index(end)] + end + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(only))
        yield


@web.middleware
async def _time_passes(request: web.Request, handler: Handler) -> web.StreamResponse:
    advance(request.app, Ms(request.app[CHAIN].world.now_ms + STEP_MS))
    return await handler(request)
