"""Text in columns on a terminal, where a Chinese character is two columns wide."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def columns_of(text: str) -> int:
    """The columns that a text takes. Letters of ambiguous width take one here, and two on paper (documents_width).

    >>> columns_of("AQI展望"), columns_of("①")
    (7, 1)
    """
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def padded(text: str, width: int) -> str:
    """The text filled with spaces to a width; a longer one stays as it is.

    >>> padded("日期", 6) + "|"
    '日期  |'
    """
    return text + " " * max(0, width - columns_of(text))


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows with their columns under each other; nothing is filled up after the last one.

    >>> print(table([("级别", "日期"), ("a", "b")]))
    级别  日期
    a     b
    """
    widths = [max(columns_of(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return "\n".join(
        "  ".join([*(padded(cell, width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    )
