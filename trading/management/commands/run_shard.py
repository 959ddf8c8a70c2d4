"""``manage.py run_shard N``: one shard by itself, in the foreground. TERM or Ctrl-C ends it in order, with 0.

Where orders are signed it holds the wallet too, unless somebody else does.
"""

import signal
import threading
from types import FrameType
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from infra import heartbeat, loops, redis
from infra.loops import Loop
from trading.errors import TradingError
from trading.health import going_live
from trading.shard import shard
from trading.tasks import run_wallet

ASK_AGAIN_S: Final = 1.0
WALLET_ENDS_WITHIN_S: Final = 6.0


class Command(BaseCommand):
    help = "Run one shard in the foreground. It needs Redis, the database and the venue, and nothing else."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", type=int, help="which shard, from 0")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.POLYLOLY.signs and settings.POLYLOLY.private_key is None:
            raise CommandError("orders are signed in this mode: set PRIVATE_KEY_FILE (README, Modes)")
        refused = going_live.refusal()
        if refused is not None:
            raise CommandError(refused)
        for told in (signal.SIGTERM, signal.SIGINT):
            signal.signal(told, stop)
        keeping = threading.Thread(target=hold_wallet, name="wallet", daemon=True)
        if settings.POLYLOLY.signs:
            keeping.start()
        # It is a trader: an arming is given for those that beat.
        heart = heartbeat.start("trader")
        try:
            run(options["number"])
        finally:
            heart.stop()
            loops.stop_loops()
            if keeping.ident is not None:
                keeping.join(WALLET_ENDS_WITHIN_S)


def run(number: int) -> None:
    """Raises ``CommandError`` when another runs this shard, or when it cannot go on."""
    name = f"shard:{number}"
    begun = threading.Event()

    async def main(loop: Loop) -> None:
        begun.set()
        await shard.run(loop, number)

    try:
        loops.run_loop(name, main)
    except TradingError as error:
        raise CommandError(f"{name} cannot trade: {error}") from error
    if not begun.is_set() and not loops.running.ending:
        raise CommandError(f"{name} is not run here: {holder(name)} runs it, or Redis does not answer")
    if not loops.running.ending:
        raise CommandError(f"{name} ended: its lease or its fence was taken, see the log")


def holder(name: str) -> str:
    """The process whose light is on, as far as Redis tells."""
    light = redis.client(redis.Db.BUS).get(loops.pulse_key(name))
    word = light.decode() if isinstance(light, bytes) else light
    return "another process" if word is None else f"process {word.partition(',')[0]}"


def hold_wallet() -> None:
    """Ask for the wallet again and again, as beat does, until the process ends."""
    while not loops.running.ending:
        run_wallet()
        threading.Event().wait(ASK_AGAIN_S)


def stop(number: int, frame: FrameType | None) -> None:
    """End every loop of the process. In a thread: the signal may have come while the loops' lock was held."""
    threading.Thread(target=loops.stop_loops, name="stop").start()
