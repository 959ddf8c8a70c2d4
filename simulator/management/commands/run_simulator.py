"""``manage.py run_simulator``: the simulated venue and its matches, in the foreground."""

import asyncio
import signal
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from infra import clock, heartbeat, logs
from simulator import server
from simulator.world import World

log = logs.get("simulator")


class Command(BaseCommand):
    help = "Run the simulated exchange and matches on loopback until TERM or Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=settings.POLYLOLY.simulator_port)
        parser.add_argument(
            "--host", default=server.HOST, help="elsewhere than loopback only among containers"
        )
        parser.add_argument("--seed", type=int, default=settings.POLYLOLY.seed)

    def handle(self, *args: Any, host: str, port: int, seed: int, **options: Any) -> None:
        heart = heartbeat.start("simulator")
        try:
            asyncio.run(_serve(host, port, seed))
        except OSError as error:
            raise CommandError(f"cannot listen on {host}:{port}: {error}") from error
        finally:
            heart.stop()


async def _serve(host: str, port: int, seed: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    world = World(seed, clock.now_ms())
    app = server.application(world)
    async with server.listening(app, port, host) as bound:
        log.info(
            "simulator listens",
            event_type="startup",
            url=f"http://{host}:{bound}",
            seed=seed,
            markets=len(world.open_sheets()),
        )
        await server.run_world(app, stop)
    log.info("simulator stopped", event_type="shutdown_step")
