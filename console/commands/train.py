"""`lantian train`: make a forecast model from a file of observations and store it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import xarray as xr

    from forecast.features import Area

app = typer.Typer(add_completion=False)

AREAS = ("stations", "city", "all")


@app.command()
def train(
    data: Annotated[str, typer.Option(metavar="FORMAT:PATH", help="数据，如 prsa:文件夹")],
    until: Annotated[str, typer.Option(metavar="DATE", help="只用这一天 0 时之前的数据，如 2015-03-01")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="写入 model.npz 的文件夹")],
    areas: Annotated[str, typer.Option(help="stations 各站点 | city 全市平均 | all 两者")] = "all",
    effort: Annotated[str, typer.Option(help="demo 数秒 | full 数分钟")] = "demo",
    weather: Annotated[
        str, typer.Option(metavar="none|perfect|FILE", help="未来气象：无、实况（仅回报）、逐日表")
    ] = "none",
) -> None:
    """用某日之前的观测训练预报模型；模型文件只含数值，并记下训练时段、特征、代码与数据的摘要。"""
    from forecast import train as training

    limit = day(until, name="--until")
    dataset, reader_name = read(data)
    chosen = areas_of(reader_name, dataset, areas)
    ahead = weather_of(weather, dataset, chosen)
    asked: dict[str, Any] = {"effort": effort, "model": "blend" if ahead is None else "blend-weather"}
    made = training.train(dataset, until=limit, areas=chosen, weather=ahead, **asked)
    path = training.save(made, out)
    first, last = made.manifest["first_day"], made.manifest["last_day"]
    typer.echo(f"已用 {first} 至 {last} 的数据训练 {len(made.areas)} 个区域，写入 {path}")
    if silent := made.manifest["areas_left_out"]:
        typer.echo(f"几乎没有监测数据，没有训练：{'、'.join(silent)}")
    typer.echo(f"摘要 {made.digest}")


def weather_of(which: str, dataset: xr.Dataset, areas: tuple[Area, ...]) -> xr.Dataset | None:
    """Daily weather ahead: none, perfect (observed on the day itself), or a table; DataError for another word."""
    from forecast import weather_modes
    from plans.errors import DataError

    if which == "none":
        return None
    if which == "perfect":
        return weather_modes.perfect_weather(dataset, areas=areas)
    if Path(which).suffix not in (".parquet", ".csv"):
        raise DataError("--weather is not known", expected="none | perfect | FILE.parquet | FILE.csv", found=which)
    return weather_modes.read_table(which)


def read(data: str) -> tuple[xr.Dataset, str]:
    """The dataset of FORMAT:PATH and the format's name; DataError when it is not of that form or not there."""
    from forecast.sources import names, reader
    from plans.errors import DataError

    name, colon, path = data.partition(":")
    if not colon or not path:
        expected = f"FORMAT:PATH with FORMAT one of {' | '.join(names())}"
        raise DataError("--data cannot be read", expected=expected, found=data)
    found = reader(name)
    if not Path(path).exists():
        raise DataError("The data are not there", where="--data", expected="a file or folder", found=path)
    return found.read(Path(path)), name


def day(text: str, *, name: str) -> date:
    """The day of YYYY-MM-DD; DataError otherwise."""
    from plans.errors import DataError

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DataError(f"{name} is not a day", expected="YYYY-MM-DD", found=text) from None


def areas_of(source: str, dataset: xr.Dataset, which: str) -> tuple[Area, ...]:
    """The areas of a dataset: its stations, their city mean (key "city"), or both, the city first.

    For prsa the clean-air reference station is not part of the city mean, as in the official figure.
    """
    from forecast.features import Area
    from forecast.readers import prsa
    from plans.errors import DataError

    if which not in AREAS:
        raise DataError("--areas is not known", expected=" | ".join(AREAS), found=which)
    codes = [str(code) for code in dataset["station"].values]
    members = tuple(code for code in codes if source != "prsa" or code in prsa.CITY_MEAN)
    city = (Area("city", members),) if which != "stations" else ()
    return city + (tuple(Area(code, (code,)) for code in codes) if which != "city" else ())
