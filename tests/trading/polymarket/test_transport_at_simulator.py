"""The transport at the simulated venue, which verifies signatures by code of its own. Its clock is far from ours."""

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from random import Random
from typing import Final, Literal

import pytest
from pydantic import SecretStr

from core.answers import RejectCode
from core.ids import OrderId, Outcome, Side, TokenId
from core.units import Ms
from simulator.chain.accounts import UNLIMITED
from simulator.sheets import Sheet
from tests.builders import a_place
from tests.simulator.approvals import approve
from tests.simulator.clob.conftest import Venue, still_world, venue
from trading.gateways.polymarket.answers import (
    Accepted,
    Beat,
    CancelOutcome,
    Duplicated,
    PostStatus,
    Refused,
    Unanswered,
)
from trading.gateways.polymarket.signing import OrderTerms, Signed, Signer
from trading.gateways.polymarket.transport.transport import Transport
from trading.gateways.polymarket.wire import OpenOrder, OrderState

__all__ = ["still_world", "venue"]

KEYS: Final = (f"0x{number:064x}" for number in count(0xB0B))
SALTS: Final = count(1)
CASH: Final = 10_000_000_000
DELAY_MS: Final = 1_000


class Trader:
    """One wallet of its own, all approvals given, behind our transport."""

    def __init__(self, venue: Venue, signature_type: int) -> None:
        key = SecretStr(next(KEYS))
        eoa = Signer(key, wallet="0x" + "11" * 20, signature_type=1).address
        self.venue = venue
        self.wallet = venue.chain.wallet_of(eoa, signature_type)
        self.signer = Signer(key, wallet=self.wallet, signature_type=signature_type)
        self.transport = Transport(str(venue.http._base_url).rstrip("/"), self.signer, chance=Random(1))

    async def start(self) -> None:
        await self.transport.start()
        approve(self.venue.chain.wallets[self.wallet])

    def order(
        self,
        sheet: Sheet,
        price: str,
        size: str = "10",
        outcome: Outcome = Outcome.YES,
        *,
        post_only: bool = True,
    ) -> Signed:
        place = a_place(price, size, side=Side.BUY, number=next(SALTS))
        unsigned = self.signer.draft(place, terms_of(sheet, outcome), Ms(self.venue.now_ms))
        return self.signer.sign(unsigned, self.transport.credentials.api_key, post_only=post_only)


def terms_of(sheet: Sheet, outcome: Outcome) -> OrderTerms:
    version: Literal["v1", "v2"] = "v2" if sheet.terms.version == "v2" else "v1"
    return OrderTerms(TokenId(sheet.token(outcome)), sheet.terms.tick, sheet.terms.neg_risk, version)


@pytest.fixture
async def trader(venue: Venue) -> AsyncIterator[Callable[..., Awaitable[Trader]]]:
    made: list[Trader] = []

    async def make(signature_type: int = 3) -> Trader:
        one = Trader(venue, signature_type)
        made.append(one)
        await one.start()
        return one

    yield make
    for one in made:
        await one.transport.close()


Make = Callable[..., Awaitable[Trader]]


@pytest.mark.parametrize(
    ("version", "neg_risk"), [("v1", False), ("v1", True), ("v2", False)], ids=["v1", "neg-risk", "v2"]
)
@pytest.mark.parametrize("signature_type", [0, 3])
async def test_an_order_lands_under_the_id_we_knew_before(
    venue: Venue, trader: Make, version: str, neg_risk: bool, signature_type: int
) -> None:
    ann = await trader(signature_type)
    order = ann.order(venue.empty_market(version, neg_risk=neg_risk), "0.48")

    outcome = await ann.transport.post(order)

    assert outcome == Accepted(order.order_id, PostStatus.LIVE, 0, 0)
    found = await ann.transport.order(order.order_id)
    assert isinstance(found, OpenOrder)
    assert (found.state, found.at, found.shares, found.matched) == (OrderState.LIVE, 4_800, 10_000_000, 0)
    assert await ann.transport.open_orders(found.market) == [found]
    assert await ann.transport.open_orders() == [found]


async def test_the_same_bytes_twice_are_one_order(venue: Venue, trader: Make) -> None:
    ann = await trader()
    order = ann.order(venue.empty_market(), "0.48")

    outcomes = [await ann.transport.post(order) for _ in range(2)]

    assert [type(outcome) for outcome in outcomes] == [Accepted, Duplicated]
    assert len(await listed(ann)) == 1


async def listed(trader: Trader) -> list[OpenOrder]:
    found = await trader.transport.open_orders()
    assert not isinstance(found, Unanswered)
    return found


