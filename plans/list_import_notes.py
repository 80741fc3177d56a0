"""What an import noticed, cell by cell, in the order of the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from plans.list_import_cells import Severity
from plans.list_import_line import Line

_RANK: dict[Severity, int] = {"error": 0, "warning": 1, "suggestion": 2}


@dataclass(frozen=True, slots=True)
class CellIssue:
    """One thing noticed about one cell (or column, or sheet, when the cell is empty)."""

    severity: Severity
    sheet: str
    cell: str
    """Like F12; empty when the whole sheet or a missing column is meant."""
    column: str
    found: str
    message: str
    suggestion: str = ""
    times: int = 1
    """How many cells of the column share it."""

    def __str__(self) -> str:
        place = " ".join(part for part in (self.sheet, self.cell, self.column) if part)
        more = f" ({self.times} cells, this is the first)" if self.times > 1 else ""
        found = f", found {self.found}" if self.found else ""
        return f"{self.severity} {place}: {self.message}{found}{more}." + (
            f" {self.suggestion}." if self.suggestion else ""
        )

    def as_data(self) -> dict[str, Any]:
        """Plain values."""
        return {name: getattr(self, name) for name in
                ("severity", "sheet", "cell", "column", "found", "message", "suggestion", "times")}  # fmt: skip


class Notes:
    """The issues while they are gathered: one error per cell, one line for what a whole column shares."""

    def __init__(self) -> None:
        self.missing: dict[str, frozenset[str]] = {}
        """Per sheet the required columns it does not have."""
        self._found: list[CellIssue] = []
        self._wrong: set[tuple[str, str]] = set()
        self._shared: dict[tuple[Severity, str, str, str], tuple[CellIssue, int]] = {}

    def add(
        self, severity: Severity, sheet: str, cell: str, column: str, found: str, message: str, suggestion: str = ""
    ) -> None:
        """Note something; a second error about the same cell is left out."""
        if severity == "error" and cell:
            if (sheet, cell) in self._wrong:
                return
            self._wrong.add((sheet, cell))
        shown = found if len(found) <= 60 else found[:57] + "..."
        self._found.append(CellIssue(severity, sheet, cell, column, shown, message, suggestion))

    def of(self, line: Line, column: str, severity: Severity, message: str, suggestion: str = "") -> None:
        """Note something about a cell of a line."""
        self.add(
            severity, line.sheet, line.place(column), column, line.cells.get(column) or "nothing", message, suggestion
        )

    def once(self, line: Line, column: str, severity: Severity, message: str, suggestion: str = "") -> None:
        """Note what many cells of one column share: the first cell and how many there are."""
        key = (severity, line.sheet, column, message)
        if key in self._shared:
            first, times = self._shared[key]
            self._shared[key] = (first, times + 1)
        else:
            self._shared[key] = (
                CellIssue(severity, line.sheet, line.place(column), column, "", message, suggestion),
                1,
            )

    def all(self) -> tuple[CellIssue, ...]:
        """Every issue: errors first, each severity in the order of the file."""
        shared = [
            CellIssue(one.severity, one.sheet, one.cell, one.column, one.found, one.message, one.suggestion, times)
            for one, times in self._shared.values()
        ]
        return tuple(sorted([*self._found, *shared], key=lambda issue: _RANK[issue.severity]))
