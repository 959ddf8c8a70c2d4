"""How many examples a property is tried on: a quarter of what it is given, all of them with ``FULL=1``."""

import os
from typing import Final

FULL: Final = os.environ.get("FULL") == "1"


def examples(count: int) -> int:
    return count if FULL else max(10, count // 4)
