"""Whoever watches does not fall asleep: not by an exception, not by a database that went away."""

import threading

from infra.vigil import Vigil

WITHIN_S = 10


def test_it_looks_again_and_again_until_it_is_told_to_stop() -> None:
    enough = threading.Event()
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        if len(looks) == 3:
            enough.set()

    vigil = Vigil("test", look, every_ms=1).start()
    assert enough.wait(WITHIN_S)
    vigil.stop()
    seen = len(looks)

    assert seen >= 3
    assert len(looks) == seen


def test_what_one_look_raises_does_not_end_it() -> None:
    well = threading.Event()
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        if len(looks) <= 2:
            raise ValueError("no such row")
        well.set()

    vigil = Vigil("test", look, every_ms=1).start()
    assert well.wait(WITHIN_S)
    vigil.stop()
