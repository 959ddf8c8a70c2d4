"""Requests and answers that are lost between us and the relayer: whatever happens, it happens at most once."""

import pytest

from core.ids import MarketId
from core.units import Ms, Shares
from simulator.exchange.orders import Version
from simulator.faults.catalogue import ALWAYS, Fault, Name
from simulator.faults.switchboard import FAULTS
from simulator.world import World
from tests.simulator.chain.venues import Venue, open_venue, somebody
from tests.trading.polymarket.wallets import TEN, a_wallet, fault, merge, merges_taken, noted_nonce, settled
from trading.gateways.polymarket.wallet import wallet as wallets
from trading.gateways.polymarket.wallet.answers import (
    Confirmed,
    Refused,
    Submitted,
    Unanswered,
)
from trading.gateways.polymarket.wallet.wallet import Wallet


@pytest.mark.parametrize("lost", [Name.ERROR_AFTER, Name.DROP_AFTER_ACCEPT])
async def test_a_merge_whose_answer_is_lost_is_found_and_not_sent_again(venue: Venue, lost: Name) -> None:
    sheet = venue.sheet(Version.V1)
    async with a_wallet(venue) as wallet:
        venue.give_pairs(wallet.address, sheet, TEN)
        nonce = await noted_nonce(wallet)
        fault(venue, lost)

        answer = await merge(wallet, sheet, nonce=nonce)
        found = await wallet.landed_since(nonce, sheet.terms.market_id, TEN)

        assert isinstance(answer, Unanswered)
        assert isinstance(found, str)
        assert isinstance(await settled(wallet, Submitted(found)), Confirmed)
        assert await wallet.nonce() == str(int(nonce) + 1)
    assert venue.held(wallet.address, sheet) == (0, 0)
    assert merges_taken(venue) == 1


async def test_a_merge_that_never_arrived_is_sent_again_with_its_nonce(venue: Venue) -> None:
    sheet = venue.sheet(Version.V1)
    async with a_wallet(venue) as wallet:
        venue.give_pairs(wallet.address, sheet, TEN)
        nonce = await noted_nonce(wallet)
        fault(venue, Name.DROP_BEFORE)

        lost = await merge(wallet, sheet, nonce=nonce)
        venue.app[FAULTS].switch_off()
        found = await wallet.landed_since(nonce, sheet.terms.market_id, TEN)
        again = await settled(wallet, await merge(wallet, sheet, nonce=nonce))

    assert isinstance(lost, Unanswered)
    assert found is None
    assert isinstance(again, Confirmed)
    assert merges_taken(venue) == 1


async def test_the_same_merge_sent_twice_happens_once(venue: Venue) -> None:
    """The first is found by nobody in time; its nonce keeps the second from happening."""
    sheet = venue.sheet(Version.V1)
    async with a_wallet(venue) as wallet:
        venue.give_pairs(wallet.address, sheet, Shares(2 * TEN))
        nonce = await noted_nonce(wallet)

        first = await merge(wallet, sheet, nonce=nonce)
        while_busy = await merge(wallet, sheet, nonce=nonce)
        await settled(wallet, first)
        afterwards = await merge(wallet, sheet, nonce=nonce)

    assert isinstance(while_busy, Refused)
    assert while_busy.retry_after_ms is not None
    assert isinstance(afterwards, Unanswered)  # never "no": this nonce was used by the very same merge
    assert venue.held(wallet.address, sheet) == (TEN, TEN)
    assert merges_taken(venue) == 1


async def test_another_merge_of_the_same_market_is_not_mistaken_for_it(venue: Venue) -> None:
    sheet = venue.sheet(Version.V1)
    async with a_wallet(venue) as wallet:
        venue.give_pairs(wallet.address, sheet, Shares(2 * TEN))
        earlier = await noted_nonce(wallet)
        taken = await merge(wallet, sheet, nonce=earlier)
        await settled(wallet, taken)
        later = await noted_nonce(wallet)

        assert isinstance(taken, Submitted)
        assert await wallet.landed_since(earlier, sheet.terms.market_id, TEN) == taken.transaction_id
        assert await wallet.landed_since(later, sheet.terms.market_id, TEN) is None
        assert await wallet.landed_since(earlier, MarketId("0x" + "0" * 64), TEN) is None
        assert await wallet.landed_since(earlier, sheet.terms.market_id, Shares(TEN - 1)) is None


