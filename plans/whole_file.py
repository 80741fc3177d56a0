"""Files that are there whole or not at all: written beside their place, then put there in one step."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """The file to write instead of `path`: it takes its place when the block ends well, and is gone when it does not.

    It lies in the same folder, under a hidden name that ends in ".part", and may be read by whom a new file may be read
    by. A file that stood at `path` stays as it was until then. OSError: the folder is not there or cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_file(Path(folder) / "list.csv") as part:
    ...         _ = part.write_text("钢铁")
    ...     (Path(folder) / "list.csv").read_text(), len(list(Path(folder).iterdir()))
    ('钢铁', 1)
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    part.open("xb").close()
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> Path:
    """The path, which now holds the content; OSError as :func:`whole_file` raises it."""
    with whole_file(path) as part:
        part.write_bytes(content)
    return path
