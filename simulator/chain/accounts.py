"""Wallets on the simulated chain: whose they are, what they hold, whom they have allowed to move it.

Cash and positions live in the exchange's accounts (an account's name is the wallet's checksummed address);
the chain sees of them what is settled: ``Account.chain_cash`` and ``chain_held``. Everything else a wallet
has is here: approvals, its nonce, and the POL an EOA pays gas with.
"""

from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from core.ids import TokenId
from core.units import USDC, Shares, Usdc
from simulator.chain import addresses
from simulator.chain.addresses import Kind, address
from simulator.chain.derivation import deposit_wallet
from simulator.exchange.accounts import Account
from simulator.world import World

START_CASH: Final = Usdc(10_000 * USDC)
START_POL: Final = 100 * 10**18  # wei
UNLIMITED: Final = 2**256 - 1

KINDS: Final = {0: Kind.EOA, 3: Kind.DEPOSIT}  # by the venue's signature type


@dataclass(slots=True)
class Wallet:
    """One wallet. Only the chain's own modules change it.

    Units:
        nonce:      transactions an EOA has sent, or batches a deposit wallet has carried out.
        pol:        wei.
        allowances: (token, spender) to base units; ``UNLIMITED`` never shrinks.
        operators:  (token contract, operator) that may move every position of that contract.
    """

    address: str
    owner: str
    kind: Kind
    deployed: bool
    nonce: int = 0
    pol: int = 0
    allowances: dict[tuple[str, str], int] = field(default_factory=dict)
    operators: set[tuple[str, str]] = field(default_factory=set)


class Chain:
    """All wallets of the world. The first L1 authentication of a signer funds its wallets: ``fund``."""

    def __init__(self, world: World, *, start_cash: Usdc = START_CASH) -> None:
        self.world = world
        self.start_cash = start_cash
        self.wallets: dict[str, Wallet] = {}

    def fund(self, eoa: str) -> None:
        """Bring the EOA and its deposit wallet into being, with cash, with gas, without approvals. Once."""
        owner = address(eoa)
        if owner in self.wallets:
            return
        self._open(Wallet(owner, owner, Kind.EOA, deployed=False, pol=START_POL))
        self._open(Wallet(deposit_wallet(owner), owner, Kind.DEPOSIT, deployed=True))

    def wallet_of(self, eoa: str, signature_type: int) -> str:
        """The wallet an EOA signs for. Raises ``ValueError`` for a type this chain does not derive."""
        kind = KINDS.get(signature_type)
        if kind is None:
            raise ValueError(f"signature type {signature_type} has no wallet here")
        return address(eoa) if kind is Kind.EOA else deposit_wallet(eoa)

    def wallet(self, wallet: str) -> Wallet | None:
        try:
            return self.wallets.get(address(wallet))
        except ValueError:
            return None

    def owner_of(self, wallet: str) -> str | None:
        """The EOA whose signature counts for this wallet."""
        found = self.wallet(wallet)
        return None if found is None else found.owner

    def account(self, wallet: str) -> Account | None:
        """The exchange's account of this wallet."""
        found = self.wallet(wallet)
        return None if found is None else self.world.exchange.accounts[found.address]

    def allowance(self, wallet: str, spender: str, token: str = addresses.PUSD) -> int:
        """How much of an ERC-20 token the spender may move, in base units."""
        found = self.wallet(wallet)
        return 0 if found is None else found.allowances.get((token, address(spender)), 0)

    def allowed(self, wallet: str, spender: str) -> bool:
        """Whether the spender may move any pUSD of this wallet."""
        return self.allowance(wallet, spender) > 0

    def approved_for_all(self, wallet: str, operator: str, token: str | None = None) -> bool:
        """Whether the operator may move positions: those of ``token``, or of the contract it works with."""
        found, by = self.wallet(wallet), address(operator)
        contract = token or (
            addresses.POSITION_MANAGER if by in addresses.V2_OPERATORS else addresses.CONDITIONAL_TOKENS
        )
        return found is not None and (contract, by) in found.operators

    def cash(self, wallet: str) -> Usdc:
        """pUSD as the chain says; nobody holds 0."""
        account = self.account(wallet)
        return Usdc(0) if account is None else account.chain_cash

    def held(self, wallet: str, token_id: TokenId) -> Shares:
        """Shares of one position as the chain says."""
        account, place = self.account(wallet), self.world.sheet_of_token(token_id)
        if account is None or place is None:
            return Shares(0)
        sheet, outcome = place
        return account.chain_held((sheet.terms.market_id, outcome))

    def _open(self, wallet: Wallet) -> None:
        self.wallets[wallet.address] = wallet
        self.world.exchange.open_account(wallet.address, self.start_cash, wallet=True)


CHAIN: Final = web.AppKey("chain", Chain)
