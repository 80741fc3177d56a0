"""`lantian archive`: load files and runs of weather models into the archive, and say what it holds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli_words import said
from console.commands.train import day

if TYPE_CHECKING:
    from forecast.archive import Archive

app = typer.Typer(add_completion=False, help="观测与预报档案：装入文件，查看内容。", no_args_is_help=True)


def default_address() -> str:
    """Where the archive is when nobody says: LANTIAN_ARCHIVE, else archive.db in LANTIAN_HOME (default var)."""
    return os.environ.get("LANTIAN_ARCHIVE") or str(Path(os.environ.get("LANTIAN_HOME", "var")) / "archive.db")


@app.command()
def load(
    file_format: Annotated[
        str, typer.Argument(metavar="FORMAT", help="格式：prsa | five-city | city-hourly | cnemc-snapshot")
    ],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="文件，prsa 也可为文件夹")],
    to: Annotated[str, typer.Option(help="档案：文件名、sqlite:/// 或 postgresql://；默认在 LANTIAN_HOME")] = "",
    received_at: Annotated[str, typer.Option(help="收到时间，如 2026-03-01T12:00+08:00；默认按来源声明的时延")] = "",
) -> None:
    """读入一个文件，做质量标记后写入档案；重复装入不改变任何内容。"""
    from forecast.archive import Archive
    from forecast.quality import flag
    from forecast.sources import reader

    source = reader(file_format)
    when = _instant(received_at) if received_at else None
    dataset = flag(source.read(path))
    archive = Archive.open(to or default_address())
    archive.write_stations(source.stations(path, dataset))
    delay = None if when else source.manifest.delay
    written = archive.write(dataset, source=source.manifest.name, received_at=when, delay=delay)
    stations, hours = dataset.sizes["station"], dataset.sizes["valid_time"]
    typer.echo(f"{source.manifest.title}：{stations} 个站点，{hours} 个小时，新写入 {written} 行。")
    archive.close()


@app.command()
def status(
    of: Annotated[str, typer.Option("--to", "--of", help="档案：文件名、sqlite:/// 或 postgresql://")] = "",
) -> None:
    """列出档案中每个来源的行数、站点数和起止时间（北京时间）。"""
    from forecast.air import BEIJING

    archive = _existing(of or default_address())
    rows = archive.status()
    if not rows:
        typer.echo("档案是空的。")
    for row in rows:
        first, last, received = (f"{row[name].astimezone(BEIJING):%Y-%m-%d %H:%M}" for name in _TIMES)
        what = f"{row['table']}  {row['source']}  {row['rows']} 行  {row['stations']} 站"
        typer.echo(f"{what}  {first} 至 {last}  最后收到 {received}")
    archive.close()


@app.command()
def runs(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="起报文件 .nc .zarr .grib，或其文件夹")],
    to: Annotated[str, typer.Option("--to", "--of", help="档案：文件名、sqlite:/// 或 postgresql://")] = "",
    delay_hours: Annotated[float, typer.Option(min=0, max=48, help="起报后多少小时视为已收到")] = 6,
    source: Annotated[str, typer.Option(help="记作哪个来源")] = "weather-files",
) -> None:
    """装入以往的气象模式起报：取网格内各站点的值，按起报时间加时延视为收到；重复装入不改变任何内容。"""
    from forecast.guidance import Guidance
    from forecast.weather_files import at_those_inside, read_run
    from forecast.weather_runs import keep_run
    from plans.errors import DataError

    archive = _existing(to or default_address())
    guidance, stations = Guidance(archive.engine), archive.stations()
    delay, total, failed = timedelta(hours=delay_hours), 0, []
    files = _run_files(paths)
    for path in files:
        try:
            local = at_those_inside(read_run(path), stations)
            new = keep_run(guidance, local, source=source, delay=delay)
        except DataError as error:
            failed.append(path.name)
            typer.echo(f"{path.name}：未装入：{said(error).splitlines()[0]}")
            continue
        total += new
        times, places = local.sizes["issued_at"], local.sizes["station"]
        typer.echo(f"{path.name}：{times} 次起报，{places} 个站点，新写入 {new} 个模式值")
    archive.close()
    typer.echo(f"{len(files) - len(failed)} 个文件已装入，新写入 {total} 个模式值。")
    if failed:
        raise DataError("Some run files were not loaded", found=", ".join(failed), todo="Mend them and load them again")


@app.command()
def weather(
    source: Annotated[str, typer.Option(help="模式值的来源，如 openmeteo 或 weather-files")],
    first: Annotated[str, typer.Option("--from", help="第一个发布日，如 2024-02-01")],
    last: Annotated[str, typer.Option("--to", help="最后一个发布日")],
    out: Annotated[Path, typer.Option(help="结果文件，.parquet 或 .csv")],
    of: Annotated[str, typer.Option(help="档案：文件名、sqlite:/// 或 postgresql://；默认在 LANTIAN_HOME")] = "",
) -> None:
    """把档案中的模式起报写成逐日气象表，供 backtest、train、outlook 的 --weather 使用；每个发布日只用当时已收到的。"""
    from forecast.guidance import Guidance
    from forecast.weather_modes import write_table
    from forecast.weather_runs import daily_ahead
    from plans.errors import DataError

    begin, end = day(first, name="--from"), day(last, name="--to")
    if end < begin:
        raise DataError("The issue days end before they begin", where="--to", expected=f"{begin} or later", found=end)
    archive = _existing(of or default_address())
    made = daily_ahead(Guidance(archive.engine), source=source, first=begin, last=end, as_of=datetime.now(UTC))
    archive.close()
    known = int(made.to_array().notnull().any(["variable", "area", "lead"]).sum())
    path = write_table(made, out)
    places, days, names = made.sizes["area"], made.sizes["issue_date"], len(made.data_vars)
    typer.echo(f"{path.name}：{places} 个地点，{days} 个发布日中 {known} 个有气象预报，{names} 列。")


def _existing(address: str) -> Archive:
    """The archive at the address; DataError when there is none."""
    from forecast.archive import Archive
    from plans.errors import DataError

    if "://" not in address and not Path(address).exists():
        raise DataError("There is no archive", expected="a file", found=address, todo="Load a file first")
    return Archive.open(address)


def _run_files(paths: Sequence[Path]) -> list[Path]:
    """The run files named or lying in the folders named, each folder's in order of name; DataError without any."""
    from forecast.weather_files import SUFFIXES
    from plans.errors import DataError

    found: list[Path] = []
    for path in paths:
        if path.is_dir() and path.suffix != ".zarr":
            found += sorted(one for one in path.iterdir() if one.suffix.lower() in SUFFIXES)
        else:
            found.append(path)
    if not found:
        raise DataError("The folder holds no such file", expected=" | ".join(SUFFIXES), found=paths[0].name)
    return found


_TIMES = ("first", "last", "received_at")


def _instant(text: str) -> datetime:
    from plans.errors import DataError

    expected = "a time with its zone, e.g. 2026-03-01T12:00+08:00"
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise DataError("--received-at cannot be read", expected=expected, found=text) from None
    if instant.tzinfo is None:
        raise DataError("--received-at has no time zone", expected=expected, found=text)
    return instant
