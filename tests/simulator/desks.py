"""Two wallets that trade with each other on an empty book while the house sleeps, and listen to the user channel."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from eth_account import Account as Signer
from websockets.asyncio.client import ClientConnection

from core.ids import MarketId, OrderId, Outcome, Side
from core.units import Ms, Price, Shares, price, shares
from simulator import faults, users
from simulator.chain.accounts import CHAIN
from simulator.clob.clock import CLOCK
from simulator.clob.keys import KEYS, ApiKey
from simulator.exchange.accounts import Account
from simulator.exchange.orders import Order, TimeInForce
from simulator.exchange.venue import Exchange
from simulator.faults import FAULTS
from simulator.sheets import Sheet
from tests.simulator.approvals import approve
from tests.simulator.venues import Venue, heard

SECRETS = count(0xD0_0D)
ORDERS = count(1)
GTD_MS = 300_000


@dataclass(frozen=True, slots=True)
class Wallet:
    """Somebody with an API key, pUSD and every approval."""

    key: ApiKey
    account: Account

    @property
    def sign_in(self) -> dict[str, Any]:
        auth = {"apiKey": self.key.name, "secret": self.key.secret, "passphrase": self.key.passphrase}
        return {"type": "user", "auth": auth}


@dataclass(slots=True)
class Desk:
    """``now_ms`` is the clock of everything here; ``sheet`` the market in which they trade."""

    venue: Venue
    sheet: Sheet
    now_ms: Ms

    @property
    def exchange(self) -> Exchange:
        return self.venue.world.exchange

    @property
    def market_id(self) -> MarketId:
        return self.sheet.terms.market_id

    def wallet(self) -> Wallet:
        eoa = Signer.from_key(f"0x{next(SECRETS):064x}").address
        chain = self.venue.app[CHAIN]
        chain.fund(eoa)
        address = chain.wallet_of(eoa, 3)
        approve(self.venue.app[CHAIN].wallets[address])
        key, account = self.venue.app[KEYS].create(eoa, 0), chain.account(address)
        assert key is not None
        assert account is not None
        return Wallet(key, account)

    def place(
        self,
        wallet: Wallet,
        at: str,
        size: str,
        *,
        outcome: Outcome = Outcome.YES,
        side: Side = Side.BUY,
        tif: TimeInForce = TimeInForce.GTC,
    ) -> Order:
        """A limit order, told at once as the venue's doors do."""
        asked: tuple[Price, Shares] = price(at), shares(size)
        order = self.exchange.place(
            wallet.account,
            self.market_id,
            outcome,
            side,
            price=asked[0],
            size=asked[1],
            post_only=False,
            now_ms=self.now_ms,
            order_id=OrderId(f"0x{next(ORDERS):064x}"),
            tif=tif,
            expires_ms=Ms(self.now_ms + GTD_MS) if tif is TimeInForce.GTD else None,
        )
        assert order.refusal is None, order.refusal
        users.flush(self.venue.app)
        return order

    def pass_ms(self, span: int) -> None:
        """Let time pass for the exchange and the faults, in steps of a tenth of a second."""
        for _ in range(0, span, 100):
            self.now_ms = Ms(self.now_ms + 100)
            self.exchange.step(self.now_ms)
            faults.count(self.venue.app, users.flush(self.venue.app))
            faults.step(self.venue.app, self.now_ms)

    @asynccontextmanager
    async def listening(self, wallet: Wallet, *markets: MarketId) -> AsyncIterator[ClientConnection]:
        async with self.venue.connect("/ws/user") as socket:
            wish = {**wallet.sign_in, "markets": list(markets)} if markets else wallet.sign_in
            await socket.send(json.dumps(wish))
            assert await heard(socket) == []
            yield socket


def open_desk(venue: Venue, *, version: str = "v1") -> Desk:
    """An empty book in a market of that protocol, at the time the exchange has reached."""
    sheet = next(sheet for sheet in venue.world.open_sheets() if sheet.terms.version == version)
    venue.world.exchange.wipe(sheet.terms.market_id)
    desk = Desk(venue, sheet, Ms(max(venue.world.now_ms, venue.world.exchange.now_ms)))
    venue.app[CLOCK].read = lambda: desk.now_ms
    venue.app[FAULTS]._now_ms = lambda: desk.now_ms
    users.flush(venue.app)
    return desk