async def test_a_match_is_told_by_trades_to_both_sides(venue: Venue, trader: Make) -> None:
    sheet, ann, bob = venue.empty_market(), await trader(), await trader(0)
    rests = ann.order(sheet, "0.52", outcome=Outcome.NO)
    takes = bob.order(sheet, "0.48", post_only=False)
    await ann.transport.post(rests)

    outcome = await bob.transport.post(takes)
    venue.pass_ms(DELAY_MS)
    bought, minted = await bob.transport.trades(), await ann.transport.trades()

    assert outcome == Accepted(takes.order_id, PostStatus.DELAYED, 0, 0)
    assert not isinstance(bought, Unanswered)
    assert not isinstance(minted, Unanswered)
    assert [(each.is_taker, each.worth, each.shares) for each in bought] == [(True, 4_800_000, 10_000_000)]
    assert [each.is_taker for each in minted] == [False]
    legs = minted[0].maker_orders or []
    assert [(leg.order_id, leg.worth, leg.direction) for leg in legs] == [
        (rests.order_id, 5_200_000, Side.BUY)
    ]


@pytest.mark.parametrize(
    ("price", "size", "code"),
    [
        ("0.53", "10", RejectCode.POST_ONLY_WOULD_CROSS),
        ("0.48", "4.99", RejectCode.BELOW_MINIMUM),
        ("0.48", "900000", RejectCode.NOT_ENOUGH_BALANCE),
    ],
)
async def test_refusals_have_their_codes(
    venue: Venue, trader: Make, price: str, size: str, code: RejectCode
) -> None:
    sheet, ann, bob = venue.empty_market(), await trader(), await trader()
    await bob.transport.post(bob.order(sheet, "0.48", outcome=Outcome.NO))

    outcome = await ann.transport.post(ann.order(sheet, price, size))

    assert isinstance(outcome, Refused)
    assert outcome.code is code


async def test_cancels_reach_what_rests_and_say_what_does_not(venue: Venue, trader: Make) -> None:
    ann, sheet = await trader(), venue.empty_market()
    orders = [ann.order(sheet, price) for price in ("0.45", "0.46", "0.47")]
    for order in orders:
        await ann.transport.post(order)
    ids = [order.order_id for order in orders]
    nobody = OrderId("0x" + "ab" * 32)

    first = await ann.transport.cancel([ids[0]])
    both = await ann.transport.cancel([ids[0], nobody])
    rest = await ann.transport.cancel_market(sheet.terms.market_id)
    none = await ann.transport.cancel_all()

    assert first == CancelOutcome((ids[0],), {})
    assert isinstance(both, CancelOutcome)
    assert (both.canceled, set(both.not_canceled)) == ((), {ids[0], nobody})
    assert isinstance(rest, CancelOutcome)
    assert sorted(rest.canceled) == sorted(ids[1:])
    assert none == CancelOutcome((), {})
    assert await ann.transport.order(nobody) is None


async def test_the_account_reads_as_the_venue_keeps_it(venue: Venue, trader: Make) -> None:
    ann, sheet = await trader(), venue.empty_market()
    venue.give(ann.wallet, sheet.terms.market_id, 7_000_000)

    cash, shares = (
        await ann.transport.balance(),
        await ann.transport.balance(TokenId(sheet.token(Outcome.NO))),
    )

    assert not isinstance(cash, Unanswered)
    assert not isinstance(shares, Unanswered)
    assert (cash.micro, shares.micro) == (CASH - 7_000_000, 7_000_000)
    assert set(cash.allowed.values()) == {UNLIMITED}
    assert await ann.transport.refresh_balance() is None
    assert await ann.transport.closed_only() is False
    assert await ann.transport.ok() is True


async def test_heartbeats_chain_and_a_stranger_is_told_the_right_id(trader: Make) -> None:
    ann = await trader()

    first = await ann.transport.heartbeat(None)
    assert isinstance(first, Beat)
    second = await ann.transport.heartbeat(first.id)
    assert isinstance(second, Beat)
    stranger = await ann.transport.heartbeat("00000000-0000-0000-0000-000000000000")

    assert (first.accepted, second.accepted) == (True, True)
    assert stranger == Beat(second.id, accepted=False)


async def test_a_second_start_derives_the_same_api_key(venue: Venue, trader: Make) -> None:
    ann = await trader()
    again = Transport(str(venue.http._base_url).rstrip("/"), ann.signer)

    await again.start()

    assert again.credentials == ann.transport.credentials
    await again.close()
