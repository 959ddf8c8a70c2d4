"""Property tests on a shared machine: an example may be slow because somebody else is busy."""

from hypothesis import settings

settings.register_profile("house", deadline=None)
settings.load_profile("house")
