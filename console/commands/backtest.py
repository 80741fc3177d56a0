"""`lantian backtest`: forecast every day of a past period as it would have been then, so that anybody can score us."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False)


@app.command()
def backtest(
    data: Annotated[str, typer.Option(metavar="FORMAT:PATH", help="数据，如 prsa:文件夹")],
    train_until: Annotated[str, typer.Option(metavar="DATE", help="训练只用这一天 0 时之前的数据")],
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="检验的第一天")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="检验的最后一天")],
    out: Annotated[Path, typer.Option(metavar="FILE.parquet|.csv", help="结果文件")],
    weather: Annotated[
        str,
        typer.Option(
            metavar="none|perfect|FILE",
            help="未来气象：无、实况（仅回报）、逐日表",
        ),
    ] = "none",
    edition: Annotated[str, typer.Option(help="AQI 版本：hj633-2012 | hj633-2026")] = "hj633-2012",
    areas: Annotated[str, typer.Option(help="stations 各站点 | city 全市平均 | all 两者")] = "stations",
    models: Annotated[str, typer.Option(help="以逗号分隔：blend,persistence,climatology,harmonic")] = "blend",
    effort: Annotated[str, typer.Option(help="demo 数秒 | full 数分钟")] = "full",
) -> None:
    """逐日滚动回报：每天第 24 时发布，只用当时已知的数据，预报其后 7 天的日 AQI。

    每行：station, issue_date（发布所依据的最后一天 D）, valid_date, lead 1–7, mean, q05–q95, p_gt100, p_gt150,
    p_gt200, primary, model, weather_mode。
    """
    from console.commands.train import areas_of, day, read, weather_of
    from forecast import backtest as trial
    from plans.errors import DataError

    trial.check_target(out)
    begin, end, limit = day(first, name="--from"), day(last, name="--to"), day(train_until, name="--train-until")
    if weather not in ("none", "perfect") and Path(weather).suffix not in (".parquet", ".csv"):
        raise DataError("--weather is not known", expected="none | perfect | FILE.parquet | FILE.csv", found=weather)
    dataset, name = read(data)
    chosen = areas_of(name, dataset, areas)
    ahead = weather_of(weather, dataset, chosen)
    asked: dict[str, Any] = {"effort": effort}
    done = trial.run(
        dataset,
        train_until=limit,
        first=begin,
        last=end,
        edition=edition,
        areas=chosen,
        weather=ahead,
        models=[model.strip() for model in models.split(",") if model.strip()],
        say=lambda text: typer.echo(text, err=True),
        **asked,
    )
    rows = done.write(out)
    typer.echo(f"{rows} 行已写入 {out}", err=True)
