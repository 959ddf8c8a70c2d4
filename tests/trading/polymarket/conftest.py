"""The chain's own venue, for tests of the wallet. Tests of other parts have venues of their own."""

from tests.simulator.chain.conftest import chain_world, venue

__all__ = ["chain_world", "venue"]
