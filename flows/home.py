"""Where things lie when nobody says: LANTIAN_HOME (default var) and the archive in it."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """The working folder: LANTIAN_HOME, else var."""
    return Path(os.environ.get("LANTIAN_HOME", "var"))


def archive_address() -> str:
    """The archive: LANTIAN_ARCHIVE, else archive.db in the working folder; as `lantian archive` takes it."""
    return os.environ.get("LANTIAN_ARCHIVE") or str(home() / "archive.db")
