"""What every test may use: the real data beside the project, and nothing hidden."""

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the project; with CI=true its absence is a failure, elsewhere a skip."""
    if SHARED_DATA.is_dir():
        return SHARED_DATA
    sentence = f"the real data are not beside the project (looked for {SHARED_DATA.name} in ../shared)"
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI=true and {sentence}")
    pytest.skip(sentence)
