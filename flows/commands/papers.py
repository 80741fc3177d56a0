"""`lantian papers`: the documents and public messages of a working folder's record, written into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def papers(
    home: Annotated[Path, typer.Option(help="有记录的工作文件夹")],
    to: Annotated[Path, typer.Option(help="写入的文件夹")],
    kinds: Annotated[str, typer.Option(help="文件种类，以逗号分隔：docx,pdf,xlsx")] = "docx,pdf,xlsx",
) -> None:
    """写出会商意见、会商纪要、审批表、通知、交接班记录、周研判，以及 CAP 1.2、GB/T 35965.1 和 Atom 消息。"""
    from emergency.documents_pdf import PACKAGES, fonts
    from emergency.publisher import publisher_of
    from flows.papers import write_papers
    from flows.post import open_post

    post = open_post(home)
    issuer = publisher_of(post.office.desk.area, post.office.desk.area_name).name
    wanted = [kind.strip() for kind in kinds.split(",") if kind.strip()]
    if "pdf" in wanted and fonts() is None:
        typer.echo(f"没有中文字体，PDF 未写出；请安装 {PACKAGES}（apt-get install）后再写。", err=True)
        wanted.remove("pdf")
    written = write_papers(post.record, to, issuer=issuer, kinds=wanted)
    typer.echo(f"{len(written)} 个文件已写入 {to}")
