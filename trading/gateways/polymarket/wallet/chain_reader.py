"""Cash and shares of a wallet as the chain has them now: ``balanceOf``, asked without any key. The arbiter."""

import asyncio
from collections.abc import Iterable
from typing import Final

from polymarket._internal.actions.relayer.approvals import get_trading_approvals_state
from polymarket._internal.actions.relayer.calls import decode_erc20_allowance_result
from polymarket._internal.eoa.rpc import JsonRpcClient
from polymarket.calls import TransactionCall
from polymarket.clients._transport import AsyncTransport
from polymarket.errors import PolymarketError

from core.ids import TokenId
from infra import clock
from trading.gateways.polymarket.answers import Unanswered
from trading.gateways.polymarket.wallet import calls as wallet_calls
from trading.gateways.polymarket.wallet.refusals import reason_of
from trading.gateways.polymarket.wallet.sdk import WalletUrls, config_for

CALL_S: Final = 6.0
AT_ONCE: Final = 4
TRIES: Final = 2


class ChainReader:
    """Close it. Every call ends by itself."""

    def __init__(self, urls: WalletUrls, wallet: str) -> None:
        self._config = config_for(urls)
        self._wallet = wallet
        self._transport = AsyncTransport(base_url=urls.rpc)
        self._rpc = JsonRpcClient(self._transport)
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def close(self) -> None:
        await self._transport.close()

    async def cash(self) -> int | Unanswered:
        """pUSD, millionths."""
        return await self._asked(wallet_calls.cash_call(self._config, self._wallet))

    async def missing_approvals(self) -> tuple[str, ...] | Unanswered:
        """Approvals that trading needs and the wallet has not given, in words."""
        try:
            async with asyncio.timeout(CALL_S):
                state = await get_trading_approvals_state(self._rpc, wallet=self._wallet, config=self._config)
        except (PolymarketError, TimeoutError) as error:
            return Unanswered(f"the chain does not answer: {reason_of(error)}", clock.now_ms())
        return wallet_calls.named(wallet_calls.needed(self._config, state.missing))

    async def shares(self, tokens: Iterable[TokenId]) -> dict[TokenId, int] | Unanswered:
        """Of each token, millionths. One that is not answered leaves all of them unanswered."""
        names = list(tokens)
        calls = [wallet_calls.shares_call(self._config, self._wallet, token) for token in names]
        found = await asyncio.gather(*map(self._asked, calls))
        lost = next((each for each in found if isinstance(each, Unanswered)), None)
        if lost is not None:
            return lost
        return {
            token: each for token, each in zip(names, found, strict=True) if not isinstance(each, Unanswered)
        }

    async def _asked(self, call: TransactionCall) -> int | Unanswered:
        why = ""
        for _ in range(TRIES):
            try:
                async with self._turns, asyncio.timeout(CALL_S):
                    return decode_erc20_allowance_result(await self._rpc.eth_call(to=call.to, data=call.data))
            except (PolymarketError, TimeoutError) as error:
                why = f"{type(error).__name__}: {error}"
        return Unanswered(f"the chain does not answer: {why}", clock.now_ms())
