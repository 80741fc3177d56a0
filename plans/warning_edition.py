"""The shape of a warning edition: criteria in four words, the readings of ambiguous points, and the procedure numbers.

The criteria language has four words and no fifth: `over` (strictly above this AQI), `hours` (for at least so long
without a break), `all_of`, `any_of`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from plans.parts import Edition, Frozen, Setting

LEVELS = ("yellow", "orange", "red")
LevelWord = Literal["none", "yellow", "orange", "red"]


class Criterion(Frozen):
    """One condition on a series of AQI: a run (`over` with `hours`), or `all_of` / `any_of` of further conditions."""

    over: int | None = Field(default=None, ge=0, le=499)
    hours: int | None = Field(default=None, ge=1)
    all_of: tuple[Criterion, ...] = ()
    any_of: tuple[Criterion, ...] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> Criterion:
        run = self.over is not None and self.hours is not None
        half = (self.over is None) != (self.hours is None)
        if half or sum((run, bool(self.all_of), bool(self.any_of))) != 1:
            raise ValueError("over together with hours, or all_of, or any_of, exactly one of the three")
        return self

    @property
    def runs(self) -> tuple[Criterion, ...]:
        """Every `over`/`hours` leaf, in the order written."""
        if self.over is not None:
            return (self,)
        return tuple(leaf for part in self.all_of + self.any_of for leaf in part.runs)

    @property
    def lowest_over(self) -> int:
        """The smallest AQI threshold that takes part: below it the criterion cannot begin to be met."""
        return min(leaf.over for leaf in self.runs if leaf.over is not None)

    @property
    def chinese(self) -> str:
        """The condition in Chinese.

        >>> Criterion(over=150, hours=48).chinese
        '日AQI>150持续48小时及以上'
        """
        if self.over is not None:
            hours = f"持续{self.hours}小时及以上" if self.hours != 24 else ""
            return ("日AQI达到500" if self.over == 499 else f"日AQI>{self.over}") + hours
        return ("且" if self.all_of else "或").join(
            f"（{part.chinese}）" if part.over is None else part.chinese for part in self.all_of or self.any_of
        )

    @property
    def english(self) -> str:
        """The condition in English.

        >>> Criterion(any_of=(Criterion(over=200, hours=24), Criterion(over=150, hours=48))).english
        'daily AQI above 200 for 24 h or daily AQI above 150 for 48 h'
        """
        if self.over is not None:
            return (f"daily AQI above {self.over}" if self.over != 499 else "daily AQI of 500") + f" for {self.hours} h"
        return (" and " if self.all_of else " or ").join(
            f"({part.english})" if part.over is None else part.english for part in self.all_of or self.any_of
        )


class Levels(Frozen):
    """The criterion of each warning level."""

    yellow: Criterion
    orange: Criterion
    red: Criterion


class BelowYellow(Frozen):
    """A step below yellow that the edition or the plan knows (blue; 临时管控). It is no warning level of ours."""

    name: str
    chinese: str
    criterion: Criterion


class Readings(Frozen):
    """The ambiguous points of the text, each an explicit setting."""

    day: Setting[Literal["natural_day", "any_24h"]]
    """Whether a "daily" AQI is the natural day or any continuous 24 h. Daily series are natural days by nature; the
    setting governs series of hours."""
    run: Setting[Literal["back_to_back", "every_hour"]]
    """Under any_24h, whether a run of days is a row of 24-h means end to end, or every sliding 24-h mean in between
    must exceed as well."""
    hourly: Setting[Literal["mean_24h", "each_hour"]]
    """Whether hours are judged by 24-h means, or each hour's own AQI must exceed."""
    yellow_full_day: Setting[bool]
    """Whether a 24-h clause of yellow needs a full 24 h; false: one hour above is enough (短时出现重度污染)."""
    severe_run: Setting[Literal["inside", "anywhere"]]
    """Whether the runs of an `all_of` must lie in one and the same episode, or anywhere in the series."""
    valid_hours: Setting[int]
    """The least number of valid hours for a 24-h mean; with fewer the window is missing and breaks a run."""
    observed_days_count: Setting[bool]
    """Whether days already observed lengthen a predicted run."""


class Procedure(Frozen):
    """The numbers of the procedure around a warning, each a setting with its source."""

    lead_hours: Setting[int]
    """How long before the start a warning is to be issued."""
    observed_over: Setting[int]
    """Observed-first: when the observed AQI is above this ..."""
    no_improvement_hours: Setting[int]
    """... and no clear improvement is predicted within so many hours, start at once."""
    lift_hours: Setting[int]
    """The air must be, and be predicted to stay, below the start criterion for so long."""
    merge_gap_hours: Setting[int]
    """Two episodes closer than this are one, judged at the stricter level."""
    oscillation: Setting[Literal["higher"]]
    """When the judged level swings between levels, which one is carried out."""
    pause_allowed: Setting[bool]
    extension_allowed: Setting[bool]
    regional_notice: Setting[Literal["follow"]]
    """What a regional or provincial notice does: its level and times are followed."""


class WarningExample(Frozen):
    """A worked series: daily AQI (null: a missing day), the level, and the 1-based days it covers."""

    daily_aqi: tuple[int | None, ...]
    level: LevelWord
    days: tuple[int, ...]
    below: str | None = None
    why: str


class WarningEdition(Edition):
    """One edition of the warning criteria and procedure."""

    levels: Levels
    below_yellow: tuple[BelowYellow, ...] = ()
    readings: Readings
    procedure: Procedure
    excluded: tuple[str, ...]
    """Kinds of pollution that are not answered with this warning (ozone, dust ...)."""
    quote: str
    """The deciding sentence, in the words of the instrument or of the source named in `cites`."""
    examples: tuple[WarningExample, ...] = Field(min_length=1)

    def criterion(self, level: LevelWord) -> Criterion:
        """The criterion of yellow, orange or red; KeyError for none."""
        if level == "none":
            raise KeyError("The level none has no criterion.")
        found: Criterion = getattr(self.levels, level)
        return found
