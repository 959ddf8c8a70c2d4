"""What can go wrong between the world and us. One class for each thing the caller can do about it.

FeedsError
├── Unanswered     the source did not give what it was asked for: keep what is known, ask again later
├── Unreadable     the source gave something we will not take: refused, counted
└── UnknownSource  no source has this name
"""


class FeedsError(Exception):
    """A source, or somebody who asked for one, let us down."""


class Unanswered(FeedsError):
    """The source was asked as often as is reasonable and did not answer."""


class Unreadable(FeedsError):
    """An answer that is not what it should be."""


class UnknownSource(FeedsError):
    """No source has this name."""
