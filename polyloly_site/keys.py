"""The private key at the doors: what a valid one looks like, which wallet it opens, how a rehearsal gets one.

The key itself is in one process, the trader. The launcher makes a throwaway one for the dress rehearsal and tells
everybody the wallet's address, which is no secret. Nothing here puts a key into a text.
"""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pydantic import SecretStr

NAMES: Final = ("PRIVATE_KEY", "PRIVATE_KEY_FILE")
# A process of the stack that is called anything else never reads the key, even where one lies in its reach.
HOLDER: Final = "trader"
PROCESS_VARIABLE: Final = "POLYLOLY_PROCESS"
WALLET_FILE: Final = "wallet"
KEY_BYTES: Final = 32
KEY_BELOW: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # order of secp256k1
EOA: Final = 0
PROXY: Final = 1
SAFE: Final = 2
DEPOSIT_WALLET: Final = 3


def parsed(text: str) -> str:
    """The key as 64 hex digits behind ``0x``. Raises ``ValueError`` that does not repeat it."""
    digits = text.strip().lower().removeprefix("0x")
    if len(digits) != 2 * KEY_BYTES or not all(digit in "0123456789abcdef" for digit in digits):
        raise ValueError("a private key is 32 bytes, written as 64 hex digits")
    if not 0 < int(digits, 16) < KEY_BELOW:
        raise ValueError("this number is no private key of the curve secp256k1")
    return f"0x{digits}"


def read(path: Path) -> str:
    """A key from its file. Raises ``ValueError`` that names neither path nor content: it may be a key itself."""
    try:
        return parsed(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ValueError(f"PRIVATE_KEY_FILE cannot be read: {why}") from None


def make_throwaway(path: Path) -> SecretStr:
    """Put a new key into ``path``, readable by its owner only. Whoever calls holds the state directory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    key = SecretStr(parsed((1 + secrets.randbelow(KEY_BELOW - 1)).to_bytes(KEY_BYTES, "big").hex()))
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(key.get_secret_value())
    fresh.replace(path)
    return key


def wallet_of(key: SecretStr, signature_type: int) -> str:
    """The address that holds the money of this key, in lower case; derived, nobody is asked.

    A deposit wallet is derived as the venue's factory makes new ones today, behind its beacon (official SDK).
    """
    from eth_account import Account
    from polymarket._internal import wallet
    from polymarket._internal.environment import PRODUCTION_CONFIG

    signer = str(Account.from_key(key.get_secret_value()).address)
    config = PRODUCTION_CONFIG.wallet_derivation
    derived = {
        EOA: lambda: signer,
        PROXY: lambda: wallet.derive_proxy_wallet_address(signer, config),
        SAFE: lambda: wallet.derive_safe_wallet_address(signer, config),
        DEPOSIT_WALLET: lambda: wallet.derive_beacon_deposit_wallet_address(signer, config),
    }
    return derived[signature_type]().lower()


def note_wallet(var_dir: Path, wallet: str) -> None:
    """Leave the address, which is no secret, for commands that are not started by the launcher."""
    var_dir.mkdir(parents=True, exist_ok=True)
    fresh = var_dir / f".{WALLET_FILE}.{os.getpid()}"
    fresh.write_text(wallet)
    fresh.replace(var_dir / WALLET_FILE)


def noted_wallet(var_dir: Path) -> str | None:
    try:
        return (var_dir / WALLET_FILE).read_text().strip() or None
    except OSError:
        return None


def is_open_to_others(path: Path) -> bool:
    """Whether another user of the machine could read the key's file; so too when nobody can tell."""
    try:
        return bool(path.stat().st_mode & 0o077)
    except OSError:
        return True


def may_be_held_here() -> bool:
    """Whether this process may read the key: the trader, and a command that a person runs by hand."""
    return os.environ.get(PROCESS_VARIABLE) in (None, "", HOLDER)


def without(environment: Iterable[str]) -> frozenset[str]:
    """Those names of an environment that bear the key; the settings read names without regard to case."""
    return frozenset(name for name in environment if name.upper() in NAMES)
