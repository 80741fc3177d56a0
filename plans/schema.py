"""The typed shape of every rule, in one place to import from.

The shapes themselves stand in files of their own: parts (cites, settings, editions), aqi_edition, warning_edition and
their siblings.
"""

from plans.air_edition import AmbientEdition, AssessmentEdition, Limit, Matter, MeanPeriod, Validity
from plans.aqi_edition import TABLES, AqiCategory, AqiEdition, Beyond, Gaps, Pollutant, Report, ReportedMean, Table
from plans.city_plan import Authority, CityPlan, Response, Shaoxing, TalkRule, Trigger
from plans.parts import Cite, Confidence, Edition, Frozen, Setting
from plans.warning_edition import BelowYellow, Criterion, Levels, Procedure, Readings, WarningEdition

__all__ = [
    "TABLES",
    "AmbientEdition",
    "AqiCategory",
    "AqiEdition",
    "AssessmentEdition",
    "Authority",
    "BelowYellow",
    "Beyond",
    "Cite",
    "CityPlan",
    "Confidence",
    "Criterion",
    "Edition",
    "Frozen",
    "Gaps",
    "Levels",
    "Limit",
    "Matter",
    "MeanPeriod",
    "Pollutant",
    "Procedure",
    "Readings",
    "Report",
    "ReportedMean",
    "Response",
    "Setting",
    "Shaoxing",
    "Table",
    "TalkRule",
    "Trigger",
    "Validity",
    "WarningEdition",
]  # fmt: skip
