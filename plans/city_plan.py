"""The shape of a city plan: who decides at which level, what calls a consultation, deadlines, calendar, ranking.

A plan may tighten the national rules, never loosen them. What its documents do not say stands as a Setting.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from plans.department_tasks import DepartmentTask, WateringRule
from plans.measure import PollutantKey
from plans.parts import Confidence, Edition, Frozen, Setting
from plans.warning_edition import BelowYellow, LevelWord

RoleKey = Literal[
    "duty_officer", "forecaster", "meteorologist", "expert", "territory", "office_director", "vice_mayor", "mayor",
    "inspector", "enterprise", "department", "administrator", "system",
]  # fmt: skip
"""The keys of emergency.vocabulary.Role; a test keeps the two lists equal."""


class Authority(Frozen):
    """Who decides one level: the role that signs, how many signatures, who may stand in, how soon."""

    role: Setting[RoleKey]
    signatures: Setting[int]
    deputies: Setting[tuple[RoleKey, ...]]
    deadline_minutes: Setting[int]
    """From the concluded consultation to the signed approval."""


class AuthorityTable(Frozen):
    """The authority of every level, and of lifting and of the preview below yellow."""

    yellow: Authority
    orange: Authority
    red: Authority

    def of(self, level: LevelWord) -> Authority:
        """The authority of yellow, orange or red; KeyError for none."""
        if level == "none":
            raise KeyError("No authority is needed for the level none.")
        found: Authority = getattr(self, level)
        return found


class Response(Frozen):
    """What follows from one level: response class, reduction target, and the measures for public and works."""

    response_class: Literal["Ⅲ级", "Ⅱ级", "Ⅰ级"]
    reduction_percent: Setting[int]
    """Of the whole-society daily emission, per pollutant."""
    health: Setting[tuple[str, ...]]
    advisory: Setting[tuple[str, ...]]
    compulsory: Setting[tuple[str, ...]]


class ResponseTable(Frozen):
    """The response of every level."""

    yellow: Response
    orange: Response
    red: Response

    def of(self, level: LevelWord) -> Response:
        """The response of yellow, orange or red; KeyError for none."""
        if level == "none":
            raise KeyError("No response follows from the level none.")
        found: Response = getattr(self, level)
        return found


class Shaoxing(Frozen):
    """The six triggers of 绍市环发〔2016〕41号, as one preset (any of them)."""

    day_over: int
    day_over_worse: int
    """... together with worse dispersion tomorrow."""
    rank_last: int
    rank_hours: int
    visibility_under: int
    """metres"""
    humidity_at_most: int
    """percent"""
    visibility_pm25: int
    """ug/m3, together with visibility_under"""
    visibility_wide_under: int
    visibility_wide_pm25: int


class Trigger(Frozen):
    """One reason to call a consultation. `days` is how many days of the outlook are looked at."""

    id: str
    kind: Literal["level_likely", "category_change", "primary_change", "edge_day", "shaoxing"]
    chinese: str
    english: str
    source: str
    confidence: Confidence
    enabled: bool = True
    days: Setting[int] | None = None
    level: int | None = Field(default=None, ge=1, le=6)
    """level_likely: this AQI level or worse."""
    probability: Setting[Decimal] | None = None
    step: Setting[int] | None = None
    """category_change: by at least so many levels."""
    margin: Setting[int] | None = None
    """edge_day: a median within so many AQI points of the border between 良 and 轻度污染 (100)."""
    preset: Shaoxing | None = None

    @model_validator(mode="after")
    def _has_its_numbers(self) -> Trigger:
        needs = {
            "level_likely": ("days", "level", "probability"),
            "category_change": ("days", "step"),
            "primary_change": ("days",),
            "edge_day": ("days", "margin"),
            "shaoxing": ("preset",),
        }[self.kind]
        missing = [name for name in needs if getattr(self, name) is None]
        if missing:
            raise ValueError(f"a trigger of kind {self.kind} with the keys {', '.join(missing)}")
        return self


class Consultation(Frozen):
    """Who consults, how often as a rule and when it is denser, and what calls one outside the rule."""

    participants: tuple[RoleKey, ...]
    regular: Setting[str]
    denser_per_day: Setting[int]
    """The least number of consultations a day while a trigger stands or a warning is out."""
    result_within_minutes: Setting[int]
    """From the end of the consultation to the result with the leaders."""
    triggers: tuple[Trigger, ...]


class Deadlines(Frozen):
    """How soon an order must be answered and carried out, and the papers around it."""

    order_response_minutes: Setting[int]
    order_execution_minutes: Setting[int]
    order_stamp: Setting[bool]
    """Whether the two answers are signed and stamped."""
    chase_after_minutes: Setting[int]
    """How long a silent enterprise is left before it is chased."""
    approval_form_minutes: Setting[int]
    """From the consultation opinion to the approval form."""
    relay_minutes: Setting[int]
    """From the signature to the departments."""
    evaluation_working_days: Setting[int]
    """From the end of the response to the evaluation (art. 96 of the law: the duty; the days are a setting)."""


class DailyReport(Frozen):
    """每日一报 while a warning is out."""

    required: Setting[bool]
    by: Setting[str]
    """Local time of day, "HH:MM"."""


class Period(Frozen):
    """A yearly season, month-day to month-day, both included; it may cross the new year."""

    chinese: str
    first: str = Field(pattern=r"^\d\d-\d\d$")
    last: str = Field(pattern=r"^\d\d-\d\d$")


class Meeting(Frozen):
    """A standing meeting, inspection round or report of the calendar."""

    id: str
    chinese: str
    every: Literal["day", "week", "half_month", "month", "quarter", "half_year", "year"]
    on: str | None = None
    """Weekday (mon..sun), day of month, or month-day."""
    source: str
    confidence: Confidence


class TalkRule(Frozen):
    """约谈: so many weeks in a row among the last so many calls a talk with this leader."""

    weeks: int
    last: int
    with_whom: str
    source: str
    confidence: Confidence


class Standing(Frozen):
    """Ranking of streets and towns."""

    daily_rank: Setting[bool]
    weekly_notice: Setting[bool]
    basis: Setting[str]
    talks: tuple[TalkRule, ...]


class Inspection(Frozen):
    """How inspections are made and followed up."""

    rules: tuple[Meeting, ...]
    style: tuple[str, ...]
    hand_over: Setting[str]
    look_back: Setting[bool]
    """回头看: a rectified problem is looked at again before it is closed."""
    close_off: Setting[bool]
    """销号: a problem is struck off a list."""


class CityPlan(Edition):
    """One edition of the plan of a city or district."""

    city: str
    chinese: str
    kind: Literal["city", "district"]
    sample: bool = False
    """True for a place that does not exist."""
    office: Setting[str]
    """The body that runs the work."""
    criteria: Setting[str]
    """The name of the national warning edition this plan follows."""
    below_yellow: Setting[BelowYellow] | None = None
    authority: AuthorityTable
    response: ResponseTable
    deadlines: Deadlines
    consultation: Consultation
    daily_report: DailyReport
    special_period: Setting[Period] | None = None
    calendar: tuple[Meeting, ...] = ()
    standing: Standing | None = None
    inspection: Inspection
    base_daily: Setting[dict[PollutantKey, Decimal]] | None = None
    """Whole-society emission of the area per day, t; None where no document gives it."""
    departments: tuple[DepartmentTask, ...] = ()
    """Tasks of departments that are ordered with a response; empty where the plan names none."""
    watering: WateringRule | None = None
    examples: tuple[PlanExample, ...] = Field(min_length=1)


class PlanExample(Frozen):
    """A worked question to the plan: who signs this level, and which response class follows."""

    level: Literal["yellow", "orange", "red"]
    role: RoleKey
    response_class: Literal["Ⅲ级", "Ⅱ级", "Ⅰ级"]


CityPlan.model_rebuild()
