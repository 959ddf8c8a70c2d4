"""The merges of one market: what they have reserved and how far they are. Part of the pair ledger (``core.pair``)."""

from dataclasses import dataclass

from core.events import MergeStepped
from core.settlement import MergeState, step_merge
from core.units import Shares


@dataclass(slots=True)
class MergePlan:
    shares: Shares
    state: MergeState


class Merges:
    """``reserved``: pairs that a merge under way has taken; they are in no other merge and not for sale."""

    __slots__ = ("_plans", "reserved")

    def __init__(self) -> None:
        self.reserved = Shares(0)
        self._plans: dict[str, MergePlan] = {}

    def plan(self, action_id: str, shares: Shares) -> MergePlan:
        plan = self._plans[action_id] = MergePlan(shares, MergeState.PLANNED)
        self.reserved = Shares(self.reserved + shares)
        return plan

    def done(self, action_id: str, shares: Shares) -> None:
        """Remember one that was confirmed in an earlier life of the process."""
        self._plans[action_id] = MergePlan(shares, MergeState.CONFIRMED)

    def step(self, event: MergeStepped) -> Shares | None:
        """Follow a merge, adopting one never heard of. The shares it turned into cash, ``None`` unless now."""
        plan = self._plans.get(event.action_id) or self.plan(event.action_id, event.shares)
        was, plan.state = plan.state, step_merge(plan.state, event.status)
        if plan.state is was or plan.state not in (MergeState.CONFIRMED, MergeState.FAILED):
            return None
        self.reserved = Shares(self.reserved - plan.shares)
        return plan.shares if plan.state is MergeState.CONFIRMED else None
