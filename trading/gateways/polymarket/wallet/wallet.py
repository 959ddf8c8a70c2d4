"""The wallet's own business: cash and shares on the chain, approvals, merge and redeem (polymarket.md 9).

Every call ends within ``CALL_S`` and answers with a value; only ``open`` raises. Whoever submits writes the nonce
down before: a batch is signed for exactly that nonce, so whatever is lost on the way, what was asked for happens
at most once. A trader's own process must be the only one that uses the wallet.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final, Self, TypeVar

from eth_account.signers.local import LocalAccount
from polymarket._internal.actions.relayer.approvals import (
    build_missing_trading_approval_calls,
    get_trading_approvals_state,
)
from polymarket._internal.actions.relayer.auth import (
    RelayerHeaderResolver,
    make_relayer_header_resolver,
)
from polymarket._internal.actions.relayer.calls import (
    decode_erc20_allowance_result,
    decode_erc1155_balance_of_batch_result,
)
from polymarket._internal.eoa.rpc import JsonRpcClient
from polymarket.auth import RelayerApiKey
from polymarket.calls import TransactionCall
from polymarket.clients._transport import AsyncTransport
from polymarket.errors import PolymarketError
from polymarket.models.trading import MissingTradingApprovals
from pydantic import SecretStr

from core.ids import MarketId, TokenId
from core.units import Ms, Shares, Usdc
from infra import logs
from trading.gateways.polymarket.signing import DEPOSIT_WALLET, EOA, Signer
from trading.gateways.polymarket.wallet import calls as wallet_calls
from trading.gateways.polymarket.wallet.answers import Answer, Outcome, Refused, Unanswered
from trading.gateways.polymarket.wallet.broadcast import BroadcastWallet
from trading.gateways.polymarket.wallet.refusals import judged, reason_of, unsettled
from trading.gateways.polymarket.wallet.relayed import DEADLINE_S, RelayedWallet
from trading.gateways.polymarket.wallet.sdk import (
    AskedTime,
    BuilderDoor,
    WalletUrls,
    config_for,
    deposit_wallets,
    local_account,
)

CALL_S: Final = 12.0  # longer than the SDK's own limit of one request, shorter than anybody's patience
OPEN_S: Final = 30.0

log = logs.get("wallet")
T = TypeVar("T")
R = TypeVar("R")


class WalletUnusable(Exception):
    """The wallet cannot be opened: not deployed, wrong key for it, refused credentials. The text says which."""


class Wallet:
    """Use ``open``. One task at a time."""

    def __init__(
        self, signer: Signer, account: LocalAccount, urls: WalletUrls, relayer_key: SecretStr | None
    ) -> None:
        self.address = signer.maker
        self._account = account
        self._config = config = config_for(urls)
        clob = AsyncTransport(base_url=urls.clob)
        self._time = AskedTime(clob)
        self._builder = BuilderDoor(clob, self._time)
        headers: RelayerHeaderResolver = self._builder.headers
        if relayer_key is not None:
            shown = RelayerApiKey(key=relayer_key.get_secret_value(), address=signer.address)
            headers = make_relayer_header_resolver(shown)
        relayer = AsyncTransport(base_url=urls.relayer, header_resolver=headers)
        data, rpc = AsyncTransport(base_url=urls.data), AsyncTransport(base_url=urls.rpc)
        self._transports = (clob, relayer, data, rpc)
        self._rpc = JsonRpcClient(rpc)
        self._way: RelayedWallet | BroadcastWallet
        if signer.signature_type == EOA:
            self._way = BroadcastWallet(account, config=config, data=data, node=rpc)
        else:
            self._way = RelayedWallet(account, self.address, config=config, relayer=relayer, rpc=self._rpc)

    def __repr__(self) -> str:
        return f"Wallet({self.address})"

    @classmethod
    async def open(
        cls,
        *,
        private_key: SecretStr,
        wallet: str,
        signature_type: int,
        urls: WalletUrls,
        relayer_key: SecretStr | None = None,
    ) -> Self:
        """Sign in and look whether the wallet is there; nothing is deployed. Raises ``WalletUnusable``.

        Without a ``relayer_key`` a deposit wallet opens the relayer with a builder key that is made now and revoked
        by ``close``.
        """
        signer = _signer(private_key, wallet, signature_type)
        opened = cls(signer, local_account(private_key), urls, relayer_key)
        async with AsyncExitStack() as undo:
            undo.push_async_callback(opened.close)
            try:
                async with asyncio.timeout(OPEN_S):
                    await opened._sign_in(own_door=relayer_key is None)
            except (PolymarketError, TimeoutError) as error:
                raise WalletUnusable(f"the wallet cannot be opened: {reason_of(error)}") from None
            undo.pop_all()
        return opened

    async def close(self) -> None:
        """Revoke what was made by ``open``, as far as the venue answers, and hang up."""
        try:
            async with asyncio.timeout(CALL_S):
                await self._builder.close()
        except (PolymarketError, TimeoutError) as error:
            log.warning("builder key not revoked", why=reason_of(error))
        for transport in self._transports:
            await transport.close()

    async def cash(self) -> Usdc | Unanswered:
        """pUSD on the chain."""
        call = wallet_calls.cash_call(self._config, self.address)
        return await self._asked(lambda: self._uint(call), Usdc)

    async def shares(self, token_id: TokenId) -> Shares | Unanswered:
        """Shares of one outcome on the chain. Of a v2 token the PositionManager is asked."""
        call = wallet_calls.shares_call(self._config, self.address, token_id)
        return await self._asked(lambda: self._uint(call), Shares)

    async def missing_approvals(self) -> tuple[str, ...] | Unanswered:
        """Approvals that trading needs and the wallet has not given, in words."""
        return await self._asked(self._missing, wallet_calls.named)

    async def approve(self) -> Answer | None:
        """Ask for all that is missing in one transaction; ``None`` when nothing is."""
        try:
            async with asyncio.timeout(CALL_S):
                calls = build_missing_trading_approval_calls(await self._missing())
                nonce = await self._way.nonce() if calls else ""
        except (PolymarketError, TimeoutError) as error:
            return unsettled(error)
        return await self._submit(calls, "polyloly approvals", nonce) if calls else None

    async def nonce(self) -> str | Unanswered:
        """Of the wallet's next transaction. Write it down, then submit with it."""
        return await self._asked(self._way.nonce, str)

    async def merge(
        self, market_id: MarketId, shares: Shares, *, neg_risk: bool, version: str, nonce: str | None = None
    ) -> Answer:
        """Turn ``shares`` YES and NO into pUSD. With the nonce that was written down it happens at most once."""
        call = wallet_calls.merge_call(self._config, market_id, shares, neg_risk=neg_risk, version=version)
        return await self._submit([call], wallet_calls.merge_note(market_id, shares), nonce)

    async def redeem(
        self, market_id: MarketId, *, neg_risk: bool, version: str, nonce: str | None = None
    ) -> Answer:
        """Turn everything held of a resolved market into pUSD."""
        held: tuple[int, ...] = ()
        if version == wallet_calls.V2:
            try:
                async with asyncio.timeout(CALL_S):
                    held = await self._held(market_id)
            except (PolymarketError, TimeoutError) as error:
                return unsettled(error)
        calls = wallet_calls.redeem_calls(self._config, market_id, held, neg_risk=neg_risk, version=version)
        if not calls:
            return Refused("nothing is held of this market", None)
        return await self._submit(calls, wallet_calls.redeem_note(market_id), nonce)

    async def outcome(self, transaction_id: str) -> Outcome:
        """How a submitted transaction stands."""
        try:
            async with asyncio.timeout(CALL_S):
                return await self._way.outcome(transaction_id)
        except TimeoutError as error:
            return Unanswered(reason_of(error))

    @property
    def lives_ms(self) -> Ms | None:
        """How long after its submission the chain may carry something out; ``None``: for ever."""
        return Ms(DEADLINE_S * 1000) if isinstance(self._way, RelayedWallet) else None

    async def landed_since(self, nonce: str, market_id: MarketId, shares: Shares) -> str | Unanswered | None:
        """The transaction this nonce was used for by a merge of so many shares, or a redemption, of this market.

        ``None`` says that nobody has it. It may still be on its way: only the same nonce may be used again.
        """
        try:
            async with asyncio.timeout(CALL_S):
                return await self._way.landed_since(nonce, market_id, shares)
        except TimeoutError as error:
            return Unanswered(reason_of(error))

    async def _submit(self, calls: list[TransactionCall], note: str, nonce: str | None) -> Answer:
        if nonce is None:
            found = await self.nonce()
            if isinstance(found, Unanswered):
                return Refused(found.reason, retry_after_ms=1_000)
            nonce = found
        try:
            async with asyncio.timeout(CALL_S):
                if isinstance(self._way, RelayedWallet):
                    await self._time.learn_again()
                    return await self._way.submit(calls, note, nonce)
                return await self._way.submit(calls, nonce)
        except TimeoutError as error:
            return judged(error)

    async def _sign_in(self, *, own_door: bool) -> None:
        """Raises ``WalletUnusable`` and what the SDK raises."""
        await self._rpc.verify_chain_id(self._config.chain_id)
        await self._time.learn()
        if not isinstance(self._way, RelayedWallet):
            return
        if own_door:
            await self._builder.open(self._account)
        if not await self._way.deployed():
            raise WalletUnusable(f"wallet {self.address} is not deployed; polyloly does not deploy wallets")

    async def _asked(self, ask: Callable[[], Awaitable[T]], shape: Callable[[T], R]) -> R | Unanswered:
        """A question that changes nothing."""
        try:
            async with asyncio.timeout(CALL_S):
                return shape(await ask())
        except (PolymarketError, TimeoutError) as error:
            return Unanswered(reason_of(error))

    async def _uint(self, call: TransactionCall) -> int:
        return decode_erc20_allowance_result(await self._rpc.eth_call(to=call.to, data=call.data))

    async def _held(self, market_id: MarketId) -> tuple[int, ...]:
        call = wallet_calls.held_call(self._config, self.address, market_id)
        return decode_erc1155_balance_of_batch_result(await self._rpc.eth_call(to=call.to, data=call.data))

    async def _missing(self) -> MissingTradingApprovals:
        state = await get_trading_approvals_state(self._rpc, wallet=self.address, config=self._config)
        return wallet_calls.needed(self._config, state.missing)


def _signer(private_key: SecretStr, wallet: str, signature_type: int) -> Signer:
    """Whose wallet it is. Raises ``WalletUnusable`` for a wallet that this key does not open."""
    if signature_type not in (EOA, DEPOSIT_WALLET):
        raise WalletUnusable(
            f"wallets of signature type {signature_type} are not used here, only {EOA} and {DEPOSIT_WALLET}"
        )
    try:
        signer = Signer(private_key, wallet=wallet, signature_type=signature_type)
    except ValueError as error:
        raise WalletUnusable(str(error)) from None
    if signature_type == DEPOSIT_WALLET and signer.maker not in deposit_wallets(signer.address):
        raise WalletUnusable(f"{signer.maker} is not the deposit wallet of {signer.address}")
    return signer
