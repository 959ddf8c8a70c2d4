"""What can go wrong between the engine and its records.

TradingError
├── OrderNotWritten     the row is not there, so the order must not leave
│   ├── FenceLost       another runner writes for this shard now: stop
│   ├── DuplicateIntent this decision already has its order: never send a second one
│   ├── HaltedFirst     a halt was committed before the row
│   └── NotArmed        its arming was over before the row
├── JournalFull         the database does not keep up: halt the market
├── JournalFailed       the database refuses a fact: halt everything
├── VenueSilent         the venue did not say what must be known before trading: give up, begin again
├── WalletTaken         another trader uses our wallet: stop at once, begin again when it is held again
└── CannotReplay        there is no tape, or no usable defaults file: tell the person who asked
"""


class TradingError(Exception):
    """Something between the engine and its records."""


class OrderNotWritten(TradingError):
    """The order's row is not in the database. The order must not be sent."""


class FenceLost(OrderNotWritten):
    """The fence moved on: another runner took over. Nothing may be sent from here any more."""


class DuplicateIntent(OrderNotWritten):
    """An order with this intent key or order id exists."""


class HaltedFirst(OrderNotWritten):
    """A halt of everything or of this market is in force. ``str`` says which and why."""


class NotArmed(OrderNotWritten):
    """The arming under which the shard trades is over: nothing is sent under it any more."""


class JournalFull(TradingError):
    """The record could not be taken within the patience given: nothing was dropped, nothing was taken."""


class JournalFailed(TradingError):
    """A record can never be written, or the journal is closed. Facts are missing from the database."""


class VenueSilent(TradingError):
    """The venue did not answer what must be known before anything is traded, or follows us no more."""


class WalletTaken(TradingError):
    """The wallet's keeper found another trader on it. ``str`` is what the keeper says."""


class CannotReplay(TradingError):
    """There is nothing to replay, or its defaults file cannot be used. The text names it and says why."""
