"""A thread that works off what a loop gives it, and tells the loop."""

import asyncio
import threading
from functools import partial

import pytest

from infra.pen import Pen

SOON_S = 2.0


async def done_by(pen: Pen, count: int) -> list[object]:
    """What ``count`` pieces of work came to, in the order in which that was told."""
    told: list[object] = []
    all_told = asyncio.Event()

    def tell(said: object) -> None:
        told.append(said)
        if len(told) == count:
            all_told.set()

    for number in range(count):
        pen.ask(partial(divmod, 10, number - 1), tell)
    async with asyncio.timeout(SOON_S):
        await all_told.wait()
    return told


async def test_work_is_done_in_order_and_its_errors_are_told_as_they_are() -> None:
    pen = Pen("test")

    told = await done_by(pen, 4)

    assert [told[0], *told[2:]] == [(-10, 0), (10, 0), (5, 0)]
    assert isinstance(told[1], ZeroDivisionError)
    pen.end()


async def test_it_is_told_on_the_loop_and_done_elsewhere() -> None:
    pen = Pen("test pen")
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    here: list[str] = []

    def tell(name: str | Exception) -> None:
        here.append(threading.current_thread().name)
        told.set_result(str(name))

    pen.ask(lambda: threading.current_thread().name, tell)
    async with asyncio.timeout(SOON_S):
        worked = await told

    assert worked == "test pen"
    assert here == [threading.current_thread().name]
    pen.end()


async def test_it_ends_after_the_work_it_was_given() -> None:
    pen = Pen("test")
    thread = pen._thread
    told = asyncio.Event()
    pen.ask(lambda: None, lambda _: told.set())

    pen.end()

    async with asyncio.timeout(SOON_S):
        await told.wait()
    thread.join(SOON_S)
    assert not thread.is_alive()


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_loop_that_is_gone_is_told_nothing_and_the_thread_ends() -> None:
    begun, go = threading.Event(), threading.Event()

    async def ask() -> Pen:
        pen = Pen("test")

        def work() -> None:
            begun.set()
            go.wait(SOON_S)

        pen.ask(work, lambda _: None)
        return pen

    pen = asyncio.run(ask())
    assert begun.wait(SOON_S)
    go.set()
    pen.end()

    pen._thread.join(SOON_S)
    assert not pen._thread.is_alive()
