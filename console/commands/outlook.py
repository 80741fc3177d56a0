"""`lantian outlook`: one outlook of a station or city as of a moment, with its reasons, and as CF-conform NetCDF."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import xarray as xr

    from forecast.archive import Archive
    from forecast.features import Area
    from forecast.hours import HourlyOutlook
    from forecast.outlook import Outlook
    from forecast.reasons import Reasons
    from forecast.train import Trained

app = typer.Typer(add_completion=False)


@app.command()
def outlook(
    station: Annotated[
        str, typer.Option(metavar="KEY", help="站点编码，或 city（全市平均）；给出模型时为模型中的任一区域")
    ],
    as_of: Annotated[str, typer.Option(metavar="TIME", help="发布时刻（北京时间），如 2015-11-27T01:00")],
    data: Annotated[str, typer.Option(metavar="FORMAT:PATH", help="数据，如 prsa:文件夹；不给则读档案")] = "",
    archive: Annotated[str, typer.Option(metavar="ADDRESS", help="档案；默认为工作目录中的 archive.db")] = "",
    model: Annotated[
        str, typer.Option(metavar="DIR", help="lantian train 写出的文件夹；不给则用此前的数据当场训练（数秒）")
    ] = "",
    weather: Annotated[
        str, typer.Option(metavar="none|perfect|FILE", help="未来气象；用档案所存预报训练的模型自动取用它们")
    ] = "none",
    edition: Annotated[str, typer.Option(help="AQI 版本")] = "hj633-2012",
    out: Annotated[Path | None, typer.Option(metavar="FILE.nc", help="另存为 CF 规范的 NetCDF")] = None,
    why: Annotated[bool, typer.Option("--why/--no-why", help="说明依据：影响因素、相似日、与上次的变化")] = True,
) -> None:
    """打印一个站点或城市在某一时刻的七天展望及其依据；只用当时已收到的数据。"""
    from forecast import hourly_paths, outlook_file, predict, train
    from forecast import why as reasoning
    from plans.errors import DataError

    if out is not None and (out.suffix != ".nc" or not out.parent.is_dir()):
        raise DataError("--out cannot be written", expected="FILE.nc in a folder that is there", found=str(out))
    moment = _moment(as_of)
    made = train.load(model) if model else None
    store, areas, dataset = _store(data, archive, moment, more=() if made is None else made.region)
    areas = areas if made is None else _areas(made, dataset)
    area = next((one for one in areas if one.key == station), None)
    if area is None:
        expected = ", ".join(one.key for one in areas)[:200]
        raise DataError("The station is not known", where="--station", expected=expected, found=station)
    if made is not None and dataset is None and weather == "none" and made.manifest["weather_runs_of"]:
        ahead: xr.Dataset | None = _kept(store, made, moment)
    else:
        ahead = _weather(weather, dataset, areas)
    made = made or _model(dataset, areas, moment, ahead)
    asked: dict[str, Any] = {"area": area.key, "stations": area.stations, "weather": ahead}
    said = predict.make_outlook(store, made, area_name=area.key, issued_at=moment, aqi_edition=edition, **asked)
    if why:
        before = moment - timedelta(days=1)
        if store.outlook(area.key, as_of=moment) is None and data:
            with suppress(DataError):  # no air or no weather run of the day before: then there is nothing to compare
                earlier = predict.make_outlook(
                    store, made, area_name=area.key, issued_at=before, aqi_edition=edition, **asked
                )
                store.write_outlook(earlier)
        reasons = reasoning.explain(store, made, said, stations=area.stations, weather=ahead, history=dataset)
    hours = hourly_paths.hourly_outlook(store, made, said, stations=area.stations, weather=ahead, history=dataset)
    typer.echo(_text(said, reasons if why else None, hours))
    if out is not None:
        outlook_file.write(said, out, hours=hours)
        typer.echo(f"已写入 {out}", err=True)


def _kept(store: Archive, model: Trained, moment: datetime) -> xr.Dataset:
    """The runs of the model's own source that the archive keeps, as known at the moment."""
    from forecast import features, weather_runs
    from forecast.guidance import Guidance

    day = features.base_day(moment, issue_hour=model.issue_hour)
    return weather_runs.for_model(Guidance(store.engine), model, day=day, as_of=moment)


def _moment(text: str) -> datetime:
    from emergency.vocabulary import BEIJING
    from plans.errors import DataError

    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise DataError("--as-of is not a time", expected="YYYY-MM-DDTHH:MM", found=text) from None
    return given if given.tzinfo else given.replace(tzinfo=BEIJING)


def _areas(model: Trained, dataset: xr.Dataset | None) -> tuple[Area, ...]:
    """The model's areas, each of those of its stations that the data hold; an archive may hold silent ones."""
    from forecast.features import Area

    if dataset is None:
        return model.areas
    there = {str(code) for code in dataset["station"].values}
    kept = (Area(one.key, tuple(code for code in one.stations if code in there)) for one in model.areas)
    return tuple(one for one in kept if one.stations)


