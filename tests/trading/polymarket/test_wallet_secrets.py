"""Nothing that goes wrong with a wallet shows what opens it."""

import logging
import traceback
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from simulator.chain.builder_keys import RELAYER_DOOR
from simulator.exchange.orders import Version
from simulator.faults.catalogue import Name
from simulator.faults.switchboard import FAULTS
from tests.simulator.chain.venues import Signing, Venue, somebody
from tests.trading.polymarket.wallets import (
    TEN,
    a_wallet,
    fault,
    merge,
)
from trading.gateways.polymarket.wallet.wallet import Wallet, WalletUnusable


async def test_no_secret_is_shown_by_anything_that_goes_wrong(
    venue: Venue, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not in words, not in shapes, not in logs and not in a traceback."""
    caplog.set_level(logging.DEBUG)
    owner, sheet = somebody(), venue.sheet(Version.V1)
    shown: list[str] = []
    async with a_wallet(venue, owner) as wallet:
        shown += [repr(wallet), *everything_in(wallet)]
        for name in (Name.ERROR_BEFORE, Name.ERROR_AFTER, Name.DROP_BEFORE, Name.RATE_LIMIT):
            fault(venue, name, "/")
            shown += [repr(await merge(wallet, sheet)), repr(await wallet.cash())]
            shown += [repr(await wallet.landed_since("0", sheet.terms.market_id, TEN))]
        venue.app[FAULTS].switch_off()
        secrets = [*builder_secrets(venue, owner), *signatures(venue)]
    for wrong in wrongly_opened(venue, owner):
        shown.append(await failure_of(wrong))
    shown += [caplog.text, *capsys.readouterr()]

    key = owner.key.get_secret_value().removeprefix("0x")
    for secret in (key, key[:-1], *secrets):
        assert len(secret) > 16
        assert not [text for text in shown if secret.lower() in text.lower()]


def everything_in(thing: object) -> list[str]:
    """What a debugger or an error report would show of an object and its parts."""
    parts = vars(thing).values() if hasattr(thing, "__dict__") else ()
    return [repr(thing), str(thing), *(repr(part) for part in parts)]


def builder_secrets(venue: Venue, owner: Signing) -> list[str]:
    found = venue.app[RELAYER_DOOR].builders_of(owner.eoa)
    return [secret for key in found for secret in (key.secret, key.passphrase)]


def signatures(venue: Venue) -> list[str]:
    return [one.signature.removeprefix("0x") for one in venue.transactions.relayed.values() if one.signature]


def wrongly_opened(venue: Venue, owner: Signing) -> Iterator[Coroutine[Any, Any, Wallet]]:
    """Ways to open a wallet that fail at different depths."""
    key = owner.key.get_secret_value()
    address = venue.chain.wallet_of(owner.eoa, 3)
    nowhere = Venue(venue.app, "http://127.0.0.1:9")
    for private_key, urls in ((key[:-1], venue), (key[:-1] + "g", venue), (key, nowhere)):
        yield Wallet.open(private_key=SecretStr(private_key), wallet=address, signature_type=3, urls=urls)
    yield Wallet.open(private_key=owner.key, wallet=owner.eoa, signature_type=3, urls=venue)


async def failure_of(opening: Coroutine[Any, Any, Wallet]) -> str:
    with pytest.raises(WalletUnusable) as caught:
        await opening
    return "".join(traceback.format_exception(caught.value))
