"""`lantian aqi`: AQI of a CSV file under a named edition."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False)


@app.command()
def aqi(
    source: Annotated[Path, typer.Argument(metavar="IN.csv", help="逗号分隔的浓度表")],
    edition: Annotated[str, typer.Option(help="版本：hj633-2012 | hj633-2026")],
    mode: Annotated[str, typer.Option(help="daily 日报 | hourly 实时报 | hourly-published 国家平台 2012 版的实时做法")],
    out: Annotated[Path, typer.Option(help="结果文件")],
    gaps: Annotated[str, typer.Option(help="缺测：edition 按标准 | available 按现有 | strict 有缺即 NA")] = "edition",
    not_monitored: Annotated[str, typer.Option(help="不在监测方案内的项目，以逗号分隔，如 so2,co")] = "",
) -> None:
    """给每一行加上 IAQI、AQI、级别、类别和首要污染物。

    列名：pm25 pm10 so2 no2（μg/m³）、co（mg/m³）、o3（小时，实时报）或 o3_8h（日报）；
    2012 版实时报可另有 pm25_24h pm10_24h o3_8h so2_24h，日报可另有 o3_1h。空白、NA、— 为缺测。
    """
    from forecast.aqi_csv import annotate

    # Names are checked where they are used, so that a wrong one ends in the same kind of sentence as a wrong file.
    asked: dict[str, Any] = {"edition": edition, "mode": mode, "gaps": gaps}
    names = [name.strip() for name in not_monitored.split(",") if name.strip()]
    summary = annotate(source, out, not_monitored=names, **asked)
    if summary.without_iaqi:
        listed = "、".join(summary.without_iaqi)
        typer.echo(f"提示：文件中没有 {listed} 的滑动平均列，按 {edition} 实时报不计算其 IAQI。", err=True)
    typer.echo(f"{summary.rows} 行，其中 {summary.not_available} 行 AQI 为 NA，已写入 {out}", err=True)
