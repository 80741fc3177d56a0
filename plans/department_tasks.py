"""Tasks of the city's departments at each level, and the watering rules: what, by which weather, how often.

The numbers of the watering rules are those of 襄阳 2019 (S1); what the document does not say (a frozen road) is a
setting. Watering on a frosty road is dangerous, so below the stated temperature only sweeping is ordered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pydantic import Field

from plans.parts import Confidence, Frozen
from plans.warning_edition import LevelWord


class DepartmentTask(Frozen):
    """What one department does at each level; an empty level adds nothing to the one below it."""

    id: str = Field(pattern=r"^[a-z]+$")
    chinese: str
    yellow: tuple[str, ...] = ()
    orange: tuple[str, ...] = ()
    red: tuple[str, ...] = ()
    watering: bool = False
    """Whether the watering rules are part of its order."""
    check: str = "现场"
    source: str
    confidence: Confidence

    @property
    def recipient(self) -> str:
        """The identifier under which it gets orders."""
        return f"dept-{self.id}"

    def at(self, level: LevelWord) -> tuple[str, ...]:
        """The tasks of a level, with those of the levels below that it does not replace; empty for none."""
        order: tuple[LevelWord, ...] = ("yellow", "orange", "red")
        if level not in order:
            return ()
        found: list[str] = []
        for one in order[: order.index(level) + 1]:
            found += [text for text in getattr(self, one) if text not in found]
        return tuple(found)


class WateringSeason(Frozen):
    """How often a main road is served on a day of these months."""

    months: tuple[int, ...]
    times: int
    sprays: int
    sweeps: int
    above_temperature: int | None = None
    """Watering only when it is warmer than so many degC."""


class WateringRule(Frozen):
    """The watering rules of a place."""

    seasons: tuple[WateringSeason, ...]
    humid_over: int
    """From this relative humidity (percent) there is less watering and more sweeping."""
    outskirts_at_least: int
    """Services a day of national and provincial roads outside the town."""
    source: str
    confidence: Confidence

    @property
    def chinese(self) -> str:
        """The whole rule in one sentence, for an order that is written before the weather is known."""
        parts = []
        for season in self.seasons:
            months = "、".join(str(month) for month in season.months)
            warm = f"气温高于{season.above_temperature}℃时" if season.above_temperature is not None else ""
            parts.append(f"{months}月{warm}每日不少于{season.times}次（{season.sprays}洒{season.sweeps}扫）")
        return (
            f"道路洒水清扫：{'；'.join(parts)}；其余月份按常规；湿度大于{self.humid_over}%时减少洒水、增加清扫；"
            f"城郊国道省道不少于{self.outskirts_at_least}次；雨天不洒；结冰时只清扫"
        )


@dataclass(frozen=True, slots=True)
class Watering:
    """What is to be done on the roads on one day."""

    sprays: int | None
    """None where the rule leaves it to the ordinary service."""
    sweeps: int | None
    text: str
    why: tuple[str, ...]


def watering_of(
    rule: WateringRule, on: date, *, temperature: float | None, humidity: float | None, rain: bool
) -> Watering:
    """The watering of one day from its weather (degC, percent); an unknown temperature in a cold season means none.

    Humid days turn half of the sprays into sweeps (rounded up): the document says only "fewer", the half is ours (I).
    """
    if rain:
        return Watering(0, 0, "雨天，不洒水", ("雨天除外",))
    season = next((one for one in rule.seasons if on.month in one.months), None)
    if season is None:
        return Watering(None, None, "按常规洒水清扫", (f"{on.month}月保持正常",))
    sprays, sweeps, why = season.sprays, season.sweeps, [f"{on.month}月每日不少于{season.times}次"]
    limit = season.above_temperature
    if limit is not None and (temperature is None or temperature <= limit):
        known = "气温未知" if temperature is None else f"气温{temperature:g}℃"
        return Watering(0, sweeps, f"只清扫{sweeps}次，不洒水", (*why, f"{known}，洒水须高于{limit}℃"))
    if humidity is not None and humidity > rule.humid_over:
        moved = -(-sprays // 2)
        sprays, sweeps = sprays - moved, sweeps + moved
        why.append(f"湿度{humidity:g}%大于{rule.humid_over}%，减少洒水、增加清扫")
    return Watering(sprays, sweeps, f"洒水{sprays}次、清扫{sweeps}次", tuple(why))
