"""A time server's word is taken when it knows the time itself; nobody waits for one that does not answer."""

import pytest

from infra import clock, ntp
from tests.timeservers import time_server

NEAR_MS = 500  # what a busy machine may take between two looks at its clock


@pytest.mark.parametrize("off_ms", [0, 90_000, -90_000])
def test_it_says_how_far_we_are_off(off_ms: int) -> None:
    with time_server(off_ms=off_ms) as server:
        found = ntp.offset_ms(server, within_s=5)

    assert abs(found - off_ms) < NEAR_MS


@pytest.mark.parametrize(("stratum", "leap"), [(16, 0), (0, 0), (2, 3)])
def test_one_that_does_not_know_the_time_is_not_believed(stratum: int, leap: int) -> None:
    with (
        time_server(stratum=stratum, leap=leap) as server,
        pytest.raises(ntp.NoTime, match="not synchronised"),
    ):
        ntp.offset_ms(server, within_s=5)


def test_a_silent_one_is_waited_for_no_longer_than_said() -> None:
    began = clock.monotonic_ms()

    with time_server(silent=True) as server, pytest.raises(ntp.NoTime, match=r"0\.2 s|No response"):
        ntp.offset_ms(server, within_s=0.2)

    assert clock.monotonic_ms() - began < 5_000


@pytest.mark.parametrize("server", ["no.such.name.invalid", "127.0.0.1:no-port"])
def test_a_name_that_leads_nowhere_is_named(server: str) -> None:
    with pytest.raises(ntp.NoTime, match=server.partition(":")[0]):
        ntp.offset_ms(server, within_s=2)
