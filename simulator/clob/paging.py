"""Pages of a list: the cursor is an offset in base64, ``MA==`` to begin with and ``LTE=`` after the last one."""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from simulator.clob.refusals import Refused

LIMIT: Final = 100
END: Final = "LTE="  # -1


def offset(request: web.Request, words: str) -> int:
    """Where the page begins. Raises ``Refused`` with these words when the cursor makes no sense."""
    cursor = request.query.get("next_cursor", "")
    if not cursor:
        return 0
    try:
        found = int(b64decode(cursor, validate=True))
    except (ValueError, binascii.Error):
        raise Refused(400, words) from None
    if found < 0:
        raise Refused(400, words)
    return found


def page(items: Sequence[object], at: int) -> dict[str, object]:
    """One page beginning at an offset."""
    shown = list(items[at : at + LIMIT])
    more = at + LIMIT < len(items)
    cursor = b64encode(str(at + LIMIT).encode()).decode() if more else END
    return {"data": shown, "next_cursor": cursor, "limit": LIMIT, "count": len(shown)}
