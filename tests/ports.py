"""Ports for what the tests start. Two stacks that start at once, in whatever processes, never get the same ones."""

import fcntl
import socket
import tempfile
from pathlib import Path
from typing import IO, Final

PORTS: Final = range(18100, 19900, 2)
# Shared by every run on this machine: what another one holds is not ours, whether or not it listens yet.
HELD_IN: Final = Path(tempfile.gettempdir()) / "pl-ports"

_held: list[IO[bytes]] = []  # open for as long as this process lives, and with them the locks


def free_port() -> int:
    """A port that is free, its neighbour for the simulator too; ours until this process ends, and given out once."""
    HELD_IN.mkdir(exist_ok=True)
    HELD_IN.chmod(0o777)
    for port in PORTS:
        if _is_free(port) and _take(port) and _is_free(port):
            return port
    raise AssertionError(f"no two neighbouring ports are free in {PORTS}: what holds {HELD_IN}?")


def _take(port: int) -> bool:
    held = (HELD_IN / str(port)).open("ab")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        return False
    _held.append(held)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as one, socket.socket() as two:
        try:
            one.bind(("127.0.0.1", port))
            two.bind(("127.0.0.1", port + 1))
        except OSError:
            return False
    return True
