"""What is looked at outside before anything trades (product.md 3): clock, sockets, positions, sources, balance.

The launcher, and ``manage.py look_first`` among containers, ask in this order and log each answer as
``startup_check``. What trading cannot do without is tried three times and then ends the start; everything else is a
warning that the doctor shows from then on.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Final

import httpx
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from infra import logs
from infra.checks import Check, Verdict, failed, passed, tell_at_start, warned
from polyloly_site import time_sync
from polyloly_site.env import Polyloly, Venue
from trading.gateways.polymarket.wallet import chain_look

TRIES: Final = 3
WAITS_MS: Final = (1_000, 2_000)  # between the tries
ASK_S: Final = 5.0
NOBODY: Final = f"0x{'0' * 40}"  # on paper there is no wallet, and the venue answers about any address
SERVER_ERROR: Final = 500
REACH_IT: Final = "see that this machine reaches the venue: network, proxy, firewall, then its status page"

Pause = Callable[[int], bool]
Look = Callable[[], Check]

log = logs.get("launcher")


class Refused(Exception):
    """The start ends here; the text is one line for the person at the terminal."""


class TimeAsked:
    """The time server's answer, asked for while the first processes start."""

    def __init__(self) -> None:
        self._found: Check | None = None
        self._thread = threading.Thread(target=self._ask, name="time", daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        self._found = time_sync.ask()

    def answer(self) -> Check:
        self._thread.join(time_sync.ASK_S + 1)
        return self._found or warned(time_sync.NAME, "the time server is still being asked", "see the doctor")

    def keep(self) -> None:
        """Once Redis runs: let everybody read it."""
        if self._found is not None:
            time_sync.keep(self._found)


def look_outside(polyloly: Polyloly, time: TimeAsked, pause: Pause) -> None:
    """Everything outside, in order. ``pause`` waits so many ms and is true when the start was broken off.

    Raises ``Refused`` when the venue's socket or its positions cannot be had.
    """
    tell_at_start(time.answer())
    tried(lambda: websocket(polyloly), pause)
    tried(lambda: positions(polyloly), pause)
    for found in (*sources(polyloly), *wallet(polyloly)):
        tell_at_start(found)


def tried(look: Look, pause: Pause) -> None:
    """Look up to three times. Raises ``Refused`` when it fails each time, unless the start was broken off."""
    found = look()
    for wait_ms in WAITS_MS:
        if found.verdict is not Verdict.FAIL:
            break
        log.warning("startup check tried again", check=found.name, detail=found.detail, in_ms=wait_ms)
        if pause(wait_ms):
            return
        found = look()
    tell_at_start(found)
    if found.verdict is Verdict.FAIL:
        raise Refused(f"{found.name}: {found.detail}, tried {TRIES} times. {found.next_step}")


def websocket(polyloly: Polyloly) -> Check:
    """Does the market channel open?"""
    return _opens("websocket", polyloly.urls.market_ws)


def positions(polyloly: Polyloly) -> Check:
    """Does the venue tell what is held? With a wallet the answer must be about it."""
    name, url = "positions", f"{polyloly.urls.data}/v2/positions"
    try:
        # A simulator next door is asked directly, whatever proxy the machine has.
        with httpx.Client(timeout=ASK_S, trust_env=url.startswith("https://")) as http:
            answer = http.get(url, params={"user": polyloly.wallet or NOBODY})
    except httpx.HTTPError as error:
        return failed(name, f"{url}: {type(error).__name__} {error}".rstrip(), REACH_IT)
    refused = not answer.is_success if polyloly.wallet else answer.status_code >= SERVER_ERROR
    if refused:
        return failed(name, f"{url}: HTTP {answer.status_code}", REACH_IT)
    return passed(name, f"{url} answers")


def sources(polyloly: Polyloly) -> Iterator[Check]:
    """Each source of matches: a warning, for pair arbitrage trades without them."""
    found = {"matches": polyloly.urls.matches_ws}
    enabled = {name: url for name, url in found.items() if url is not None}
    if not enabled:
        yield passed("sources", "none enabled in this mode: temporal arbitrage does not trade")
    for name, url in enabled.items():
        said = _opens(f"source {name}", url)
        failing = said.verdict is Verdict.FAIL
        yield warned(said.name, said.detail, "it connects by itself once it is there") if failing else said


def wallet(polyloly: Polyloly) -> Iterator[Check]:
    """What the wallet holds and may spend, by the chain; asked without the key. Never ends the start."""
    if polyloly.wallet is None:
        known = "the trader alone knows the wallet, and asks" if polyloly.signs else "paper: no wallet"
        yield passed("balance", known)
        return
    balance, allowance = chain_look.look(polyloly.urls, polyloly.wallet)
    if polyloly.venue is Venue.SIMULATOR and balance.verdict is not Verdict.PASS:
        funded = "a new wallet is funded and approved when the trader logs in at the simulated venue"
        yield passed("balance", f"{balance.detail}: {funded}")
        return
    yield from (balance, allowance)


def _opens(name: str, url: str) -> Check:
    try:
        with connect(
            url, open_timeout=ASK_S, close_timeout=1, proxy=None if url.startswith("ws://") else True
        ):
            return passed(name, f"{url} opens")
    except (OSError, WebSocketException, TimeoutError) as error:
        return failed(name, f"{url}: {type(error).__name__} {error}".rstrip(), REACH_IT)
