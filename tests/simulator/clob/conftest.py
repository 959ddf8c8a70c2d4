"""One world whose time is moved by hand, and a fresh venue in front of it for each test."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web

from core.ids import MarketId, Outcome
from core.units import Ms, Shares
from simulator import server
from simulator.chain.accounts import CHAIN, Chain
from simulator.clob.clock import CLOCK
from simulator.exchange.accounts import Account
from simulator.exchange.venue import Exchange
from simulator.sheets import Sheet
from simulator.world import World
from tests.simulator.approvals import approve
from tests.simulator.clob.signers import Trader
from tests.simulator.evenings import START


@dataclass(slots=True)
class Venue:
    """The venue on a port of its own. ``now_ms`` is its clock; the exchange follows it, the house sleeps."""

    app: web.Application
    world: World
    http: aiohttp.ClientSession
    now_ms: Ms

    @property
    def chain(self) -> Chain:
        return self.app[CHAIN]

    @property
    def exchange(self) -> Exchange:
        return self.world.exchange

    def empty_market(self, version: str = "v1", *, neg_risk: bool = False) -> Sheet:
        """A market of that kind with nothing on its book."""
        for sheet in self.world.open_sheets():
            if sheet.terms.version == version and sheet.terms.neg_risk is neg_risk:
                self.exchange.wipe(sheet.terms.market_id)
                return sheet
        pytest.fail(f"this world has no {version} market with neg_risk={neg_risk}")

    async def trader(self, *, approved: bool = True) -> Trader:
        """Somebody new with an API key, 10,000 pUSD in both wallets and, unless told, all approvals."""
        trader = Trader(self.http, self.now_ms // 1_000)
        assert (await trader.sign_in()).status == 200
        if approved:
            for signature_type in (0, 3):
                approve(self.chain.wallets[self.chain.wallet_of(trader.eoa, signature_type)])
        return trader

    def wallet(self, trader: Trader) -> str:
        """The deposit wallet of a trader."""
        return self.chain.wallet_of(trader.eoa, 3)

    def account(self, wallet: str) -> Account:
        account = self.chain.account(wallet)
        assert account is not None
        return account

    def give(self, wallet: str, market_id: MarketId, shares: int) -> None:
        """Let a wallet split pUSD into so many YES and NO."""
        assert self.exchange.split(self.account(wallet), market_id, Shares(shares))

    def pass_ms(self, span: int) -> None:
        """Let the exchange and the venue's own clockwork come that far; the house places nothing."""
        self.now_ms = Ms(self.now_ms + span)
        self.exchange.step(self.now_ms)

    def held(self, wallet: str, sheet: Sheet, outcome: Outcome) -> Shares:
        return self.account(wallet).held((sheet.terms.market_id, outcome))


@pytest.fixture(scope="session")
def still_world() -> World:
    """A world full of markets that nobody steps but by hand."""
    return World(11, START)


@pytest.fixture
async def venue(still_world: World) -> AsyncIterator[Venue]:
    app = server.application(still_world)
    async with (
        server.listening(app, 0) as port,
        aiohttp.ClientSession(f"http://{server.HOST}:{port}") as http,
    ):
        # The exchange remembers the time of the test before.
        made = Venue(app, still_world, http, max(still_world.now_ms, still_world.exchange.now_ms))
        app[CLOCK].read = lambda: made.now_ms
        yield made
