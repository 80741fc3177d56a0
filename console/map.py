"""The map on the desk: the stations as they stand now on the office's own map, drawn once per reading of the air."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from console.air import AirNow
from console.charts_map import Spot, invented_ground, station_map
from console.language import N_, _, current
from console.map_file import MapFile
from console.settings import Settings
from plans.schema import AqiEdition

NOTE = "map"
"""Under this name the record keeps the office's map; it is no law and no decision, and can be replaced."""
INVENTED = N_("示意范围为虚构图形，不是行政区划界线。")
NO_MAP = MapFile((), (), "", "")


@dataclass(frozen=True, slots=True)
class StationMap:
    """The picture and what must be printed under it."""

    picture: Markup
    """Empty when no station has a place."""
    ground: MapFile
    unplaced: tuple[str, ...]
    """Names of stations that the archive knows no place of."""


class MapReader:
    """Draws the map; safe to call from many threads (two may draw the same picture, and it is the same)."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._kept: tuple[AirNow, str, str, StationMap] | None = None

    def at(self, air: AirNow, edition: AqiEdition) -> StationMap:
        """The map of these readings under an AQI edition."""
        noted = self.settings.office.record.noted(NOTE) or ""
        kept = self._kept
        if kept is not None and kept[0] is air and kept[1:3] == (noted, current()):
            return kept[3]
        made = self._draw(air, edition, noted)
        self._kept = (air, noted, current(), made)
        return made

    def ground(self) -> MapFile | None:
        """The map that was brought; None while there is none."""
        noted = self.settings.office.record.noted(NOTE)
        return MapFile.from_json(noted) if noted else None

    def keep(self, ground: MapFile, *, by: str, now: datetime) -> None:
        """Put another map in the place of the present one; who and when is kept with it."""
        data: Mapping[str, Any] = {**json.loads(ground.to_json()), "by": by, "at": now.isoformat()}
        self.settings.office.record.note(NOTE, json.dumps(data, ensure_ascii=False))

    def _draw(self, air: AirNow, edition: AqiEdition, noted: str) -> StationMap:
        spots = []
        for one in air.stations:
            if one.place is None:
                continue
            category = edition.category_of(one.aqi) if one.aqi is not None else None
            spots.append(
                Spot(
                    name=one.name,
                    lon=one.place[0],
                    lat=one.place[1],
                    aqi=one.aqi,
                    level=category.level if category else 0,
                    word=category.chinese if category else "",
                    silent=one.silent,
                    age_minutes=None if one.age is None else round(one.age.total_seconds() / 60),
                    wind=one.wind,
                )
            )
        unplaced = tuple(one.name for one in air.stations if one.place is None)
        if not spots:
            return StationMap(Markup(""), NO_MAP, unplaced)
        if noted:
            ground = MapFile.from_json(noted)
        elif self.settings.simulated_air or self.settings.office.record.noted("replay") is not None:
            ground = invented_ground([(spot.lon, spot.lat) for spot in spots], source=INVENTED)
        else:
            ground = NO_MAP
        title = _("%(count)s个监测站点的位置、小时AQI和风", count=len(spots))
        return StationMap(
            station_map(spots, ground, title=title),
            ground,
            unplaced,
        )
