"""`lantian papers`: the documents and public messages of a working folder's record, written into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def papers(
    home: Annotated[Path, typer.Option(help="working folder with the record")],
    to: Annotated[Path, typer.Option(help="folder to write into")],
) -> None:
    """Write 会商意见, 审批表, 通知 (Word), CAP 1.2, GB/T 35965.1 and an Atom feed from what is on record."""
    from emergency.publisher import publisher_of
    from flows.papers import write_papers
    from flows.post import open_post

    post = open_post(home)
    issuer = publisher_of(post.office.desk.area, post.office.desk.area_name).name
    written = write_papers(post.record, to, issuer=issuer)
    typer.echo(f"{len(written)} 个文件已写入 {to}")