async def test_a_quota_says_when_to_come_back(venue: Venue) -> None:
    sheet = venue.sheet(Version.V1)
    async with a_wallet(venue) as wallet:
        fault(venue, Name.RATE_LIMIT)

        assert await merge(wallet, sheet) == Refused(
            "RateLimitError: Request to " + venue.base + "/submit was rate limited", 1_000
        )


async def test_a_relayer_that_stays_silent_is_not_waited_for(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = venue.sheet(Version.V1)
    async with a_wallet(venue) as wallet:
        nonce = await noted_nonce(wallet)
        monkeypatch.setattr(wallets, "CALL_S", 0.3)
        fault(venue, Name.LATE, "/")

        answer = await merge(wallet, sheet, nonce=nonce)
        questions = [
            await wallet.cash(),
            await wallet.nonce(),
            await wallet.outcome("x"),
            await wallet.landed_since(nonce, sheet.terms.market_id, TEN),
        ]
        venue.app[FAULTS].switch_off()
        venue.app[FAULTS].finish()

    assert isinstance(answer, Unanswered | Refused)
    assert all(isinstance(one, Unanswered) for one in questions), questions


async def test_where_nobody_listens_nothing_can_have_happened(chain_world: World) -> None:
    owner = somebody()
    async with open_venue(chain_world) as venue:
        wallet = await Wallet.open(
            private_key=owner.key,
            wallet=venue.chain.wallet_of(owner.eoa, 3),
            signature_type=3,
            urls=venue,
        )
        sheet = venue.sheet(Version.V1)

    answer = await merge(wallet, sheet, nonce="0")
    await wallet.close()

    assert isinstance(answer, Refused)
    assert answer.retry_after_ms is not None


async def test_a_venue_whose_clock_is_off_is_signed_for_by_its_clock(venue: Venue) -> None:
    sheet = venue.sheet(Version.V1)
    venue.app[FAULTS].switch_on(Fault(Name.SKEW, ALWAYS, seed=1, seconds=-400))
    async with a_wallet(venue) as wallet:
        venue.give_pairs(wallet.address, sheet, TEN)
        venue.app[FAULTS].switch_on(Fault(Name.SKEW, ALWAYS, seed=1, seconds=400))

        assert isinstance(await settled(wallet, await merge(wallet, sheet)), Confirmed)
        venue.app[FAULTS].switch_off()


async def test_an_eoas_merge_sent_twice_happens_once(venue: Venue) -> None:
    """The node knows the first one: that is no refusal. An earlier merge of the same size is not taken for it."""
    owner, sheet = somebody(), venue.sheet(Version.V1)
    venue.chain.fund(owner.eoa)
    async with a_wallet(venue, owner, signature_type=0) as wallet:
        venue.give_pairs(owner.eoa, sheet, Shares(3 * TEN))
        await settled(wallet, await merge(wallet, sheet))
        nonce = await noted_nonce(wallet)
        venue.transactions.pace.mined_ms = Ms(60_000)

        first = await merge(wallet, sheet, nonce=nonce)
        again = await merge(wallet, sheet, nonce=nonce)
        early = await wallet.landed_since(nonce, sheet.terms.market_id, TEN)
        venue.pass_ms(60_000)
        found = await wallet.landed_since(nonce, sheet.terms.market_id, TEN)

    assert isinstance(first, Submitted)
    assert isinstance(again, Unanswered)
    assert isinstance(early, Unanswered)
    assert found == first.transaction_id
    assert venue.held(owner.eoa, sheet) == (TEN, TEN)
