"""What trading writes down: money, prices and shares in the core's units, times ``Ms`` of ``infra.clock``."""

from trading.models.books import (
    Account,
    AccountMode,
    Decision,
    Entry,
    Fence,
    Fill,
    Mark,
    Order,
    StepFailure,
    WalletAction,
    WalletKind,
    WalletState,
)
from trading.models.reconciliation import Difference, How, Reconciliation, Resolution, Trigger

__all__ = [
    "Account",
    "AccountMode",
    "Decision",
    "Difference",
    "Entry",
    "Fence",
    "Fill",
    "How",
    "Mark",
    "Order",
    "Reconciliation",
    "Resolution",
    "StepFailure",
    "Trigger",
    "WalletAction",
    "WalletKind",
    "WalletState",
]
