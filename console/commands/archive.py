"""`lantian archive`: load files into the archive, and say what it holds."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

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
    from forecast.archive import Archive
    from plans.errors import DataError

    address = of or default_address()
    if "://" not in address and not Path(address).exists():
        raise DataError("There is no archive", expected="a file", found=address, todo="Load a file first")
    archive = Archive.open(address)
    rows = archive.status()
    if not rows:
        typer.echo("档案是空的。")
    for row in rows:
        first, last, received = (f"{row[name].astimezone(BEIJING):%Y-%m-%d %H:%M}" for name in _TIMES)
        what = f"{row['table']}  {row['source']}  {row['rows']} 行  {row['stations']} 站"
        typer.echo(f"{what}  {first} 至 {last}  最后收到 {received}")
    archive.close()


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
