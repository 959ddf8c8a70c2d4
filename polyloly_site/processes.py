"""The processes of one stack and the order in which they end. The compose file runs the same commands."""

import os
import sys
from typing import Final

from infra import clock, redis, services
from infra.children import Program
from polyloly_site import keys, tellers
from polyloly_site.env import ROOT, Polyloly, Venue

MANAGE: Final = str(ROOT / "manage.py")
# One thread for each long-lived loop, and two that tell beat's repeated requests "already running".
THREADS: Final = {"trading": 4, "feeds": 4, "ops": 5}
DAPHNE_CLOSE_S: Final = 3


def environment(polyloly: Polyloly, name: str) -> dict[str, str]:
    """What every process of the stack is told, whatever the launcher was started with."""
    address = polyloly.redis_url or f"unix://{redis.socket_path(polyloly.state_dir)}"
    return {
        "DJANGO_SETTINGS_MODULE": "polyloly_site.settings",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])),
        "PYTHONUNBUFFERED": "1",
        # A worker would import every page of the console to check its address: slow, and a broken page is no
        # reason to stop trading.
        "CELERY_SKIP_CHECKS": "true",
        "PORT": str(polyloly.port),
        "SPEED": str(polyloly.speed),
        "STATE_DIR": str(polyloly.state_dir),
        "REDIS_URL": address,
        clock.ANCHOR_VARIABLE: clock.start(polyloly.speed).text(),
        keys.PROCESS_VARIABLE: name,
    } | ({} if polyloly.wallet is None else {"WALLET_ADDRESS": polyloly.wallet})


def program(polyloly: Polyloly, name: str, command: tuple[str, ...]) -> Program:
    """One of ours. The private key goes to the trader, and only where orders are signed; nobody else inherits it."""
    told = environment(polyloly, name)
    silent = tellers.without(os.environ, name)
    if name != keys.HOLDER or not polyloly.signs:
        return Program(name, command, told, keys.without(os.environ) | silent)
    if polyloly.private_key_file is not None:
        told["PRIVATE_KEY_FILE"] = str(polyloly.private_key_file)
    return Program(name, command, told, silent)


def embedded_redis(polyloly: Polyloly) -> Program:
    command = tuple(services.valkey_command(polyloly.state_dir))
    return Program("redis", command, {}, keys.without(os.environ) | tellers.without(os.environ, "redis"))


def web(polyloly: Polyloly) -> Program:
    # No --proxy-headers: a client's address is the socket's, so that nobody can claim to be loopback.
    command = (
        *(sys.executable, "-m", "daphne", "-b", polyloly.bind, "-p", str(polyloly.port)),
        *("-v", "0", "--no-server-name", "--application-close-timeout", str(DAPHNE_CLOSE_S)),
        "polyloly_site.asgi:application",
    )
    return program(polyloly, "web", command)


def worker(polyloly: Polyloly, name: str, queue: str) -> Program:
    command = (
        *(
            sys.executable,
            "-m",
            "celery",
            "-q",
            "-A",
            "polyloly_site",
            "worker",
            "-n",
            f"{name}@%h",
            "-Q",
            queue,
        ),
        *("-P", "threads", "-c", str(THREADS[queue]), "--prefetch-multiplier", "1", "-l", "WARNING"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    )
    return program(polyloly, name, command)


def beat(polyloly: Polyloly) -> Program:
    command = (
        *(sys.executable, "-m", "celery", "-q", "-A", "polyloly_site", "beat", "-l", "WARNING", "--pidfile="),
        *("--schedule", str(polyloly.var_dir / "beat")),
    )
    return program(polyloly, "beat", command)


def simulator(polyloly: Polyloly) -> Program:
    command = (sys.executable, MANAGE, "run_simulator")
    return program(polyloly, "simulator", command)


def venue(polyloly: Polyloly) -> Program | None:
    """The simulated one, where we trade there and ``SIMULATOR_URL`` names no other."""
    ours = polyloly.venue is Venue.SIMULATOR and polyloly.simulator_url is None
    return simulator(polyloly) if ours else None


def programs(polyloly: Polyloly) -> list[Program]:
    """All but the embedded Redis and the venue, in the order in which they start: the slowest to be ready first."""
    return [
        web(polyloly),
        worker(polyloly, "trader", "trading"),
        worker(polyloly, "feeds", "feeds"),
        worker(polyloly, "ops", "ops"),
        beat(polyloly),
    ]


# Who ends together, and how long each group may take; whole within the 15 s of product.md 3. Nothing new is asked for
# and the trader goes while everything it needs for cancelling and flushing still runs; Redis goes last.
STOP_ORDER: Final = (
    ("no new work, orders cancelled, journal flushed", ("beat", "trader"), 6000),
    ("sources, reports and console ended", ("feeds", "ops", "web", "simulator"), 5000),
    ("queue and bus ended", ("redis",), 2000),
)
