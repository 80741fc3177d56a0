"""One row of somebody's list while it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plans.list_import_file import letters_of


@dataclass(slots=True)
class Line:
    """The cells of one row under the list's own columns, and where they came from."""

    sheet: str
    row: int
    cells: dict[str, str]
    at: Mapping[str, int]
    """Column of the list to column number of the sheet."""
    kind: str = ""
    """The kind of source that the sheet's name tells, or empty."""

    def place(self, column: str) -> str:
        """The cell, like F12; the row alone when the sheet has no such column."""
        number = self.at.get(column)
        return f"{letters_of(number)}{self.row}" if number else f"row {self.row}"
