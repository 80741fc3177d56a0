"""The shape of an AQI edition (HJ 633): categories, breakpoints, what each report uses, and what to do with gaps.

The vectorised calculator lives in forecast/aqi.py; `AqiEdition.iaqi_of` here is the slow exact reading of the same
tables, used by the worked examples and as an independent oracle.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from pydantic import Field, model_validator

from plans.parts import Confidence, Edition, Frozen, Setting

Pollutant = Literal["pm25", "pm10", "so2", "no2", "co", "o3"]
Table = Literal["so2_24h", "so2_1h", "no2_24h", "no2_1h", "pm10_24h", "co_24h", "co_1h", "o3_1h", "o3_8h", "pm25_24h"]
TABLES: tuple[Table, ...] = (
    "so2_24h", "so2_1h", "no2_24h", "no2_1h", "pm10_24h", "co_24h", "co_1h", "o3_1h", "o3_8h", "pm25_24h",
)  # fmt: skip


class AqiCategory(Frozen):
    """One of the six levels: its AQI range, names, colour and the text for the public."""

    level: int = Field(ge=1, le=6)
    aqi_from: int
    aqi_to: int | None
    """Last AQI of the level; None for the open top."""
    numeral: str
    """The level as written, e.g. 三级."""
    chinese: str
    english: str
    """Our wording; the standard gives none."""
    colour: str
    rgb: tuple[int, int, int]
    cmyk: tuple[int, int, int, int]
    health: str
    advice: str


class Beyond(Frozen):
    """What a concentration above the table's last breakpoint gives: a fixed IAQI, or none and another table instead."""

    iaqi: int | None
    instead: Table | None = None
    """The table the pollutant is then reported from, when `iaqi` is None."""
    clause: str
    confidence: Confidence

    @model_validator(mode="after")
    def _says_something(self) -> Beyond:
        if (self.iaqi is None) == (self.instead is None):
            raise ValueError("give either iaqi (a fixed value) or instead (another table), not both and not neither")
        return self


class ReportedMean(Frozen):
    """One concentration a report uses: which pollutant, over which window, read in which table."""

    pollutant: Pollutant
    window: Literal["1h", "8h", "24h", "day_max_1h", "day_max_8h"]
    table: Table | None
    """None where the value is published without an IAQI (1-h PM in 2012)."""


class Report(Frozen):
    """The daily or the hourly report: what enters it and when it must be out."""

    clause: str
    means: tuple[ReportedMean, ...]
    published: str
    """When it must be public, in words."""


class Rounding(Frozen):
    """How a concentration is rounded before the formula, and how the IAQI is rounded after it."""

    decimals: dict[Pollutant, int]
    concentration: Setting[Literal["half_even"]]
    iaqi: Literal["up"]
    clause: str


class Gaps(Frozen):
    """Missing and unmonitored pollutants, as data."""

    clause: str
    mark: str
    """What stands in place of a value, "NA"."""
    publish_partial_over: int | None
    """Publish the AQI of the remaining pollutants only when it is above this; None: no such rule in the edition."""
    always_publish: tuple[Literal["concentration", "iaqi"], ...]
    unmonitored_never_primary_years: int | None
    """A pollutant outside the monitoring scheme does not block publishing when it was in this many last years never
    the primary pollutant at or above `unmonitored_level`; None: no such rule in the edition."""
    unmonitored_level: int | None


class AqiExample(Frozen):
    """A worked value: this concentration in this table gives this IAQI (None: not computed from this table)."""

    table: Table
    concentration: Decimal
    iaqi: int | None
    instead: Table | None = None


class AqiEdition(Edition):
    """One edition of the AQI rules. Concentrations in ug/m3, co in mg/m3; ladder and breakpoints run in step."""

    categories: tuple[AqiCategory, ...]
    ladder: tuple[int, ...]
    """The IAQI of every breakpoint row: 0, 50, 100, ..."""
    breakpoints: dict[Table, tuple[Decimal | None, ...]]
    """Per table the concentration of every row; None where the standard has a note instead of a number."""
    beyond: dict[Table, Beyond]
    daily: Report
    hourly: Report
    rounding: Rounding
    sensitive_groups: dict[Pollutant, tuple[str, ...]]
    sensitive_over: int
    """The groups are named for pollutants whose IAQI is above this."""
    primary_over: int
    """A primary pollutant exists when AQI is above this."""
    exceeding_over: int | None
    """超标污染物: IAQI above this; None where the edition no longer defines the term."""
    gaps: Gaps
    forecast_days: int | None
    """The least number of days a forecast must cover, today not counted; None: the edition says nothing."""
    forecast_published: str
    examples: tuple[AqiExample, ...] = Field(min_length=1)

    @property
    def exceeding_defined(self) -> bool:
        """Whether 超标污染物 is a term of this edition."""
        return self.exceeding_over is not None

    def category_of(self, aqi: int) -> AqiCategory:
        """The category of a whole AQI; ValueError below 0.

        The 2026 table begins at 1; an AQI of 0 (all concentrations 0) is read as the first category there too.
        """
        if aqi < 0:
            raise ValueError(f"AQI is {aqi}; an AQI is a whole number of 0 or more.")
        for category in self.categories:
            if category.aqi_to is None or aqi <= category.aqi_to:
                return category
        raise AssertionError("the last category is open")

    def rounded(self, pollutant: Pollutant, concentration: Decimal) -> Decimal:
        """The concentration as the formula wants it: whole numbers, co to 0.1 (half to even, see `rounding`)."""
        return concentration.quantize(Decimal(1).scaleb(-self.rounding.decimals[pollutant]), ROUND_HALF_EVEN)

    def iaqi_of(self, table: Table, concentration: Decimal) -> int | None:
        """The IAQI of an already rounded concentration, exactly, rounded up; None where it is not computed.

        Above the last breakpoint the table's `beyond` answers. ValueError for a negative concentration.
        """
        if concentration < 0:
            raise ValueError(f"{table} is {concentration}; a concentration is 0 or more.")
        rows = [(level, point) for level, point in zip(self.ladder, self.breakpoints[table], strict=True)]
        known = [(level, point) for level, point in rows if point is not None]
        if concentration > known[-1][1]:
            return self.beyond[table].iaqi
        for (low, start), (high, end) in pairwise(known):
            if concentration <= end:
                exact = Fraction(high - low) * Fraction(concentration - start) / Fraction(end - start) + low
                return -(-exact.numerator // exact.denominator)
        raise AssertionError("the rows cover 0 to the last breakpoint")

    @model_validator(mode="after")
    def _tables_are_whole(self) -> AqiEdition:
        if set(self.breakpoints) != set(TABLES) or set(self.beyond) != set(TABLES):
            raise ValueError(f"breakpoints and beyond need exactly the tables {', '.join(TABLES)}")
        for table, points in self.breakpoints.items():
            if len(points) != len(self.ladder):
                raise ValueError(f"breakpoints.{table} has {len(points)} rows, the ladder has {len(self.ladder)}")
            known = [point for point in points if point is not None]
            if any(b <= a for a, b in pairwise(known)) or points[: len(known)] != tuple(known):
                raise ValueError(f"breakpoints.{table} must rise, and notes may stand at its end only")
        ends = [category.aqi_to for category in self.categories]
        starts = [category.aqi_from for category in self.categories]
        if ends[-1] is not None or [end + 1 for end in ends[:-1] if end is not None] != starts[1:]:
            raise ValueError("categories must follow one another without gap, the last one open")
        return self
