"""The trust table is total and says what it is meant to say."""

from itertools import product

import pytest

from core.trust import NEXT, Happening, Trust

# Every move by name; what is not here stays where it is. Written out a second time on purpose.
MOVES = {
    (Trust.SYNCING, Happening.AGREES): Trust.TRUSTED,
    (Trust.SYNCING, Happening.CONFIRMED): Trust.TRUSTED,
    (Trust.SYNCING, Happening.TORE): Trust.TORN,
    (Trust.SYNCING, Happening.LOST): Trust.STALE,
    (Trust.TRUSTED, Happening.TORE): Trust.TORN,
    (Trust.TRUSTED, Happening.UNANSWERED): Trust.STALE,
    (Trust.TRUSTED, Happening.DIFFERS): Trust.STALE,
    (Trust.TRUSTED, Happening.LOST): Trust.STALE,
    (Trust.TRUSTED, Happening.BACK): Trust.SYNCING,
    (Trust.STALE, Happening.AGREES): Trust.TRUSTED,
    (Trust.STALE, Happening.CONFIRMED): Trust.TRUSTED,
    (Trust.STALE, Happening.TORE): Trust.TORN,
    (Trust.STALE, Happening.BACK): Trust.SYNCING,
    (Trust.TORN, Happening.AGREES): Trust.TRUSTED,
    (Trust.TORN, Happening.CONFIRMED): Trust.TRUSTED,
    (Trust.TORN, Happening.DIFFERS): Trust.STALE,
    (Trust.TORN, Happening.LOST): Trust.STALE,
    (Trust.TORN, Happening.BACK): Trust.SYNCING,
    (Trust.PAUSED, Happening.RESUMED): Trust.SYNCING,
    **{(trust, Happening.PAUSED): Trust.PAUSED for trust in Trust},
}


@pytest.mark.parametrize(("trust", "happening"), list(product(Trust, Happening)))
def test_every_pair_is_a_named_move_or_stays(trust: Trust, happening: Happening) -> None:
    assert NEXT[trust][happening] is MOVES.get((trust, happening), trust)


@pytest.mark.parametrize("trust", list(Trust))
def test_only_agreement_or_a_confirmation_leads_to_trust(trust: Trust) -> None:
    leading = {happening for happening, then in NEXT[trust].items() if then is Trust.TRUSTED}

    if trust is not Trust.TRUSTED:
        assert leading <= {Happening.AGREES, Happening.CONFIRMED}


def test_a_pause_is_ended_by_nothing_but_its_end() -> None:
    ways_out = {happening for happening, then in NEXT[Trust.PAUSED].items() if then is not Trust.PAUSED}

    assert ways_out == {Happening.RESUMED}
