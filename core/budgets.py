"""Dealing the limits of the whole account to its shards, so that their parts never add up to more. Read ``deal``.

A cut counts when its shard has said that it trades within it; until then the larger part is still taken. A raise is
dealt only from what nobody has. A shard that crashed keeps its part, for its orders may rest; one that was dismissed
has nothing. So whatever is lost or late, and whichever shard is slow, too little is dealt for a while and never too
much.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from core.limits import Budget
from core.units import Usdc


@dataclass(frozen=True, slots=True)
class Whole:
    """What there is to deal.

    Units:
        cash: USDC the account has in cash and in what it holds at cost; ``None`` while nobody knows.
    """

    total_exposure: Usdc
    group_exposure: Usdc
    daily_loss: Usdc
    orders_per_s: int
    cash: Usdc | None


@dataclass(frozen=True, slots=True)
class Holder:
    """A shard with a part.

    acked:   what it last said it trades within; ``None`` before the first.
    pending: dealt since and not acknowledged yet, oldest first.
    """

    shard: str
    acked: Budget | None
    pending: tuple[Budget, ...]

    @property
    def newest(self) -> Budget | None:
        return self.pending[-1] if self.pending else self.acked

    @property
    def may_use(self) -> tuple[Budget, ...]:
        """Every budget it may be trading by at this moment."""
        return self.pending if self.acked is None else (self.acked, *self.pending)


def deal(whole: Whole, holders: Iterable[Holder]) -> dict[str, Budget]:
    """The budgets to deal now, by shard: those that differ from what was dealt last. Equal parts in the end.

    ``holders`` are the shards at work or crashed; dismissed ones are left out. Deterministic: what is left over of
    an equal division goes to the first by name.
    """
    shards = sorted(holders, key=lambda holder: holder.shard)
    totals = _parts(whole.total_exposure, _held(shards, attrgetter("total_exposure")))
    groups = _parts(whole.group_exposure, _held(shards, attrgetter("group_exposure")))
    losses = _parts(whole.daily_loss, _held(shards, attrgetter("daily_loss")))
    rates = _parts(whole.orders_per_s, _held(shards, attrgetter("orders_per_s")))
    cash = _cash(whole.cash, shards)
    dealt = {
        holder.shard: Budget(Usdc(total), Usdc(group), Usdc(loss), rate, part)
        for holder, total, group, loss, rate, part in zip(
            shards, totals, groups, losses, rates, cash, strict=True
        )
    }
    return {each.shard: dealt[each.shard] for each in shards if dealt[each.shard] != each.newest}


def _parts(whole: int, held: Sequence[int]) -> list[int]:
    """What each is to have of one limit: an equal part, as far as what it holds and what is free allow."""
    parts, free = [], max(0, whole - sum(held))
    for number, has in enumerate(held):
        fair = whole // len(held) + (number < whole % len(held))
        part = min(fair, has + free)
        free -= max(0, part - has)
        parts.append(part)
    return parts


def _cash(whole: Usdc | None, shards: Sequence[Holder]) -> list[Usdc | None]:
    """Alone, a shard needs no part of the cash. Several get none that nobody has counted."""
    if len(shards) == 1:
        return [None]
    known = 0 if whole is None else max(0, whole)
    return [Usdc(part) for part in _parts(known, _held(shards, lambda budget: _cash_of(budget, known)))]


def _cash_of(budget: Budget, whole: int) -> int:
    """All of it is as much as there is."""
    return whole if budget.cash is None else budget.cash


def _held(shards: Sequence[Holder], part_of: Callable[[Budget], int]) -> list[int]:
    """The most each shard may be using of one limit: of what it acknowledged and of what is on its way to it."""
    return [max(map(part_of, holder.may_use), default=0) for holder in shards]
