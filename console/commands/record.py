"""`lantian record`: check the chain of a record, and read it as sentences."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(add_completion=False, help="记录：核验链条，查看内容。", no_args_is_help=True)

Where = Annotated[str, typer.Option("--record", help="SQLite 文件，或数据库地址")]


@app.command()
def verify(record: Where) -> None:
    """逐条重算摘要，核对链条、编号、版本和附件；有一处不符即以一句话说明并以退出码 2 结束。"""
    from console.serve import open_record

    opened = open_record(record)
    count = opened.verify()
    kind = "演练记录" if opened.drill else "正式记录"
    typer.echo(f"{kind}：{count} 条，链条完整，末端摘要 {opened.head()[1]}。")
    typer.echo("末尾被截去的记录，须与别处保存的末端摘要比对才能发现。")


@app.command()
def show(
    record: Where,
    stream: Annotated[str, typer.Option(help="只看一个事项，如 warning-001")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="最多多少条（最新的）")] = 50,
) -> None:
    """按先后列出记录：序号、北京时间、角色、事项、内容。"""
    from console import words
    from console.serve import open_record
    from plans.errors import DataError

    opened = open_record(record)
    if stream:
        entries = [entry for life in words.LIVES for entry in opened.history(life, stream)][-limit:]
        if not entries:
            raise DataError("There is no such stream in the record", where=record, found=stream)
    else:
        entries = list(opened.last(limit=limit))[::-1]
    for entry in entries:
        at = words.clock(entry.event.occurred_at, year=True)
        typer.echo(f"{entry.seq}\t{at}\t{words.role(entry.event.role)}\t{entry.stream}\t{words.sentence(entry)}")
