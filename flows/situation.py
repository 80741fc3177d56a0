"""What the office sees at one moment: the newest outlook and the observed air as of now, and the rules of the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from emergency import risk
from emergency.vocabulary import BEIJING
from forecast.city_air import CityAir
from forecast.outlook import Outlook
from forecast.reasons import Reasons
from forecast.weather_days import WeatherDay
from plans.rulebook import Rules
from plans.schema import CityPlan


@dataclass(frozen=True, slots=True)
class Situation:
    """What the office sees at one moment: the newest outlook and what was observed, both as of now."""

    now: datetime
    outlook: Outlook | None
    observed: risk.Observed
    rules: Rules
    plan: CityPlan
    air: CityAir | None = None
    """What was observed, with the stations; for the evidence pack. None where only the sums are known."""
    weather: tuple[WeatherDay, ...] = ()
    """The weather ahead of the outlook's issue, for the evidence pack; empty where the office has none."""
    reasons: Reasons | None = None
    """Why the outlook says what it says, with past days like now; None where nobody asked."""

    @property
    def local(self) -> datetime:
        """Now, in Beijing time."""
        return self.now.astimezone(BEIJING)

    def assess(self, signed: tuple[int, ...] | None = None) -> risk.Assessment | None:
        """The assessment of the present outlook, on signed values when given; None without an outlook."""
        if self.outlook is None:
            return None
        return risk.assess(self.outlook, self.observed, rules=self.rules, now=self.now, city=self.plan, signed=signed)
