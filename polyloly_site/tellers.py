"""Who tells people: the addresses of ``ALERT_URLS`` are read where messages leave, and nowhere else.

ops sends the alerts, the web process the test messages, the launcher the dead man's, a person's command its own.
"""

import os
from collections.abc import Iterable
from typing import Final

from polyloly_site.keys import PROCESS_VARIABLE

NAME: Final = "ALERT_URLS"
TELLERS: Final = ("web", "ops")


def may_tell_here() -> bool:
    """Whether this process may read the addresses."""
    process = os.environ.get(PROCESS_VARIABLE)
    return not process or process in TELLERS


def without(environment: Iterable[str], process: str) -> frozenset[str]:
    """Those names of an environment that bear the addresses, for a process that has no use for them."""
    if process in TELLERS:
        return frozenset()
    return frozenset(name for name in environment if name.upper() == NAME)
