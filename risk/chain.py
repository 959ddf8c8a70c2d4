"""The audit's chain: each link names the digest of the one before, so that none can be changed or taken out unseen.

It shows tampering with rows, not with the whole table by somebody who computes all of it anew: for that the newest
digest must be kept elsewhere (it is in the log of every control).
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

GENESIS: Final = "0" * 64
# In this order, and no other fields: a link's digest is over exactly these.
FIELDS: Final = (
    "number",
    "at",
    "who",
    "role",
    "from_address",
    "what",
    "target",
    "outcome",
    "reason",
    "before",
    "after",
    "before_digest",
)


def digest(link: Mapping[str, Any]) -> str:
    """SHA-256 over the fields of one link as canonical JSON. ``at`` is ms since the epoch."""
    told = [link[name] for name in FIELDS]
    canonical = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
