"""The typed shape of every rule, in one place to import from.

The shapes themselves stand in files of their own: parts (cites, settings, editions), aqi_edition, and their siblings.
"""

from plans.aqi_edition import TABLES, AqiCategory, AqiEdition, Beyond, Gaps, Pollutant, Report, ReportedMean, Table
from plans.parts import Cite, Confidence, Edition, Frozen, Setting

__all__ = [
    "TABLES", "AqiCategory", "AqiEdition", "Beyond", "Cite", "Confidence", "Edition", "Frozen", "Gaps", "Pollutant",
    "Report", "ReportedMean", "Setting", "Table",
]  # fmt: skip
