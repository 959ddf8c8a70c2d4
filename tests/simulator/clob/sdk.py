"""The venue as the official SDKs find it: on a port, with a world that a test moves and their clock beside it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace

import time_machine
from aiohttp import web
from polymarket._internal.environment import PRODUCTION_CONFIG, create_environment
from polymarket.environments import Environment

from core.ids import Outcome
from core.units import Ms, Price, Shares, mirrored
from infra.clock import to_datetime
from simulator import server
from simulator.chain.accounts import CHAIN
from simulator.clob.clock import CLOCK
from simulator.sheets import Sheet
from simulator.world import World
from tests.simulator.approvals import approve

KINDS = [("v1", False), ("v1", True), ("v2", False)]
KIND_NAMES = ["v1", "neg-risk", "v2"]


@dataclass(frozen=True, slots=True)
class Venue:
    app: web.Application
    world: World
    base: str

    @property
    def environment(self) -> Environment:
        """Production for the unified SDK but for the addresses."""
        config = replace(
            PRODUCTION_CONFIG,
            clob_url=self.base,
            gamma_url=self.base,
            data_url=self.base,
            relayer_url=self.base,
            rpc_url=f"{self.base}/rpc",
        )
        return create_environment(name="simulator", config=config)

    def fund(self, eoa: str) -> str:
        """Give an EOA its wallets with every approval, as one has who traded before; return the deposit wallet."""
        chain = self.app[CHAIN]
        chain.fund(eoa)
        for signature_type in (0, 3):
            approve(chain.wallets[chain.wallet_of(eoa, signature_type)])
        return chain.wallet_of(eoa, 3)

    def give(self, wallet: str, sheet: Sheet, shares: int) -> None:
        account = self.app[CHAIN].account(wallet)
        assert account is not None
        assert self.world.exchange.split(account, sheet.terms.market_id, Shares(shares))

    def market(self, version: str, *, neg_risk: bool) -> Sheet:
        """A market of that kind with prices on both sides and room beyond them."""
        for sheet in self.world.open_sheets():
            book = self.world.exchange.listings[sheet.terms.market_id].book
            bid, ask = book.bids.best, book.asks.best
            right = sheet.terms.version == version and sheet.terms.neg_risk is neg_risk
            if right and bid is not None and ask is not None and 1_500 < bid < ask < 8_500:
                return sheet
        raise AssertionError(f"no {version} market with neg_risk={neg_risk} is open and balanced")

    def ask(self, sheet: Sheet, outcome: Outcome) -> Price:
        book = self.world.exchange.listings[sheet.terms.market_id].book
        best = book.asks.best if outcome is Outcome.YES else book.bids.best
        assert best is not None
        return best if outcome is Outcome.YES else mirrored(best)

    def let_match(self, span_ms: int) -> None:
        """Let only the exchange go on, while the house sleeps."""
        self.world.exchange.step(Ms(self.world.now_ms + span_ms))

    def advance(self, span_ms: int) -> None:
        """Let the whole world go on."""
        server.advance(self.app, Ms(self.world.now_ms + span_ms))


@contextmanager
def clock_beside(world: World) -> Iterator[None]:
    """The SDKs' clock shows what the world's does. It runs on while the world is moved by hand."""
    with time_machine.travel(to_datetime(world.now_ms), tick=True):
        yield


@asynccontextmanager
async def running(world: World) -> AsyncIterator[Venue]:
    app = server.application(world)
    app[CLOCK].read = lambda: world.now_ms
    async with server.listening(app, 0) as port:
        with clock_beside(world):
            yield Venue(app, world, f"http://{server.HOST}:{port}")
