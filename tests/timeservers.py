"""A time server of our own: speaks NTP on loopback, and is off, late or lost as a test wants it."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

EPOCH_1900_S: Final = 2_208_988_800
PACKET: Final = struct.Struct("!BBbbIIIQQQQ")
SERVER: Final = 4


@contextmanager
def time_server(*, off_ms: int = 0, stratum: int = 2, leap: int = 0, silent: bool = False) -> Iterator[str]:
    """Serve until the end; ``host:port``. Its time is ours and ``off_ms``."""
    over = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))
        door.settimeout(0.05)

        def serve() -> None:
            while not over.is_set():
                try:
                    asked, who = door.recvfrom(256)
                except TimeoutError:
                    continue
                if not silent:
                    door.sendto(_answer(asked, off_ms, stratum, leap), who)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{door.getsockname()[1]}"
        finally:
            over.set()
            thread.join(5)


def _answer(asked: bytes, off_ms: int, stratum: int, leap: int) -> bytes:
    now = _stamp(off_ms)
    their_stamp = PACKET.unpack(asked[: PACKET.size])[-1]
    first = leap << 6 | 4 << 3 | SERVER
    return PACKET.pack(first, stratum, 6, -20, 0, 0, 0, now, their_stamp, now, now)


def _stamp(off_ms: int) -> int:
    """64 bits of NTP: seconds since 1900 and their 2**32nd parts."""
    ns = time.time_ns() + off_ms * 1_000_000 + EPOCH_1900_S * 1_000_000_000
    return ns // 1_000_000_000 << 32 | (ns % 1_000_000_000 << 32) // 1_000_000_000
