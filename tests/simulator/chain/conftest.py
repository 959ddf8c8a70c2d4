"""One world for all tests of the chain, and a venue of its own for each."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator.world import World
from tests.simulator.chain.venues import Venue, one_authority, open_venue
from tests.simulator.evenings import START

MIXED_SEED = 45  # opens with several markets of each kind


@pytest.fixture(scope="session")
def chain_world() -> World:
    return World(MIXED_SEED, START)


@pytest.fixture
async def venue(chain_world: World, tmp_path: Path) -> AsyncIterator[Venue]:
    with one_authority(tmp_path):
        async with open_venue(chain_world) as opened:
            yield opened
