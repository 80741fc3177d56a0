"""How wide text is and where it may break: shared by the documents on paper and as workbooks."""

from __future__ import annotations

import re
import unicodedata

from emergency.documents import Grid

_PIECE = re.compile(r"[0-9A-Za-z][0-9A-Za-z.,:%/+_²³–~～→-]*|.", re.DOTALL)
_DATE = re.compile(r"\d+年(?:\d+月)?(?:\d+日)?|\d+月\d+日(?:\d+时)?")
LEAST, MOST = 7, 44
"""A column is given room for so many half-width letters, whatever stands in it."""
PADDING = 5
"""Half-width letters that lines and margins of a cell take."""


def width_of(text: str) -> int:
    """Width in half-width letters: a Chinese one counts two.

    >>> width_of("AQI展望")
    7
    """
    return sum(2 if unicodedata.east_asian_width(letter) in "WFA" else 1 for letter in text)


def pieces(text: str) -> list[str]:
    """The text in pieces that no line break may divide: numbers, Latin words and dates, else one letter each.

    >>> pieces("转为PM2.5，12月5日")
    ['转', '为', 'PM2.5', '，', '12月5日']
    """
    found: list[str] = []
    at = 0
    for date in _DATE.finditer(text):
        found += _PIECE.findall(text[at : date.start()])
        found.append(date.group())
        at = date.end()
    return found + _PIECE.findall(text[at:])


def shares(grid: Grid) -> tuple[float, ...]:
    """Each column's share of the width, by the longest text in it; they add up to 1."""
    columns = max(len(row) for row in grid.rows)
    if not grid.head and columns == 2:
        return (0.245, 0.755)
    longest = [
        min(MOST, max([LEAST, *(width_of(row[place]) for row in grid.rows if place < len(row))]))
        for place in range(columns)
    ]
    if columns > 5:  # a heading may take two lines, a value may not
        longest = [
            2 + max([LEAST, *(width_of(row[place]) for row in grid.rows[1:] if place < len(row)), -(-width // 3)])
            for place, width in enumerate(longest)
        ]
    room = [one + PADDING for one in longest]
    return tuple(one / sum(room) for one in room)
