"""The Celery application: loops and schedules, all asked for by beat."""

import sys
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_init, worker_ready, worker_shutdown
from django.conf import settings

from infra import heartbeat
from infra.vigil import Vigil

app = Celery("polyloly")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

_hearts: list[heartbeat.Heart] = []
_vigils: list[Vigil] = []


def worker_starts(sender: Any = None, **_: Any) -> None:  # noqa: ANN401 Celery's worker
    """The watchdog lives in ops and waits for no queue: a Redis that is away must not put it to sleep.

    A trader that must be armed does not start without what live must not start without, whoever starts it.
    """
    if sender.hostname.partition("@")[0] == "trader":
        from trading.health import going_live

        refused = going_live.refusal()
        if refused is not None:
            sys.stderr.write(f"{refused}\n")
            raise SystemExit(1)
    if sender.hostname.partition("@")[0] == "ops":
        from risk.alerts import sender
        from risk.alerts.watch import Watch
        from risk.watchdog import Watchdog

        if settings.POLYLOLY.signs:
            # Seconds of imports, which a halt that nobody answers has not got.
            from trading.controls import last_hand  # noqa: F401

        _vigils.append(Vigil("watchdog", Watchdog().look).start())
        _vigils.append(Vigil("alerts", Watch().look).start())
        _vigils.extend(sender.start_all())


def worker_begins(sender: Any = None, **_: Any) -> None:  # noqa: ANN401 Celery's consumer
    """A worker is called ``trader@host``; its light bears the first part."""
    name = sender.hostname.partition("@")[0]
    _hearts.append(heartbeat.start(name))
    if name == "trader":
        from trading.shard import first_look

        first_look.ask()


def beat_begins(**_: Any) -> None:
    _hearts.append(heartbeat.start("beat"))


def worker_ends(sender: Any = None, **_: Any) -> None:  # noqa: ANN401 Celery's worker
    """In good order. What the trader left for ops goes with it: its orders are withdrawn."""
    if sender is not None and sender.hostname.partition("@")[0] == "trader":
        from trading.wallet import venue_pass

        venue_pass.take_away()
    for vigil in _vigils:
        vigil.stop()
    for heart in _hearts:
        heart.stop()


worker_init.connect(worker_starts)
worker_ready.connect(worker_begins)
beat_init.connect(beat_begins)
worker_shutdown.connect(worker_ends)
