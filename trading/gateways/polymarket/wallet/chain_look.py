"""What a wallet holds and may spend, by the chain: read by its address alone, so no key is needed.

For the start, before the trader runs. The trader's own checks, which also ask the book, are ``trading.wallet.checks``.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from core.units import Usdc, text
from infra.checks import Check, passed, warned

if TYPE_CHECKING:
    from trading.gateways.polymarket.answers import Unanswered
    from trading.gateways.polymarket.wallet.sdk import WalletUrls

BALANCE: Final = "balance"
ALLOWANCE: Final = "allowance"
LOW: Final = Usdc(10_000_000)
NODE: Final = "see that the chain's RPC answers"


def look(urls: WalletUrls, wallet: str) -> tuple[Check, Check]:
    """Balance and allowance: passed or a warning, for a silent node too. Takes some seconds at most."""
    cash, missing = asyncio.run(_asked(urls, wallet))
    return judged_cash(cash), judged_approvals(missing)


async def _asked(urls: WalletUrls, wallet: str) -> tuple[int | Unanswered, tuple[str, ...] | Unanswered]:
    # Most of a second of imports, and on paper nobody comes here.
    from trading.gateways.polymarket.wallet.chain_reader import ChainReader

    chain = ChainReader(urls, wallet)
    try:
        cash, missing = await asyncio.gather(chain.cash(), chain.missing_approvals())
    finally:
        await chain.close()
    return cash, missing


def judged_cash(cash: int | Unanswered) -> Check:
    if not isinstance(cash, int):
        return warned(BALANCE, f"not known: {cash.reason}", NODE)
    detail = f"{text(cash, 6)} pUSD on the chain"
    if cash < LOW:
        return warned(BALANCE, detail, "send pUSD to the wallet: no order fits into what is left")
    return passed(BALANCE, detail)


def judged_approvals(missing: tuple[str, ...] | Unanswered) -> Check:
    if not isinstance(missing, tuple):
        return warned(ALLOWANCE, f"not known: {missing.reason}", NODE)
    if missing:
        named = ", ".join(missing)
        return warned(ALLOWANCE, f"not approved: {named}", "set the approvals; until then orders are refused")
    return passed(ALLOWANCE, "every contract that trading needs is approved")
