"""The one-time log-in links that commands print and risk admins hand over."""

from django.conf import settings
from django.core.management.base import CommandError
from redis import RedisError

from infra.clock import now_ms
from risk.access import colleagues
from risk.access.people import Actor
from risk.errors import RiskError


def once(name: str, *, by: Actor) -> str:
    """The address that lets ``name`` in once. Raises ``CommandError`` with the way out."""
    try:
        token = colleagues.login_token(name=name, by=by, at=now_ms())
    except RiskError as refused:
        raise CommandError(str(refused)) from refused
    except (RedisError, OSError) as error:
        raise CommandError(
            f"no link was made, Redis does not answer ({error}): start polyloly, then manage.py login_link {name}"
        ) from error
    return address_of(token)


def address_of(token: str) -> str:
    """Where a one-time token is used."""
    polyloly = settings.POLYLOLY
    origin = polyloly.public_origin or f"http://127.0.0.1:{polyloly.port}"
    return f"{origin}/login/once/{token}/"
