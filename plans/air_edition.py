"""The shapes of the ambient standard (GB 3095) and of its assessment (HJ 663): limits, validity, statistics, ranking.

Concentrations in ug/m3, co in mg/m3. All arithmetic here is exact (decimals and fractions).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from pydantic import Field, model_validator

from plans.aqi_edition import Pollutant
from plans.parts import Cite, Edition, Frozen, Setting

Matter = Literal["so2", "no2", "co", "o3", "pm10", "pm25", "tsp", "nox", "pb", "bap"]
MeanPeriod = Literal["year", "season", "day", "max_8h", "hour"]


class Limit(Frozen):
    """The limits of one pollutant over one period: first grade (一类区) and second grade (二类区)."""

    pollutant: Matter
    period: MeanPeriod
    first: Decimal
    second: Decimal


class ReferenceState(Frozen):
    """The state in which gases are given, and in which particles are."""

    kelvin: Decimal
    hectopascal: Decimal
    particles: str
    clause: str


class Validity(Frozen):
    """The least data a statistic needs (GB 3095 table 4)."""

    year_days: int
    month_days: int
    february_days: int
    day_hours: int
    eight_hours: int
    """Valid hours in an 8-h mean."""
    hour_minutes: int
    evenly_year_days: int
    """TSP, BaP, Pb: evenly spread days a year."""
    evenly_month_days: int
    season_days: int
    confidence: Literal["A", "B", "C", "I"]
    clause: str


class LimitExample(Frozen):
    """A worked question: does this value meet the limit?"""

    pollutant: Matter
    period: MeanPeriod
    grade: Literal["first", "second"]
    value: Decimal
    meets: bool


class AmbientEdition(Edition):
    """One edition (or phase) of the ambient air quality standard."""

    limits: tuple[Limit, ...]
    first_zone: str
    """Which areas are 一类区."""
    reference: ReferenceState
    validity: Validity
    examples: tuple[LimitExample, ...] = Field(min_length=1)

    def limit(self, pollutant: Matter, period: MeanPeriod, *, grade: Literal["first", "second"] = "second") -> Decimal:
        """The limit of a pollutant over a period; KeyError where the edition sets none."""
        for limit in self.limits:
            if (limit.pollutant, limit.period) == (pollutant, period):
                return limit.first if grade == "first" else limit.second
        raise KeyError(f"{self.name} sets no {period} limit for {pollutant}.")

    @model_validator(mode="after")
    def _limits_are_named_once(self) -> AmbientEdition:
        keys = [(limit.pollutant, limit.period) for limit in self.limits]
        if len(set(keys)) != len(keys):
            raise ValueError("limits with every pollutant and period only once")
        return self


class OzoneDay(Frozen):
    """The daily maximum 8-h mean of ozone: which sliding means enter, and how many are needed."""

    first_end_hour: int
    last_end_hour: int
    least_means: int
    valid_if_over_limit: bool
    """With fewer means the day still counts when the maximum found exceeds the limit."""
    clause: str


class IndexItem(Frozen):
    """One term of the composite index: the statistic of a pollutant and the limit it is divided by."""

    pollutant: Pollutant
    statistic: Literal["mean", "percentile"]
    limit_period: MeanPeriod


class AssessmentExample(Frozen):
    """A worked percentile, ranking or composite index."""

    kind: Literal["percentile", "rank", "index"]
    values: tuple[Decimal, ...] = ()
    percent: int | None = None
    statistics: dict[Pollutant, Decimal] = Field(default_factory=dict)
    ambient: str | None = None
    """The ambient edition whose limits the index uses."""
    result: tuple[Decimal, ...]
    """The percentile; the ranks; the index rounded to two decimals."""


class AssessmentEdition(Edition):
    """One edition of the assessment rules."""

    percentiles: dict[Pollutant, int]
    percentile_rule: Setting[Literal["linear"]]
    """How a rank between two values is read: k = 1 + (n-1)p, linear between neighbours."""
    ozone_day: OzoneDay
    good_days_at_most: int
    """A good day (优良) has an AQI of at most this."""
    good_days_of: Setting[Literal["valid_days"]]
    index: tuple[IndexItem, ...]
    index_weights: Setting[dict[Pollutant, Decimal]]
    index_limits: Setting[Literal["second_grade"]]
    index_cites: tuple[Cite, ...]
    ties: Literal["shared_then_skipped"]
    examples: tuple[AssessmentExample, ...] = Field(min_length=1)

    def percentile(self, values: Sequence[Decimal | int], percent: int) -> Fraction:
        """The percentile of the values, exactly; ValueError for no values.

        Linear between ranks, k = 1 + (n-1)p: the formula is a setting (see `percentile_rule`).
        """
        if not values:
            raise ValueError("A percentile needs at least one value.")
        ordered = sorted(Fraction(value) for value in values)
        place = Fraction((len(ordered) - 1) * percent, 100)
        below = int(place)
        if below + 1 >= len(ordered):
            return ordered[-1]
        return ordered[below] + (place - below) * (ordered[below + 1] - ordered[below])

    def composite_index(self, statistics: Mapping[Pollutant, Decimal], ambient: AmbientEdition) -> Fraction:
        """The composite index 环境空气质量综合指数, exactly: the weighted sum of statistic / limit.

        `statistics` holds each pollutant's own statistic of the period (mean, or its percentile for co and o3).
        ValueError when one of the six is missing: an index of fewer terms would look better than it is.
        """
        missing = [item.pollutant for item in self.index if item.pollutant not in statistics]
        if missing:
            raise ValueError(f"The composite index needs {', '.join(missing)} as well.")
        return sum(
            (
                Fraction(self.index_weights.value.get(item.pollutant, Decimal(1)))
                * Fraction(statistics[item.pollutant])
                / Fraction(ambient.limit(item.pollutant, item.limit_period))
                for item in self.index
            ),
            Fraction(0),
        )

    def ranks(self, values: Sequence[Decimal | int | Fraction]) -> tuple[int, ...]:
        """The rank of each value, smallest first; equal values share a rank and the next is skipped (1, 1, 3)."""
        return tuple(1 + sum(other < value for other in values) for value in values)
