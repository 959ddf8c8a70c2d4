"""Which approvals trading needs, and how the Data API tells of them (its OpenAPI: ApprovalContract)."""

from typing import Final, NamedTuple

from simulator.chain import addresses
from simulator.chain.accounts import UNLIMITED, Chain


class Approval(NamedTuple):
    """One pair the venue keeps an eye on. Without ``positions`` it is an allowance of pUSD."""

    name: str
    feature: str
    spender: str
    positions: str | None


CTF: Final = addresses.CONDITIONAL_TOKENS
V2: Final = addresses.POSITION_MANAGER

APPROVALS: Final = (
    Approval("UsdcExchange", "trading", addresses.EXCHANGE, None),
    Approval("UsdcNegRiskExchange", "trading", addresses.NEG_RISK_EXCHANGE, None),
    Approval("UsdcCollateralAdapter", "trading", addresses.COLLATERAL_ADAPTER, None),
    Approval("UsdcNegRiskCollateralAdapter", "trading", addresses.NEG_RISK_COLLATERAL_ADAPTER, None),
    Approval("UsdcRouter", "trading", addresses.ROUTER, None),
    Approval("UsdcExchangeV3", "trading", addresses.EXCHANGE_V3, None),
    Approval("UsdcPerpsDeposit", "perps", addresses.PERPS_DEPOSIT, None),
    Approval("CtfExchangeIsApprovedForAll", "trading", addresses.EXCHANGE, CTF),
    Approval("CtfNegRiskExchangeIsApprovedForAll", "trading", addresses.NEG_RISK_EXCHANGE, CTF),
    Approval("CtfCollateralAdapterIsApprovedForAll", "trading", addresses.COLLATERAL_ADAPTER, CTF),
    Approval(
        "CtfNegRiskCollateralAdapterIsApprovedForAll", "trading", addresses.NEG_RISK_COLLATERAL_ADAPTER, CTF
    ),
    Approval("CtfAutoRedeemerIsApprovedForAll", "auto-redeem", addresses.AUTO_REDEEMER, CTF),
    Approval("CtfBinaryModuleIsApprovedForAll", "trading", addresses.BINARY_MODULE, CTF),
    Approval("CtfNegRiskModuleIsApprovedForAll", "trading", addresses.NEG_RISK_MODULE, CTF),
    Approval("PositionManagerRouterIsApprovedForAll", "trading", addresses.ROUTER, V2),
    Approval("PositionManagerExchangeV3IsApprovedForAll", "trading", addresses.EXCHANGE_V3, V2),
    Approval("PositionManagerAutoRedeemerIsApprovedForAll", "auto-redeem", addresses.AUTO_REDEEMER, V2),
)


def rows(chain: Chain, wallet: str) -> list[dict[str, object]]:
    """Every approval, granted or not, always in the same order."""
    return [_row(chain, wallet, approval) for approval in APPROVALS]


def _row(chain: Chain, wallet: str, approval: Approval) -> dict[str, object]:
    row: dict[str, object] = {
        "id": approval.name,
        "feature": approval.feature,
        "token": approval.positions or addresses.PUSD,
        "spender": approval.spender,
        "standard": "ERC1155" if approval.positions else "ERC20",
    }
    if approval.positions:
        row["approved"] = chain.approved_for_all(wallet, approval.spender, approval.positions)
        return row
    allowance = chain.allowance(wallet, approval.spender)
    # "Unlimited trading approvals require the maximum allowance, perps ... any positive allowance."
    if approval.feature == "trading":
        return row | {"amount": "max", "approved": allowance == UNLIMITED}
    return row | {"amount": str(allowance), "approved": allowance > 0}
