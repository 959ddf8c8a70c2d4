"""Two shards of one stack on one wallet, one of them killed: does the other's beat keep its orders alive?

``one_of_two_killed`` starts a stack in rehearsal mode, whose trader is the first shard and holds the wallet. The
second is a process of its own beside it: lease, light, fence and a signed order that rests at the venue, its row
written first. It trades no further: markets are not dealt to several shards yet.

``python -m bench.rehearsal.shards play`` is that process, ``... watch URL`` the one that kills it and looks; both run
in the environment of the stack's trader.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

from bench.rehearsal.runs import ROOT

SECOND: Final = "shard:1"
LOOK_S: Final = 0.05
PLACED_WITHIN_S: Final = 60.0
ALIVE_S: Final = 6.0  # beaten for, with both shards alive
GONE_WITHIN_S: Final = 40.0
AGAIN_WITHIN_S: Final = 60.0
WATCH_S: Final = 200.0
SILENT_S: Final = 3  # real: a light not renewed for so long is out
VENUE_MS: Final = 15_000  # of the clock: ten seconds of silence, and a sweep each five


@dataclass(frozen=True, slots=True)
class TwoShards:
    """Times in ms of the clock, counted from the kill; ``None`` where it never came to that.

    Units:
        first_open: orders of the living shard that were open at the venue just before the kill.
        second_open: of the one that was killed, then.
        last_beat_ms: the last beat that the venue was sent before it cancelled the dead one's order.
        cancelled_ms: when the venue had cancelled it.
        allowed_ms: 15 s of the clock after the light is out, which takes up to 3 s real.
        beats_again_ms: when the venue was beaten for again, with the dead one's row still open.
        orders_after: orders that the living shard wrote after that.
    """

    speed: int
    first_open: int
    second_open: int
    last_beat_ms: int | None
    cancelled_ms: int | None
    allowed_ms: int
    beats_again_ms: int | None
    orders_after: int

    @property
    def holds(self) -> bool:
        return (
            self.first_open > 0
            and self.second_open == 1
            and self.cancelled_ms is not None
            and self.cancelled_ms <= self.allowed_ms
            and self.beats_again_ms is not None
            and self.orders_after > 0
        )


def one_of_two_killed(*, speed: int = 2, seed: int = 1) -> TwoShards:
    """Start a stack and the second shard, kill it, look what the venue does with its order."""
    from bench.rehearsal import stacks
    from tests.stacks import environment_of

    with (
        tempfile.TemporaryDirectory(prefix="pl-shards-") as folder,
        stacks.rehearsing(SPEED=str(speed), SEED=str(seed)) as (stack, _),
    ):
        stacks.trades_again(stack, 0)
        trader = stack.pid_of("trader")
        assert trader is not None, stack.output()
        lines = [os.fsdecode(line) for line in environment_of(trader) if b"=" in line]
        inherited = dict(line.split("=", 1) for line in lines)
        command = [
            sys.executable,
            "-m",
            "bench.rehearsal.shards",
            "watch",
            f"http://127.0.0.1:{stack.port + 1}",
        ]
        said = Path(folder) / "said"
        with said.open("wb") as out:
            subprocess.run(command, cwd=ROOT, env=inherited, stdout=out, check=True, timeout=WATCH_S)
        return TwoShards(**json.loads(said.read_text().splitlines()[-1]))


def play() -> None:
    """Be the second shard until killed: say the id of its order once it rests at the venue."""
    from infra import loops
    from infra.loops import Loop
    from tests.trading.resting import rest_an_order
    from trading.shard import recovery
    from trading.shard.live import Wallet
    from trading.wallet import light as wallet_light

    async def main(loop: Loop) -> None:
        from asgiref.sync import sync_to_async

        wallet = Wallet()
        assert await wallet_light.until_held(_wallet(), loop.stop)
        await wallet.start()
        account = await sync_to_async(recovery.wallet_account)(wallet.address)
        assert account is not None, "the first shard has opened it"
        order_id = await rest_an_order(wallet, account, SECOND)
        sys.stdout.write(order_id + "\n")
        sys.stdout.flush()
        await loop.stop.wait()

    loops.run_loop(SECOND, main)


def watch(url: str) -> TwoShards:
    """Start the second shard, kill it, and look."""
    from infra import clock
    from trading.models import Order
    from trading.wallet import light as wallet_light

    speed = int(clock.speed())
    wallet = _wallet()
    command = [sys.executable, "-m", "bench.rehearsal.shards", "play"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as second:
        assert second.stdout is not None
        order_id = second.stdout.readline().strip()
        assert order_id, "the second shard's order did not come to rest"
        time.sleep(ALIVE_S)
        before = _open(url, wallet)
        second.send_signal(signal.SIGKILL)
        killed = clock.now_ms()
        second.wait()
    theirs = set(Order.objects.filter(shard=SECOND).values_list("order_id", flat=True))
    beats: list[int] = []

    def gone() -> bool:
        light = wallet_light.read(wallet)
        if light is not None and light.beat_ms is not None and light.beat_ms not in beats:
            beats.append(light.beat_ms)
        return order_id not in _open(url, wallet)

    cancelled = clock.now_ms() - killed if _until(gone, GONE_WITHIN_S) else None
    last_beat, orders = beats[-1] if beats else None, Order.objects.count()

    def beaten() -> bool:
        light = wallet_light.read(wallet)
        return light is not None and not light.why and (light.beat_ms or 0) > (last_beat or killed)

    again = clock.now_ms() - killed if cancelled and _until(beaten, AGAIN_WITHIN_S) else None
    _until(lambda: Order.objects.count() > orders, AGAIN_WITHIN_S)
    return TwoShards(
        speed=speed,
        first_open=len(before - theirs),
        second_open=len(before & theirs),
        last_beat_ms=None if last_beat is None else last_beat - killed,
        cancelled_ms=cancelled,
        allowed_ms=VENUE_MS + SILENT_S * 1000 * speed,
        beats_again_ms=again,
        orders_after=Order.objects.count() - orders,
    )


def _open(url: str, wallet: str) -> set[str]:
    with urlopen(f"{url}/simulator/truth/{wallet}", timeout=10) as answer:  # noqa: S310 our own simulator
        truth: dict[str, Any] = json.load(answer)
    return {order["id"] for order in truth["orders"] if order["status"] in ("live", "delayed")}


def _wallet() -> str:
    from django.conf import settings

    return str(settings.POLYLOLY.wallet)


def _until(true: Callable[[], bool], within_s: float) -> bool:
    end = time.monotonic() + within_s
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(LOOK_S)
    return True


def main() -> None:
    import django

    django.setup()
    if sys.argv[1] == "play":
        play()
    else:
        sys.stdout.write(json.dumps(asdict(watch(sys.argv[2]))) + "\n")


if __name__ == "__main__":
    main()
