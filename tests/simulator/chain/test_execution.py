"""The rules of the contracts: who must allow what, and that a transaction is done whole or not at all."""

import pytest
from polymarket.calls import (
    TransactionCall,
    ctf_merge_positions_call,
    ctf_redeem_positions_call,
    ctf_split_position_call,
    erc20_approval_call,
    erc1155_set_approval_for_all_call,
    router_merge_call,
    router_redeem_call,
    router_split_call,
)
from polymarket.types import EvmAddress

from core.units import ONE, SHARE
from simulator.chain import addresses
from simulator.chain.accounts import UNLIMITED, Wallet
from simulator.chain.calls import RawCall, Reverted
from simulator.chain.execution import execute, serving_contract
from simulator.exchange.orders import Version
from simulator.sheets import Sheet
from tests.simulator.chain.venues import Venue, somebody

ALLOWANCE, OPERATOR = "insufficient allowance", "need operator approval"


def raw(call: TransactionCall) -> RawCall:
    return RawCall(call.to, call.value, bytes.fromhex(call.data[2:]))


def a_wallet(venue: Venue) -> Wallet:
    who = somebody()
    venue.chain.fund(who.eoa)
    return venue.chain.wallets[who.eoa]


def split(sheet: Sheet, shares: int, *, via: str | None = None) -> RawCall:
    target, condition = EvmAddress(via or serving_contract(sheet)), sheet.terms.market_id
    if target == addresses.ROUTER:
        return raw(router_split_call(router=target, condition_id=condition, amount=shares))
    collateral = EvmAddress(addresses.PUSD)
    return raw(
        ctf_split_position_call(target=target, collateral=collateral, condition_id=condition, amount=shares)
    )


def merge(sheet: Sheet, shares: int, *, via: str | None = None) -> RawCall:
    target, condition = EvmAddress(via or serving_contract(sheet)), sheet.terms.market_id
    if target == addresses.ROUTER:
        return raw(router_merge_call(router=target, condition_id=condition, amount=shares))
    collateral = EvmAddress(addresses.PUSD)
    return raw(
        ctf_merge_positions_call(target=target, collateral=collateral, condition_id=condition, amount=shares)
    )


def allowing(spender: str, amount: int = UNLIMITED) -> RawCall:
    token = EvmAddress(addresses.PUSD)
    return raw(erc20_approval_call(token_address=token, spender=EvmAddress(spender), amount=amount))


def entrusting(sheet: Sheet, *, approved: bool = True) -> RawCall:
    v2 = sheet.terms.version is Version.V2
    token = EvmAddress(addresses.POSITION_MANAGER if v2 else addresses.CONDITIONAL_TOKENS)
    operator = EvmAddress(serving_contract(sheet))
    return raw(erc1155_set_approval_for_all_call(token_address=token, operator=operator, approved=approved))


KINDS = [(Version.V1, False), (Version.V1, True), (Version.V2, False)]


@pytest.mark.parametrize(("version", "neg_risk"), KINDS)
def test_a_split_needs_an_allowance_and_a_merge_an_operator(
    venue: Venue, version: Version, neg_risk: bool
) -> None:
    wallet, sheet = a_wallet(venue), venue.sheet(version, neg_risk=neg_risk)

    with pytest.raises(Reverted, match=ALLOWANCE):
        execute(venue.chain, wallet, [split(sheet, SHARE)])
    execute(venue.chain, wallet, [allowing(serving_contract(sheet)), split(sheet, SHARE)])
    with pytest.raises(Reverted, match=OPERATOR):
        execute(venue.chain, wallet, [merge(sheet, SHARE)])
    execute(venue.chain, wallet, [entrusting(sheet), merge(sheet, SHARE)])

    assert venue.held(wallet.address, sheet) == (0, 0)
    assert venue.chain.cash(wallet.address) == venue.chain.start_cash


def test_an_approval_taken_back_is_gone(venue: Venue) -> None:
    wallet, sheet = a_wallet(venue), venue.sheet(Version.V1)
    execute(
        venue.chain,
        wallet,
        [allowing(serving_contract(sheet)), split(sheet, SHARE), entrusting(sheet)],
    )

    with pytest.raises(Reverted, match=OPERATOR):
        execute(venue.chain, wallet, [entrusting(sheet, approved=False), merge(sheet, SHARE)])
    execute(venue.chain, wallet, [merge(sheet, SHARE)])


def test_an_allowance_is_used_up_unless_it_has_no_limit(venue: Venue) -> None:
    wallet, sheet = a_wallet(venue), venue.sheet(Version.V1)
    adapter = serving_contract(sheet)
    execute(venue.chain, wallet, [allowing(adapter, 5 * SHARE), split(sheet, 3 * SHARE)])

    with pytest.raises(Reverted, match=ALLOWANCE):
        execute(venue.chain, wallet, [split(sheet, 3 * SHARE)])

    assert venue.chain.allowance(wallet.address, adapter) == 2 * SHARE


