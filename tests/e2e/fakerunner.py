"""A runner that only answers halts, one word at a time, so that a browser can watch the proof grow."""

from dataclasses import dataclass, field

from core.units import Ms
from infra import clock
from risk import selectors, services
from risk.selectors import HaltInForce

NAME = "shard-0"


@dataclass
class FakeRunner:
    """Answers every halt once a round. ``orders_open`` is what it says it had to cancel."""

    orders_open: int = 7
    unknown: list[str] = field(default_factory=list)
    answered: set[int] = field(default_factory=set)

    def enlist(self) -> None:
        services.enlist_runner(NAME, at=clock.now_ms())

    def halts(self) -> list[HaltInForce]:
        whole = selectors.halt_in_force()
        return [*([] if whole is None else [whole]), *selectors.market_halts().values()]

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
        return services.prove_halt(round_id=halt.round_id, runner=NAME, at=Ms(clock.now_ms()))

    def answer(self) -> None:
        """Carry out whatever is in force and not answered yet."""
        for halt in self.halts():
            if halt.round_id not in self.answered:
                self.stop(halt)
                self.prove(halt)
