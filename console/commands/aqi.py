"""`lantian aqi`: AQI of a CSV file under a named edition."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


class Edition(StrEnum):
    """The AQI editions this command reads."""

    HJ633_2012 = "hj633-2012"
    HJ633_2026 = "hj633-2026"


class Mode(StrEnum):
    """The report."""

    DAILY = "daily"
    HOURLY = "hourly"
    HOURLY_PUBLISHED = "hourly-published"


class Gaps(StrEnum):
    """What a missing pollutant does."""

    EDITION = "edition"
    AVAILABLE = "available"
    STRICT = "strict"


@app.command()
def aqi(
    source: Annotated[Path, typer.Argument(metavar="IN.csv", help="逗号分隔的浓度表")],
    edition: Annotated[Edition, typer.Option(help="按哪个版本计算")],
    mode: Annotated[Mode, typer.Option(help="日报、实时报，或国家平台 2012 版下的实时发布做法")],
    out: Annotated[Path, typer.Option(help="结果文件")],
    gaps: Annotated[Gaps, typer.Option(help="缺测怎么办：按标准、按已有项目、有缺即 NA")] = Gaps.EDITION,
    not_monitored: Annotated[str, typer.Option(help="不在监测方案内的项目，以逗号分隔，如 so2,co")] = "",
) -> None:
    """给每一行加上 IAQI、AQI、级别、类别和首要污染物。

    列名：pm25 pm10 so2 no2（μg/m³）、co（mg/m³）、o3（小时，实时报）或 o3_8h（日报）；
    2012 版实时报可另有 pm25_24h pm10_24h o3_8h so2_24h，日报可另有 o3_1h。空白、NA、— 为缺测。
    """
    from forecast.aqi_csv import annotate

    summary = annotate(
        source,
        out,
        edition=edition.value,
        mode=mode.value,
        gaps=gaps.value,
        not_monitored=[name.strip() for name in not_monitored.split(",") if name.strip()],
    )
    if summary.without_iaqi:
        names = "、".join(summary.without_iaqi)
        typer.echo(f"提示：文件中没有 {names} 的滑动平均列，按 {edition.value} 实时报不计算其 IAQI。", err=True)
    typer.echo(f"{summary.rows} 行，其中 {summary.not_available} 行 AQI 为 NA，已写入 {out}", err=True)
