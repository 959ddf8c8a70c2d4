"""How fast one signer may place and cancel: two token buckets for each EOA (polymarket.md 10, Standard tier).

Tokens are counted in thousandths, so that a rate per second is as many thousandths per millisecond.
"""

from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from core.units import Ms
from simulator.clob.refusals import TOO_MANY, Refused

TOKEN: Final = 1_000
TIER: Final = "standard"
ORDERS: Final = (40, 60)  # tokens a second, tokens at most
CANCELS: Final = (80, 120)


@dataclass(slots=True)
class Bucket:
    """Units: ``rate`` and ``burst`` in tokens, ``level`` in thousandths, which may be negative."""

    rate: int
    burst: int
    level: int
    at_ms: Ms

    def refill(self, now_ms: Ms) -> None:
        passed = max(0, now_ms - self.at_ms)
        self.level = min(self.burst * TOKEN, self.level + passed * self.rate)
        self.at_ms = Ms(max(now_ms, self.at_ms))

    def wait_ms(self, tokens: int) -> int:
        """Until so many tokens are there."""
        short = tokens * TOKEN - self.level
        return max(0, -(-short // self.rate))


@dataclass(slots=True)
class Purse:
    orders: Bucket
    cancels: Bucket


@dataclass(slots=True)
class Budgets:
    """The buckets of every signer, full when it first comes."""

    purses: dict[str, Purse] = field(default_factory=dict)

    def spend_orders(self, eoa: str, tokens: int, now_ms: Ms) -> dict[str, str]:
        """Pay for placing. All or nothing; raises ``Refused``. Returns the headers of the answer."""
        return _spend(self._purse(eoa, now_ms).orders, tokens, now_ms)

    def spend_cancels(self, eoa: str, tokens: int, now_ms: Ms) -> dict[str, str]:
        """Pay for cancelling by id, or the first token of a cancel-all."""
        return _spend(self._purse(eoa, now_ms).cancels, tokens, now_ms)

    def charge_cancelled(self, eoa: str, tokens: int, now_ms: Ms) -> dict[str, str]:
        """Pay for what a cancel-all found, also with tokens that are not there yet (below Platinum)."""
        bucket = self._purse(eoa, now_ms).cancels
        bucket.level -= tokens * TOKEN
        return _headers(bucket, 0, now_ms)

    def _purse(self, eoa: str, now_ms: Ms) -> Purse:
        purse = self.purses.get(eoa)
        if purse is None:
            purse = self.purses[eoa] = Purse(_full(ORDERS, now_ms), _full(CANCELS, now_ms))
        return purse


def _full(terms: tuple[int, int], now_ms: Ms) -> Bucket:
    rate, burst = terms
    return Bucket(rate, burst, burst * TOKEN, now_ms)


def _spend(bucket: Bucket, tokens: int, now_ms: Ms) -> dict[str, str]:
    bucket.refill(now_ms)
    if bucket.level < tokens * TOKEN:
        headers = _headers(bucket, tokens, now_ms)
        if tokens <= bucket.burst:  # else no waiting helps
            headers["Retry-After"] = str(max(1, -(-bucket.wait_ms(tokens) // 1_000)))
        raise Refused(429, TOO_MANY, headers=headers)
    bucket.level -= tokens * TOKEN
    return _headers(bucket, 0, now_ms)


def _headers(bucket: Bucket, wanted: int, now_ms: Ms) -> dict[str, str]:
    """``Reset`` is the unix second at which the wait is over, now when there is none."""
    over_ms = now_ms + bucket.wait_ms(min(wanted, bucket.burst)) if wanted else now_ms
    return {
        "Poly-RateLimit-Remaining": str(bucket.level // TOKEN),
        "Poly-RateLimit-Reset": str(-(-over_ms // 1_000)),
        "Poly-RateLimit-Tier": TIER,
    }


BUDGETS: Final = web.AppKey("budgets", Budgets)