def _store(
    data: str, address: str, moment: datetime, *, more: tuple[str, ...]
) -> tuple[Archive, tuple[Area, ...], xr.Dataset | None]:
    """The archive asked, or one in memory of the data given, which knows `more` stations too; its areas; the data."""
    import numpy as np

    from console.commands.train import areas_of, read
    from forecast import air
    from forecast.archive import Archive
    from forecast.features import Area
    from forecast.readers.station_list import Station
    from plans.errors import DataError

    if data and address:
        raise DataError("--data and --archive exclude each other", expected="one of them", found="both")
    if not data:
        import os

        home = Path(os.environ.get("LANTIAN_HOME", "var"))
        store = Archive.open(address or os.environ.get("LANTIAN_ARCHIVE") or str(home / "archive.db"))
        codes = tuple(station.code for station in store.stations())
        if not codes:
            raise DataError("The archive knows no station", todo="Fill it, or give --data")
        return store, (Area("city", codes), *(Area(code, (code,)) for code in codes)), None
    dataset, name = read(data)
    start = air.utc(moment - timedelta(days=120))
    inside = dataset["valid_time"].values
    part = dataset.isel(valid_time=np.flatnonzero((inside > start) & (inside <= air.utc(moment))))
    if not part.sizes["valid_time"]:
        raise DataError("The data do not reach the time", where="--as-of", found=moment.isoformat())
    store = Archive.open("sqlite://")
    codes = tuple(str(code) for code in dataset["station"].values)
    known = sorted({*codes, *more})
    store.write_stations(Station(code, code, name, None, None, name, name) for code in known)
    store.write(part, source=name, delay=timedelta(0))
    return store, areas_of(name, dataset, "all"), dataset


def _weather(which: str, dataset: xr.Dataset | None, areas: tuple[Area, ...]) -> xr.Dataset | None:
    from console.commands.train import weather_of
    from plans.errors import DataError

    if dataset is None and which == "perfect":
        raise DataError("Perfect weather needs the data", where="--weather", expected="--data", found="an archive")
    return weather_of(which, dataset, areas)  # type: ignore[arg-type]


def _model(
    dataset: xr.Dataset | None, areas: tuple[Area, ...], moment: datetime, weather: xr.Dataset | None
) -> Trained:
    from emergency.vocabulary import BEIJING
    from forecast import train
    from plans.errors import DataError

    if dataset is None:
        raise DataError("There is no model", expected="--model DIR", found="none", todo="Train one with lantian train")
    typer.echo("没有给出模型，用此前的数据当场训练 …", err=True)
    until = moment.astimezone(BEIJING).date() - timedelta(days=7)
    name = "blend" if weather is None else "blend-weather"
    return train.train(dataset, until=until, areas=areas, model=name, weather=weather)


LEVELS = ("优", "良", "轻度", "中度", "重度", "严重")


def _text(said: Outlook, reasons: Reasons | None, hours: HourlyOutlook | None) -> str:
    from console.words import WEATHER
    from emergency.vocabulary import BEIJING

    at, until = (value.astimezone(BEIJING) for value in (said.issued_at, said.data_until))
    weather = WEATHER[said.weather_mode]
    if said.weather_source and said.weather_received_at is not None:
        weather += f"（{said.weather_source}，{said.weather_received_at.astimezone(BEIJING):%m-%d %H:%M} 收到）"
    lines = [
        f"{said.area_name} 七天展望  发布 {at:%Y-%m-%d %H:%M}  数据截至 {until:%m-%d %H时}  {weather}",
        f"模型 {said.model} {said.model_digest[:12]}  {said.aqi_edition}" + ("  模拟数据" if said.simulated else ""),
        *(f"注意：{note}" for note in said.mode_notes),
        "",
        "日期         中位  80%区间   >100  >150  >200  最可能级别  首要污染物",
    ]
    for day in said.days:
        level = max(range(6), key=lambda number: day.level_probabilities[number])
        over = "".join(f"{day.probability_above(limit):6.0%}" for limit in (100, 150, 200))
        span = f"{day.quantile(0.10)}–{day.quantile(0.90)}"
        lines.append(
            f"{day.valid_date}  {day.median:5d}  {span:>8} {over}  {LEVELS[level]:　<4}      {day.primary or '—'}"
        )
    if hours is not None:
        lines += ["", *_hours(hours)]
    if reasons is not None:
        lines += ["", "依据", *(f"- {sentence}" for sentence in reasons.sentences)]
    return "\n".join(lines)


EVERY = 3
"""Hours between two rows of the hourly table; the file and the archive hold every hour."""


def _hours(hours: HourlyOutlook) -> list[str]:
    from emergency.vocabulary import BEIJING
    from forecast.hours import curve

    lines = [
        f"未来72小时实时AQI（{hours.aqi_edition}，每{EVERY}小时一行，时刻为小时结束）",
        "时刻            中位  80%区间   >100  >150  >200",
    ]
    for hour in curve(hours)[EVERY - 1 :: EVERY]:
        at = hour.valid_time.astimezone(BEIJING)
        over = "".join(f"{hour.probability_above(limit):6.0%}" for limit in (100, 150, 200))
        span = f"{hour.quantile(0.10)}–{hour.quantile(0.90)}"
        lines.append(f"{at:%m-%d %H:%M}     {hour.quantile(0.5):5d}  {span:>8} {over}")
    return lines
