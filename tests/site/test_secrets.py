"""No key, secret, passphrase or signature anywhere but in the one file it belongs into.

Method: planted secrets first, so that the search is known to find; then a whole rehearsal is searched: its state
directory, its pages, its API, its health checks and its refusals.
"""

import asyncio
import base64
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest
import zstandard
from pydantic import SecretStr

from bench.leaks import found_in, leaks
from polyloly_site import keys
from tests import stacks
from tests.servers import wait_until
from tests.stacks import Stack, environment_of
from trading.gateways.polymarket.signing import Signer
from trading.gateways.polymarket.transport.transport import Transport

KEY: Final = "0x" + Random(5).randbytes(32).hex()
API_SECRET: Final = base64.urlsafe_b64encode(Random(6).randbytes(32)).decode()
NAMED: Final = {"key": KEY, "API secret": API_SECRET}
PAGES: Final = (
    "/",
    "/markets/",
    "/orders/",
    "/fills/",
    "/risk/",
    "/audit/",
    "/people/",
    "/orders.csv",
    "/audit.csv",
    "/admin/",
    "/nowhere/",
)
TABLES: Final = ("order", "walletaction", "account", "fill", "entry", "decision")
ANSWERS: Final = (
    *("accounts", "orders", "unknown-orders", "wallet-actions", "fills", "entries", "decisions", "failures"),
    *("markets", "matches", "sources", "halts", "orders?cursor=x", "nowhere"),
)


def a_database(path: Path, text: str) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE notes (words TEXT)")
        database.execute("INSERT INTO notes VALUES (?)", ["x" * 9_000 + text])
    database.close()


@pytest.mark.parametrize(
    "spelled",
    [
        KEY,
        KEY[2:].upper(),
        f"error: {KEY[2:]}!",
        API_SECRET,
        API_SECRET.rstrip("="),
        base64.b64encode(bytes.fromhex(KEY[2:])).decode(),
        "0x" + "ab" * 65,
        '{"signature": "' + "A" * 44 + '"}',
        "POLY_SIGNATURE: " + "b" * 43 + "=",
    ],
)
@pytest.mark.parametrize("place", ["log", "database", "recording"])
def test_a_planted_secret_is_found_and_not_repeated(spelled: str, place: str, tmp_path: Path) -> None:
    if place == "database":
        a_database(tmp_path / "polyloly.sqlite3", spelled)
    elif place == "recording":
        (tmp_path / "tape.zst").write_bytes(zstandard.compress(spelled.encode()))
    else:
        (tmp_path / "bot.jsonl").write_text(f'{{"error": "{spelled}"}}\n')

    found = leaks(tmp_path, NAMED)

    assert found
    assert all(spelled[4:30] not in line for line in found)


def test_ids_of_orders_trades_and_transactions_are_no_secrets(tmp_path: Path) -> None:
    facts = {"order_id": "0x" + "cd" * 32, "token": "1" * 78, "key": "rehearsal:0xab|0x" + "ef" * 32}
    (tmp_path / "bot.jsonl").write_text(json.dumps(facts))
    (tmp_path / "var" / "secrets").mkdir(parents=True)
    (tmp_path / "var" / "secrets" / "rehearsal.key").write_text(KEY)

    assert leaks(tmp_path, NAMED) == []


def test_a_secret_too_short_to_be_looked_for_is_said() -> None:
    with pytest.raises(ValueError, match="too short"):
        found_in({"page": "x"}, ["hunter2"])


@pytest.fixture(scope="module")
def rehearsal() -> Iterator[Stack]:
    with stacks.running(PAPER_TRADING="false", SPEED="5") as stack:
        wait_until(lambda: "polyloly_fills_total{" in stack.get("/metrics")[1], what="fills", timeout_s=90)
        yield stack


class Person:
    """Logged in by the stack's link."""

    def __init__(self, stack: Stack) -> None:
        self._url = stack.url
        self._opener = build_opener(HTTPCookieProcessor())
        page = self.get(stack.link)
        token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        posted = Request(
            stack.link, data=f"csrfmiddlewaretoken={token}".encode(), headers={"Referer": stack.url}
        )
        self._opener.open(posted, timeout=10).read()

    def get(self, address: str) -> str:
        url = address if address.startswith("http") else self._url + address
        opened = self._opener
        try:
            with opened.open(url, timeout=10) as answer:
                return str(answer.read().decode())
        except HTTPError as refused:
            return f"{refused} {refused.read().decode()}"


async def secrets_of(stack: Stack) -> dict[str, str]:
    """The key, and the credentials that the venue gives to who holds it."""
    key = SecretStr((stack.state / "var" / "secrets" / "rehearsal.key").read_text())
    signer = Signer(key, wallet=keys.wallet_of(key, 3), signature_type=3)
    transport = Transport(f"http://127.0.0.1:{stack.port + 1}", signer)
    await transport.start()
    held = transport.credentials
    await transport.close()
    return {"key": key.get_secret_value(), "API secret": held.secret, "passphrase": held.passphrase}


@pytest.mark.slow
def test_a_whole_rehearsal_leaves_no_secret_anywhere(rehearsal: Stack) -> None:
    secrets = asyncio.run(secrets_of(rehearsal))
    person = Person(rehearsal)
    texts: dict[str, str | bytes] = {path: person.get(path) for path in PAGES}
    texts |= {f"admin {name}": person.get(f"/admin/trading/{name}/") for name in TABLES}
    texts |= {f"api {path}": person.get(f"/api/v1/{path}") for path in ANSWERS}
    texts |= {path: rehearsal.get(path)[1] for path in ("/health/ready", "/metrics", "/api/openapi.json")}
    orders = json.loads(str(texts["api orders"]))["items"]

    assert len(orders) > 0, "it traded"
    assert "REHEARSAL" in str(texts["/orders/"])
    assert found_in(texts, secrets) == []
    assert leaks(rehearsal.state, secrets) == []


@pytest.mark.slow
def test_only_the_trader_of_a_rehearsal_knows_where_the_key_is(rehearsal: Stack) -> None:
    knows: dict[str, Any] = {}
    for pid in rehearsal.pids():
        told = environment_of(pid)
        name = next((word.decode() for word in told if word.startswith(b"POLYLOLY_PROCESS=")), f"pid {pid}")
        knows[name] = sorted(
            word.partition(b"=")[0].decode() for word in told if b"PRIVATE_KEY" in word.upper()
        )

    assert knows.pop("POLYLOLY_PROCESS=trader") == ["PRIVATE_KEY_FILE"]
    assert len(knows) >= 6
    assert set(map(tuple, knows.values())) == {()}
