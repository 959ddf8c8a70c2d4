"""A Celery worker with one loop, for ``test_loops``: run as ``celery -A tests.infra.loop_worker worker``."""

import os

import django
from celery import Celery

from infra import aio, redis
from infra.loops import Loop, run_loop

django.setup()
app = Celery("loop_worker", broker=redis.broker_url_of(os.environ["REDIS_URL"]))
app.conf.task_default_queue = "loops"


async def count_turns(loop: Loop) -> None:
    """Count in Redis until told to stop, then say that we were."""
    loop.warmed_up()
    client = redis.async_client(redis.Db.BUS)
    while not await aio.stopped_within(loop.stop, 50):
        await client.hincrby("turns", str(os.getpid()), 1)
    await client.hset("stopped", str(os.getpid()), "by its stop event")


@app.task(name="count", ignore_result=True)  # type: ignore[untyped-decorator]
def count() -> None:
    run_loop("count", count_turns)
