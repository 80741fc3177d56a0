"""The papers of a record in a folder: Word documents, public messages and their feed, all from what is on record.

The folder stays in the house; a drill's papers say 演练 in name and text. Written again, the same record gives the same
bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from emergency import cap, documents, feed, gbt35965
from emergency.cap_xml import read_head
from emergency.documents import Paper
from emergency.documents_docx import to_docx
from emergency.lifecycle import Event
from emergency.messages import DRILL_MARK
from emergency.record import Record

ADDRESSEE = "各成员单位"
HERE = "./"
"""Base of the links in the feed: the messages lie beside it."""


def write_papers(record: Record, folder: Path, *, issuer: str, addressee: str = ADDRESSEE) -> tuple[Path, ...]:
    """The files written: 会商意见 of each conclusion, 审批表 of each warning, 通知 of each issued one, CAP, GB/T, feed.

    Notices carry no document number: the office's registry gives it on paper. Numbers in names are of the record.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mark = DRILL_MARK if record.drill else ""
    written = [
        _write(folder / f"{mark}{name}.docx", to_docx(paper)) for name, paper in _papers(record, issuer, addressee)
    ]
    texts = [content for _digest, _title, content in record.exhibits(cap.MEDIA_TYPE)]
    written += [_write(folder / f"{mark}{feed.file_of(read_head(text))}", text) for text in texts]
    for _digest, title, content in record.exhibits(gbt35965.MEDIA_TYPE):
        if title.startswith("GB/T 35965.1 "):
            written.append(_write(folder / f"{mark}{title.removeprefix('GB/T 35965.1 ')}", content))
    made = feed.atom(texts, title="空气重污染预警", identifier="urn:lantian:feed", base=HERE, drill=record.drill)
    written.append(_write(folder / f"{mark}feed.atom", made))
    return tuple(written)


def _papers(record: Record, issuer: str, addressee: str) -> list[tuple[str, Paper]]:
    drill = record.drill
    found: list[tuple[str, Paper]] = []
    for row in record.now("consultation", states=("concluded",)):
        name = row["stream"]
        state = record.state("consultation", name)
        paper = documents.opinion(state, _events(record, "consultation", name), issuer=issuer, drill=drill)
        found.append((f"会商意见 {name}", paper))
    for row in record.now("warning"):
        name = row["stream"]
        state, history = record.state("warning", name), _events(record, "warning", name)
        found.append((f"审批表 {name}", documents.approval_form(state, history, issuer=issuer, drill=drill)))
        if state.issued_at is None:
            continue
        # What was said at the issue stays a paper of its own when the warning has been lifted since.
        issued = [event for event in history if event.kind != "lifted"]
        for what, events in (("通知", issued), ("解除通知", history if len(issued) < len(history) else None)):
            if events is not None:
                paper = documents.notice(
                    state, events, issuer=issuer, number="", addressee=addressee, drill=drill
                )  # fmt: skip
                found.append((f"{what} {name}", paper))
    return found


def _events(record: Record, life: str, name: str) -> Sequence[Event]:
    return [entry.event for entry in record.history(life, name)]


def _write(path: Path, content: bytes) -> Path:
    temporary = path.with_name(path.name + ".part")
    temporary.write_bytes(content)
    return temporary.replace(path)
