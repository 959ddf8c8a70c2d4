"""The contract calls of a trading wallet, encoded by the SDK, and how we find them again in a list.

Which contract serves a market: polymarket.md 9. Collateral adapters take the v1 markets, the Router the v2 ones.
"""

from collections.abc import Sequence
from typing import Final, cast

from polymarket._internal.actions.relayer.calls import (
    erc1155_balance_of_batch_call,
    erc1155_balance_of_call,
)
from polymarket._internal.environment import EnvironmentConfig
from polymarket._internal.protocol import is_v2_position_id
from polymarket.calls import (
    TransactionCall,
    ctf_merge_positions_call,
    ctf_redeem_positions_call,
    router_merge_call,
    router_redeem_call,
)
from polymarket.models.trading import MissingTradingApprovals
from polymarket.types import EvmAddress, HexString

from core.ids import MarketId, TokenId
from core.units import Shares

BALANCE_OF: Final = "0x70a08231"  # balanceOf(address)
V2: Final = "v2"


def merge_call(
    config: EnvironmentConfig, market_id: MarketId, shares: Shares, *, neg_risk: bool, version: str
) -> TransactionCall:
    if version == V2:
        router = _address(config.protocol_v2_router)
        return router_merge_call(router=router, condition_id=market_id, amount=shares)
    return ctf_merge_positions_call(
        target=_adapter(config, neg_risk=neg_risk),
        collateral=_address(config.collateral_token),
        condition_id=market_id,
        amount=shares,
    )


def redeem_calls(
    config: EnvironmentConfig, market_id: MarketId, held: Sequence[int], *, neg_risk: bool, version: str
) -> list[TransactionCall]:
    """All that is held. The Router wants to be told how much of each outcome, an adapter takes everything."""
    if version != V2:
        adapter = _adapter(config, neg_risk=neg_risk)
        collateral = _address(config.collateral_token)
        return [ctf_redeem_positions_call(ctf=adapter, collateral=collateral, condition_id=market_id)]
    router = _address(config.protocol_v2_router)
    return [
        router_redeem_call(router=router, condition_id=market_id, outcome_index=index, amount=shares)
        for index, shares in enumerate(held)
        if shares
    ]


def cash_call(config: EnvironmentConfig, wallet: str) -> TransactionCall:
    data = BALANCE_OF + wallet.lower().removeprefix("0x").rjust(64, "0")
    return TransactionCall(to=_address(config.collateral_token), data=cast(HexString, data))


def shares_call(config: EnvironmentConfig, wallet: str, token_id: TokenId) -> TransactionCall:
    v2 = is_v2_position_id(token_id)
    contract = config.position_manager if v2 else config.conditional_tokens
    return erc1155_balance_of_call(
        token_address=_address(contract), owner=_address(wallet), token_id=token_id
    )


def held_call(config: EnvironmentConfig, wallet: str, market_id: MarketId) -> TransactionCall:
    """Balances of both outcomes of a v2 market, whose token ids follow from its condition id."""
    condition = market_id.lower().removeprefix("0x")[:62]
    tokens = [str(int(condition + outcome, 16)) for outcome in ("00", "01")]
    owners = [_address(wallet)] * len(tokens)
    manager = _address(config.position_manager)
    return erc1155_balance_of_batch_call(token_address=manager, owners=owners, token_ids=tokens)


def needed(config: EnvironmentConfig, missing: MissingTradingApprovals) -> MissingTradingApprovals:
    """The SDK's approvals without those we must not give.

    Its list allows the perpetuals contract to take all our cash, and the auto-redeemer to redeem behind our ledger's
    back. We allow what trades, splits, merges and redeems, and nothing else.
    """
    spenders = {
        spender.lower()
        for spender in (
            config.standard_exchange,
            config.neg_risk_exchange,
            config.exchange_v3,
            config.collateral_adapter,
            config.neg_risk_collateral_adapter,
            config.protocol_v2_router,
        )
    }
    return MissingTradingApprovals(
        erc20=tuple(one for one in missing.erc20 if one.spender.lower() in spenders),
        erc1155=tuple(one for one in missing.erc1155 if one.operator.lower() in spenders),
    )


def named(missing: MissingTradingApprovals) -> tuple[str, ...]:
    """Each missing approval in words."""
    return tuple(
        [f"pUSD of {one.token_address} for {one.spender}" for one in missing.erc20]
        + [f"positions of {one.token_address} for {one.operator}" for one in missing.erc1155]
    )


def merge_note(market_id: MarketId, shares: Shares) -> str:
    """What the relayer keeps beside a merge, so that its list tells us which it was."""
    return f"polyloly merge {market_id} {shares}"


def redeem_note(market_id: MarketId) -> str:
    return f"polyloly redeem {market_id}"


def _adapter(config: EnvironmentConfig, *, neg_risk: bool) -> EvmAddress:
    return _address(config.neg_risk_collateral_adapter if neg_risk else config.collateral_adapter)


def _address(text: str) -> EvmAddress:
    return cast(EvmAddress, text)
