"""The API key that opens the venue to ops, so that it can withdraw orders when no runner answers a halt.

The trader gets the key (L2 credentials) from the venue with its private key, and leaves it in a file for its owner
alone; ops reads it when it must act. It signs requests, not orders: whoever has it can cancel and read, and place
nothing. The private key never leaves the trader. The file is taken away when the stack stops.
"""

import os
from pathlib import Path
from typing import Final

import msgspec
from django.conf import settings

from infra import logs

FILE: Final = "venue_pass.json"

log = logs.get("trading")


class VenuePass(msgspec.Struct, frozen=True):
    """``address`` is the signer's, for whom the venue made the key. Shown without its secrets."""

    wallet: str
    address: str
    signature_type: int
    api_key: str
    secret: str
    passphrase: str

    def __repr__(self) -> str:
        return f"VenuePass({self.wallet})"

    __str__ = __repr__


def path() -> Path:
    """Beside the rehearsal's key, in the one folder that is for secrets."""
    folder: Path = settings.POLYLOLY.var_dir / "secrets"
    return folder / FILE


def leave(given: VenuePass) -> None:
    """Put it into the file, readable by its owner only. Raises ``OSError``."""
    place = path()
    place.parent.mkdir(parents=True, exist_ok=True)
    place.parent.chmod(0o700)
    fresh = place.with_name(f".{FILE}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_bytes(msgspec.json.encode(given))
    fresh.replace(place)


def left() -> VenuePass | None:
    """What lies there; ``None`` when nothing does, or nothing that can be used."""
    try:
        return msgspec.json.decode(path().read_bytes(), type=VenuePass)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        # Not its words: they may repeat what was read.
        log.error("venue pass not read", kind=type(error).__name__, event_type="error")
        return None


def take_away() -> None:
    """The stack stops: nobody may act for it any more."""
    try:
        path().unlink(missing_ok=True)
    except OSError as error:
        log.error("venue pass not taken away", error=str(error), event_type="error")
