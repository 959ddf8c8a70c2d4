"""``manage.py run_simulator``: the simulated venue and its matches, in the foreground."""

import asyncio
import signal
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.units import Usdc, usdc
from infra import clock, heartbeat, logs
from simulator import server
from simulator.chain.accounts import START_CASH
from simulator.evening import STAGES_MAX
from simulator.faults import FAULTS, Fault, Name
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
        parser.add_argument(
            "--stages",
            type=int,
            default=settings.POLYLOLY.simulator_stages,
            help="matches at once, some three markets each; 5 by default",
        )
        parser.add_argument(
            "--fund",
            type=_amount,
            default=START_CASH,
            metavar="USDC",
            help="in a new wallet; 10,000 by default",
        )
        parser.add_argument(
            "--fault", action="append", default=[], metavar="NAME:RATE", help="on from the start; repeatable"
        )

    def handle(
        self,
        *args: Any,
        host: str,
        port: int,
        seed: int,
        stages: int,
        fund: Usdc,
        fault: list[str],
        **options: Any,
    ) -> None:
        if not 0 < stages <= STAGES_MAX:
            raise CommandError(f"--stages is 1 to {STAGES_MAX}, not {stages}")
        faults = [_fault(text, seed) for text in fault]
        heart = heartbeat.start("simulator")
        try:
            asyncio.run(_serve(host, port, World(seed, clock.now_ms(), stages=stages), seed, fund, faults))
        except OSError as error:
            raise CommandError(f"cannot listen on {host}:{port}: {error}") from error
        finally:
            heart.stop()


def _amount(text: str) -> Usdc:
    """For argparse, which turns the ``ValueError`` of a bad amount into its own words."""
    return usdc(text)


def _fault(text: str, seed: int) -> Fault:
    """``late:50`` as a fault. Raises ``CommandError``."""
    name, _, rate = text.partition(":")
    try:
        return Fault(Name(name), int(rate), seed)
    except ValueError as error:
        raise CommandError(f"--fault {text}: {error}") from error


async def _serve(host: str, port: int, world: World, seed: int, fund: Usdc, on: list[Fault]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    app = server.application(world, start_cash=fund)
    for fault in on:
        app[FAULTS].switch_on(fault)
    async with server.listening(app, port, host) as bound:
        log.info(
            "simulator listens",
            event_type="startup",
            url=f"http://{host}:{bound}",
            seed=seed,
            markets=len(world.open_sheets()),
            faults={fault.name: fault.rate for fault in on},
        )
        await server.run_world(app, stop)
    log.info("simulator stopped", event_type="shutdown_step")
