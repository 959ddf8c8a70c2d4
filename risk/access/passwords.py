"""Where a name, a password or a link is said: each try is counted before it is looked at (``risk.access.lockouts``)."""

from collections.abc import Callable

from django.contrib.auth.models import User
from django.http import HttpRequest

from infra.clock import now_ms
from risk.access import known_browser, lockouts
from risk.access.lockouts import Subject
from risk.access.visitors import address, visitor


def try_password(request: HttpRequest, name: str, is_right: Callable[[], bool]) -> bool:
    """Whether a name and its password are right. Raises ``LockedOut``: not looked at, or the last that was."""
    browser = known_browser.known(request, name)
    subjects = lockouts.of_name(name, browser=browser, visitor=visitor(request))
    return _try(subjects, is_right, from_address=address(request))


def try_own_password(user: User, is_right: Callable[[], bool], *, from_address: str) -> bool:
    """As ``try_password``, of somebody who is logged in already."""
    return _try(lockouts.of_session(user), is_right, from_address=from_address)


def wrong_link(request: HttpRequest) -> None:
    """Count a link that lets nobody in; a right one always does, it is the way out. Raises ``LockedOut``."""
    lockouts.wrong(lockouts.of_links(visitor(request)), from_address=address(request), at=now_ms())


def _try(subjects: tuple[Subject, ...], is_right: Callable[[], bool], *, from_address: str) -> bool:
    entry = lockouts.begin(subjects, from_address=from_address, at=now_ms())
    if is_right():
        lockouts.welcomed(entry)
        return True
    lockouts.refused(entry, at=now_ms())
    return False
