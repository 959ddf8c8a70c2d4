"""People and boards for the console's tests."""

import json
from typing import Any, Protocol

import pytest
from django.contrib.auth.models import User
from django.test import Client
from redis import Redis

from infra import clock
from infra import redis as infra_redis
from risk.access.people import Role
from tests.e2e.evening import Evening
from tests.risk.conftest import with_role
from trading.selectors import BOARD_KEY


class Publish(Protocol):
    """Put a snapshot where the trader puts it."""

    def __call__(self, rows: dict[str, Any], epoch: int = 1, seq: int = 1) -> None: ...


@pytest.fixture
def ada(db: None) -> User:
    """A superuser: may do everything."""
    return User.objects.create_superuser("ada")


@pytest.fixture
def olga(db: None) -> User:
    """An operator: may halt and resume, not reset."""
    return with_role(User.objects.create_user("olga"), Role.OPERATOR)


@pytest.fixture
def vera(db: None) -> User:
    """May look."""
    return with_role(User.objects.create_user("vera"), Role.VIEWER)


@pytest.fixture
def as_ada(ada: User, redis: Redis) -> Client:
    client = Client()
    client.force_login(ada)
    return client


@pytest.fixture
def evening() -> Evening:
    return Evening(seed=1, now_ms=clock.now_ms())


@pytest.fixture
def publish(redis: Redis) -> Publish:
    """Put a snapshot where the trader puts it."""

    def put(rows: dict[str, Any], epoch: int = 1, seq: int = 1) -> None:
        text = json.dumps({"epoch": epoch, "seq": seq, "rows": rows})
        infra_redis.client(infra_redis.Db.BOARD).set(BOARD_KEY, text)

    return put
