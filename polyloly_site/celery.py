"""The Celery application: loops and schedules, all asked for by beat."""

from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_ready, worker_shutdown

from infra import heartbeat

app = Celery("polyloly")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

_hearts: list[heartbeat.Heart] = []


def worker_begins(sender: Any = None, **_: Any) -> None:  # noqa: ANN401 Celery's consumer
    """A worker is called ``trader@host``; its light bears the first part."""
    _hearts.append(heartbeat.start(sender.hostname.partition("@")[0]))


def beat_begins(**_: Any) -> None:
    _hearts.append(heartbeat.start("beat"))


def worker_ends(**_: Any) -> None:
    for heart in _hearts:
        heart.stop()


worker_ready.connect(worker_begins)
beat_init.connect(beat_begins)
worker_shutdown.connect(worker_ends)
