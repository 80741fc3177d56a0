"""The errors a person may meet. Each carries fields; the sentence is built here, in one place.

Pattern of every sentence: what happened, where, expected, found, what to do.
"""

from __future__ import annotations


class LantianError(Exception):
    """Base of every error that is shown to a person as one sentence.

    >>> str(DataError("The column is missing", where="a.csv row 1", expected="pm25", found="pm2.5", todo="Rename it"))
    'The column is missing (a.csv row 1): expected pm25, found pm2.5. Rename it.'
    """

    def __init__(
        self, what: str, *, where: str = "", expected: object = None, found: object = None, todo: str = ""
    ) -> None:
        self.what, self.where, self.expected, self.found, self.todo = what, where, expected, found, todo
        super().__init__(self.sentence())

    def sentence(self) -> str:
        """The whole sentence, in the fixed order of its parts."""
        text = self.what + (f" ({self.where})" if self.where else "")
        parts = []
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        if self.found is not None:
            parts.append(f"found {self.found}")
        if parts:
            text += ": " + ", ".join(parts)
        return text + "." + (f" {self.todo}." if self.todo else "")


class RuleError(LantianError):
    """A rule file, edition or plan is wrong or not known: bad YAML key, no edition on that day, unknown name."""


class DataError(LantianError):
    """Data from outside cannot be used: wrong file, missing column, impossible value, duplicate, naive time."""


class SourceError(LantianError):
    """A source did not answer as its manifest says."""
