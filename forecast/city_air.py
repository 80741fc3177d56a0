"""What has been observed of a city: hourly and daily AQI of the city and of its stations, as of a moment.

A replay asks for hundreds of moments, so the whole stretch is read once and each moment sees only what had been
received by then: valid_time plus the source's declared delay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from forecast.archive import Archive

BEIJING = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class CityAir:
    """The city's hourly and daily AQI of a stretch. All hourly tuples run beside `valid_times`."""

    valid_times: tuple[datetime, ...]
    """Ends of the averaging hours, UTC."""
    aqi: tuple[int | None, ...]
    """Real-time AQI of the city mean."""
    pm25: tuple[float | None, ...]
    """City mean, ug/m3."""
    station_aqi: Mapping[str, tuple[int | None, ...]]
    station_pm25: Mapping[str, tuple[float | None, ...]]
    days: tuple[date, ...]
    daily_aqi: tuple[int | None, ...]
    """None where the rules of completeness are not met."""
    daily_primary: tuple[tuple[str, ...], ...]
    delay: timedelta

    def hours_known(self, now: datetime) -> int:
        """How many of the hours had been received by `now`."""
        return sum(moment + self.delay <= now for moment in self.valid_times)

    def days_known(self, now: datetime) -> int:
        """How many of the days were complete and received by `now`."""
        return sum(_end(day) + self.delay <= now for day in self.days)

    def daily(self) -> dict[date, int | None]:
        """Daily AQI by day."""
        return dict(zip(self.days, self.daily_aqi, strict=True))


def city_air(
    archive: Archive,
    *,
    stations: Sequence[str],
    mean_of: Sequence[str],
    start: datetime,
    end: datetime,
    as_of: datetime,
    edition: str,
    delay: timedelta,
    minimum_share: float = 0.5,
) -> CityAir:
    """The air of a city from start to end; the city is the mean of the stations `mean_of`.

    `minimum_share` is the least share of stations for an hourly city value (a setting; no national text names one).
    A missing pollutant does not hide the AQI of the others here (the desk must see what there is).
    """
    import numpy as np
    import pandas as pd

    from forecast import aqi
    from forecast.daily import city_mean, daily_statistics

    hourly = archive.observations(stations=list(stations), start=start, end=end, as_of=as_of)
    city = city_mean(hourly, stations=list(mean_of), minimum_share=minimum_share)
    real_time = aqi.of_hourly(city, edition=edition, gaps="available")
    each = aqi.of_hourly(hourly, edition=edition, gaps="available")
    report = aqi.of_daily(daily_statistics(city), edition=edition, gaps="available")
    seconds = hourly["valid_time"].values.astype("datetime64[s]").astype(np.int64)
    codes = [str(code) for code in hourly["station"].values]
    return CityAir(
        valid_times=tuple(datetime.fromtimestamp(int(second), UTC) for second in seconds),
        aqi=_whole(real_time["aqi"].values[0]),
        pm25=_number(city["pm25"].values[0]),
        station_aqi={code: _whole(each["aqi"].values[row]) for row, code in enumerate(codes)},
        station_pm25={code: _number(hourly["pm25"].values[row]) for row, code in enumerate(codes)},
        days=tuple(pd.Timestamp(day).date() for day in report["valid_date"].values),
        daily_aqi=_whole(report["aqi"].values[0]),
        daily_primary=tuple(aqi.primary_names(mask) for mask in report["primary"].values[0]),
        delay=delay,
    )


@dataclass(frozen=True, slots=True)
class LongAir:
    """A long stretch in daily values: the city's AQI, and the mean PM2.5 of each station."""

    days: tuple[date, ...]
    daily_aqi: tuple[int | None, ...]
    means: Mapping[str, tuple[float, int]]
    """Mean PM2.5 (ug/m3) and its hours by station; stations without a value are left out."""


def long_air(
    archive: Archive,
    *,
    stations: Sequence[str],
    mean_of: Sequence[str],
    start: datetime,
    end: datetime,
    as_of: datetime,
    edition: str,
    minimum_share: float = 0.5,
) -> LongAir:
    """The same as :func:`city_air` says of days and stations, without the hours: for a year at a time."""
    import numpy as np
    import pandas as pd

    from forecast import aqi
    from forecast.daily import city_mean, daily_statistics

    hourly = archive.observations(stations=list(stations), start=start, end=end, as_of=as_of)
    city = city_mean(hourly, stations=list(mean_of), minimum_share=minimum_share)
    report = aqi.of_daily(daily_statistics(city), edition=edition, gaps="available")
    values = hourly["pm25"].values
    there = ~np.isnan(values)
    counts, sums = there.sum(axis=1), np.where(there, values, 0.0).sum(axis=1)
    codes = [str(code) for code in hourly["station"].values]
    return LongAir(
        days=tuple(pd.Timestamp(day).date() for day in report["valid_date"].values),
        daily_aqi=_whole(report["aqi"].values[0]),
        means={
            code: (float(total / count), int(count))
            for code, total, count in zip(codes, sums, counts, strict=True)
            if count
        },
    )


def _whole(values: Sequence[int]) -> tuple[int | None, ...]:
    return tuple(None if value < 0 else int(value) for value in values)


def _number(values: Sequence[float]) -> tuple[float | None, ...]:
    return tuple(None if value != value else float(value) for value in values)  # noqa: PLR0124  NaN is unlike itself


def _end(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BEIJING) + timedelta(days=1)
