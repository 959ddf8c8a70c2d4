"""A runner that only answers halts, one word at a time, so that a browser can watch the proof grow."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.db import connections

from core.units import Ms
from infra import clock
from risk import selectors, services
from risk.selectors import HaltInForce

NAME = "shard-0"

P = ParamSpec("P")
R = TypeVar("R")


def on_its_thread(
    act: "Callable[Concatenate[FakeRunner, P], R]",
) -> "Callable[Concatenate[FakeRunner, P], R]":
    """The browser's driver keeps a loop on the test's thread, where Django will not send to channels."""

    @wraps(act)
    def there(runner: "FakeRunner", /, *args: P.args, **kwargs: P.kwargs) -> R:
        return runner.thread.submit(act, runner, *args, **kwargs).result(timeout=20)

    return there


class FakeRunner:
    """Answers every halt once a round. ``orders_open`` is what it says it had to cancel. Use as a context."""

    def __init__(self, orders_open: int = 7) -> None:
        self.orders_open = orders_open
        self.unknown: list[str] = []
        self.answered: set[int] = set()
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="fake runner")

    def __enter__(self) -> "FakeRunner":
        self.enlist()
        return self

    def __exit__(self, *_: object) -> None:
        self.thread.submit(connections.close_all).result(timeout=20)
        self.thread.shutdown()

    @on_its_thread
    def enlist(self) -> None:
        services.enlist_runner(NAME, at=clock.now_ms())

    @on_its_thread
    def halts(self) -> list[HaltInForce]:
        whole = selectors.halt_in_force()
        return [*([] if whole is None else [whole]), *selectors.market_halts().values()]

    @on_its_thread
    def halt(self, detail: str, *, market_id: str | None = None) -> None:
        """As a part of the program stops everything, or one market."""
        by, at = services.process(NAME), clock.now_ms()
        if market_id is None:
            services.halt_trading(code=services.HaltCode.MANUAL, detail=detail, by=by, at=at)
        else:
            code = services.MarketHaltCode.MANUAL
            services.halt_market(market_id=market_id, code=code, detail=detail, by=by, at=at)

    @on_its_thread
    def stop(self, halt: HaltInForce) -> None:
        """Nothing leaves any more."""
        now = clock.now_ms()
        services.acknowledge_halt(
            round_id=halt.round_id,
            runner=NAME,
            at=now,
            orders_open=self.orders_open,
            last_sent_at=None,
            provable_from=now,
        )
        self.answered.add(halt.round_id)

    @on_its_thread
    def ask_venue(self, halt: HaltInForce, *, cancelled: int, still_open: list[str]) -> None:
        services.step_halt_report(
            round_id=halt.round_id,
            runner=NAME,
            at=clock.now_ms(),
            cancelled=cancelled,
            still_open=still_open,
            unknown=self.unknown,
        )

    def prove(self, halt: HaltInForce) -> bool:
        """Two clean answers, then the proof. False while an order is unknown."""
        for _ in range(2):
            self.ask_venue(halt, cancelled=self.orders_open - len(self.unknown), still_open=[])
        return self._close(halt)

    @on_its_thread
    def _close(self, halt: HaltInForce) -> bool:
        return services.prove_halt(round_id=halt.round_id, runner=NAME, at=Ms(clock.now_ms()))

    def answer(self) -> None:
        """Carry out whatever is in force and not answered yet."""
        for halt in self.halts():
            if halt.round_id not in self.answered:
                self.stop(halt)
                self.prove(halt)
