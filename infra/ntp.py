"""How far this machine's clock is off, by a time server's word. Asks once, within a bound, and never hangs."""

import queue
import threading
from typing import Final

import ntplib

VERSION: Final = 4
PORT: Final = 123
UNSYNCHRONISED: Final = 3  # leap indicator: the server does not know the time itself
STRATUM_MAX: Final = 15


class NoTime(Exception):
    """No server told the time; the text says why."""


def offset_ms(server: str, *, within_s: float) -> int:
    """Milliseconds to add to this machine's clock to be right. Raises ``NoTime``.

    ``server`` is a name or address, with ``:port`` behind it where it is not 123. The name is looked up by the system,
    which no timeout reaches: so it is asked on a thread that is left behind when it does not come back.
    """
    told: queue.SimpleQueue[int | Exception] = queue.SimpleQueue()
    threading.Thread(target=_ask, args=(server, within_s, told), name="ntp", daemon=True).start()
    try:
        answer = told.get(timeout=within_s)
    except queue.Empty:
        raise NoTime(f"{server} did not answer within {within_s:g} s") from None
    if isinstance(answer, Exception):
        raise NoTime(f"{server}: {answer}") from answer
    return answer


def _ask(server: str, within_s: float, told: "queue.SimpleQueue[int | Exception]") -> None:
    host, _, port = server.partition(":")
    try:
        said = ntplib.NTPClient().request(host, version=VERSION, port=int(port or PORT), timeout=within_s)
        told.put(_judged(said))
    except (ntplib.NTPException, OSError, ValueError, NoTime) as error:
        told.put(error)


def _judged(said: ntplib.NTPStats) -> int:
    if said.leap == UNSYNCHRONISED or not 0 < said.stratum <= STRATUM_MAX:
        raise NoTime(f"it is not synchronised itself (stratum {said.stratum})")
    off: int = round(said.offset * 1000)
    return off
