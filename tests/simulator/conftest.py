"""Worlds shared by the simulator's tests. Nobody steps them further."""

import pytest

from core.units import Ms
from simulator.world import Said, World
from tests.simulator.evenings import MINUTE_MS, START, Hour, an_hour


@pytest.fixture(scope="session")
def hour() -> Hour:
    return an_hour(seed=11)


@pytest.fixture(scope="session", params=[7, 8])
def five_minutes(request: pytest.FixtureRequest) -> Said:
    """All that was said in the first five minutes of a world."""
    return World(request.param, START).step(Ms(START + 5 * MINUTE_MS))