def test_calls_see_what_the_calls_before_them_did(venue: Venue) -> None:
    """Ten are split and merged at once by a wallet that holds neither before nor after."""
    wallet, sheet = a_wallet(venue), venue.sheet(Version.V2)
    calls = [
        allowing(addresses.ROUTER),
        entrusting(sheet),
        split(sheet, 10 * SHARE),
        merge(sheet, 10 * SHARE),
    ]

    done = execute(venue.chain, wallet, calls)

    assert [one.cash for one in done] == [-10 * SHARE, 10 * SHARE]
    venue.world.exchange.check()


def test_when_one_call_reverts_nothing_of_the_others_stays(venue: Venue) -> None:
    wallet, sheet = a_wallet(venue), venue.sheet(Version.V1)
    calls = [
        allowing(serving_contract(sheet)),
        entrusting(sheet),
        split(sheet, SHARE),
        merge(sheet, 2 * SHARE),
    ]

    with pytest.raises(Reverted, match="subtraction overflow"):
        execute(venue.chain, wallet, calls)

    assert not wallet.allowances
    assert not wallet.operators
    assert venue.chain.cash(wallet.address) == venue.chain.start_cash


def test_a_market_is_served_by_one_contract_only(venue: Venue) -> None:
    wallet = a_wallet(venue)
    standard, neg_risk = venue.sheet(Version.V1), venue.sheet(Version.V1, neg_risk=True)
    allow = [allowing(addresses.COLLATERAL_ADAPTER), allowing(addresses.NEG_RISK_COLLATERAL_ADAPTER)]

    for sheet, via in (
        (standard, addresses.NEG_RISK_COLLATERAL_ADAPTER),
        (neg_risk, addresses.COLLATERAL_ADAPTER),
    ):
        with pytest.raises(Reverted, match="is not served by"):
            execute(venue.chain, wallet, [*allow, split(sheet, SHARE, via=via)])


def test_nothing_is_redeemed_before_the_resolution(venue: Venue) -> None:
    wallet, sheet = a_wallet(venue), venue.sheet(Version.V1)
    redeem = ctf_redeem_positions_call(
        ctf=EvmAddress(serving_contract(sheet)),
        collateral=EvmAddress(addresses.PUSD),
        condition_id=sheet.terms.market_id,
    )

    with pytest.raises(Reverted, match="result for condition not received yet"):
        execute(venue.chain, wallet, [entrusting(sheet), raw(redeem)])


def test_the_router_redeems_one_outcome_and_leaves_the_other(venue: Venue) -> None:
    wallet, sheet = a_wallet(venue), venue.sheet(Version.V2)
    ready = [allowing(addresses.ROUTER), entrusting(sheet), split(sheet, 4 * SHARE)]
    execute(venue.chain, wallet, ready)
    venue.resolve(sheet, ONE)

    done = execute(venue.chain, wallet, [redeemed(sheet, 0, 3 * SHARE)])

    assert [one.cash for one in done] == [3 * SHARE]
    assert venue.held(wallet.address, sheet) == (SHARE, 4 * SHARE)
    with pytest.raises(Reverted, match="subtraction overflow"):
        execute(venue.chain, wallet, [redeemed(sheet, 0, 2 * SHARE)])
    venue.world.exchange.check()


def test_pairs_are_split_and_merged_after_the_resolution_too(venue: Venue) -> None:
    wallet, sheet = a_wallet(venue), venue.sheet(Version.V1)
    venue.resolve(sheet, ONE)
    calls = [allowing(serving_contract(sheet)), entrusting(sheet), split(sheet, SHARE), merge(sheet, SHARE)]

    execute(venue.chain, wallet, calls)

    assert venue.chain.cash(wallet.address) == venue.chain.start_cash
    venue.world.exchange.check()


def redeemed(sheet: Sheet, index: int, shares: int) -> RawCall:
    router = EvmAddress(addresses.ROUTER)
    call = router_redeem_call(
        router=router, condition_id=sheet.terms.market_id, outcome_index=index, amount=shares
    )
    return raw(call)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (RawCall(addresses.PUSD, 1, b""), "non-payable"),
        (RawCall(addresses.PUSD, 0, b"\x01\x02\x03\x04"), "has no function"),
        (RawCall(addresses.ROUTER, 0, allowing(addresses.ROUTER).data), "has no function"),
        (RawCall(addresses.PUSD, 0, allowing(addresses.ROUTER).data[:20]), "does not decode"),
        (
            raw(
                router_redeem_call(
                    router=EvmAddress(addresses.ROUTER),
                    condition_id="0x01" + "9" * 60,
                    outcome_index=1,
                    amount=1,
                )
            ),
            "condition not prepared yet",
        ),
    ],
)
def test_what_no_contract_does_reverts(venue: Venue, call: RawCall, why: str) -> None:
    with pytest.raises(Reverted, match=why):
        execute(venue.chain, a_wallet(venue), [call])
