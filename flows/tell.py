"""What a replay says on the terminal: one line a day, then the evaluations."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import click

from emergency.activation import ActivationState
from emergency.compliance import Verdict
from emergency.lifecycle import Happening
from emergency.record import Record
from emergency.report import Day
from emergency.terminal import padded
from emergency.vocabulary import Level
from flows import people, report
from flows.replay import Stage
from plans.measure import pollutant_name

WEEK = "一二三四五六日"
_COLUMNS = (
    ("日期", 10), ("实测", 4), ("当日", 4), ("前日", 4), (">150", 5), (">200", 5), ("会商", 10), ("预警", 4),
    ("响应", 4), ("下达", 4), ("签收", 4), ("未签", 4), ("核查", 0),
)  # fmt: skip


def line(text: str) -> None:
    """One line on standard output, at once."""
    click.echo(text)


def header(stage: Stage) -> None:
    """What is played, by which rules, and who is simulated; then the heads of the columns."""
    source = "模拟生成的数据" if stage.simulated_air else "真实监测数据"
    line(f"【演练】回放 {stage.plan.chinese} {stage.first_day} 至 {stage.last_day}，{source}，种子 {stage.seed}")
    for note in stage.notes:
        line(f"  · {note}")
    for policy in people.WHO_DOES_WHAT:
        line(f"  · 模拟人员：{policy}")
    line("实测=日AQI；当日/前日=当天/前一天早上展望的中位数；>150、>200=当天早上展望的概率")
    line("  ".join(padded(title, width) for title, width in _COLUMNS))


class Teller:
    """Tells one line a day; reads of the log only what is new."""

    def __init__(self, stage: Stage, record: Record) -> None:
        self.stage, self.record = stage, record
        self._log: list[Happening] = []

    def day(self, of: date) -> None:
        """The line of one finished day."""
        self._log += self.record.happenings(after=len(self._log))
        (row,) = report.table(self.stage, self.record, first=of, last=of, happenings=self._log)
        line("  ".join(padded(text, width) for text, (_title, width) in zip(_cells(row), _COLUMNS, strict=True)))


def evaluations(record: Record) -> None:
    """The evaluation of every reviewed response, in a few lines each."""
    for row in record.now("activation", states=("reviewed",)):
        found = record.exhibit(row["body"]["report_digest"])
        if found is not None:
            _evaluation(json.loads(found[1]))
    states = {state.key: state.chinese for state in ActivationState}
    for row in record.now("activation", states=("scheduled", "in_force", "paused", "ended")):
        line(f"未评估：{row['episode']}（{states[row['state']]}，结束满24小时后评估）")


def _evaluation(made: dict[str, Any]) -> None:
    highest = Level.of(made["highest"]) if isinstance(made["highest"], str) else Level(made["highest"])
    line("")
    mark = "【演练】" if made["drill"] else ""
    line(f"{mark}【评估】{made['episode']}：最高{highest.chinese}，{made['first_day']} 至 {made['last_day']}")
    line(
        f"  响应 {made['hours_in_force']} 小时，提前量 {made['lead_hours']} 小时；实测>150共{made['days_over_150']}天"
        f"（其中响应中{made['hits']}天，未响应{made['misses']}天），空报{made['false_alarms']}天，>200共{made['days_over_200']}天"
    )
    line(
        f"  指令 {made['orders']} 份，签收 {made['received']}（逾期 {made['received_late']}），"
        f"始终未签 {made['never_received']}；"
        f"问题 {made['problems']} 个，销号 {made['problems_closed']} 个"
    )
    verdicts = {verdict.key: verdict.chinese for verdict in Verdict}
    judged = [f"{verdicts[key]}{count}" for key, count in made["findings"].items()]
    line("  核查：" + "，".join([*judged, f"未到核查时点{made['never_judged']}"]))
    if made.get("signed_error") is not None:
        line(f"  会商签发首日AQI平均误差{made['signed_error']}，同日模型中位数误差{made['model_error']}")
    for deviation in made.get("deviations", ()):
        line(f"  不按标准的决定：{deviation}")
    target = made["target"]
    cuts = []
    for pollutant, promised in made["reduction_ordered"].items():
        short = "" if target is None or promised >= target else f"，距{target:.0%}差{target - promised:.1%}"
        confirmed = made["reduction_confirmed"].get(pollutant, 0.0)
        cuts.append(f"{pollutant_name(pollutant)} 清单{promised:.1%}{short}，核实{confirmed:.1%}")
    line("  减排占全社会排放：" + "；".join(cuts))
    if made.get("counterfactual"):
        line(f"  如果没有应急响应：{made['counterfactual']['statement']}")


def _cells(row: Day) -> tuple[str, ...]:
    verdicts = {verdict.key: verdict.chinese for verdict in Verdict}
    return (
        f"{row.day:%m-%d}周{WEEK[row.day.weekday()]}",
        _whole(row.observed_aqi),
        _whole(row.outlook_aqi),
        _whole(row.day_ahead_aqi),
        _share(row.probability_150),
        _share(row.probability_200),
        row.consultation,
        row.announced,
        row.in_force,
        str(row.orders_sent or ""),
        str(row.orders_received or ""),
        str(row.orders_silent or ""),
        "，".join(f"{verdicts[key]}{count}" for key, count in row.findings.items()),
    )


def _whole(value: int | None) -> str:
    return "?" if value is None else str(value)


def _share(value: float | None) -> str:
    return "?" if value is None else f"{value:.0%}"
