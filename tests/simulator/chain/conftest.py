"""One world for all tests of the chain, and a venue of its own for each."""

from collections.abc import AsyncIterator, Iterator

import pytest

from simulator.world import World
from tests.simulator.chain.venues import Venue, one_authority, open_venue
from tests.simulator.evenings import START


@pytest.fixture(scope="session")
def chain_world() -> World:
    return World(23, START)


@pytest.fixture(scope="session")
def few_certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with one_authority(tmp_path_factory.mktemp("authority")):
        yield


@pytest.fixture
async def venue(chain_world: World, few_certificates: None) -> AsyncIterator[Venue]:
    async with open_venue(chain_world) as opened:
        yield opened
