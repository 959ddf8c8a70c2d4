"""What tests of feeds share: where the real recordings are."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of real recordings: ``$TAPES``, else ``../shared/data`` beside the project."""
    folder = Path(os.environ.get("TAPES") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no recordings at {folder}: set TAPES to the folder that holds them")
    return folder
