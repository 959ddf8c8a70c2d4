"""One world for all tests of the chain, and a venue of its own for each."""

from collections.abc import AsyncIterator

import pytest

from simulator.world import World
from tests.simulator.chain.venues import Venue, open_venue
from tests.simulator.evenings import START


@pytest.fixture(scope="session")
def chain_world() -> World:
    return World(23, START)


@pytest.fixture
async def venue(chain_world: World) -> AsyncIterator[Venue]:
    async with open_venue(chain_world) as opened:
        yield opened
