"""The papers of a record in a folder: documents (Word, PDF, Excel), public messages and their feed.

The folder stays in the house; a drill's papers say 演练 in name and text. Written again, the same record gives the same
bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from emergency import cap, documents, documents_meeting, feed, gbt35965
from emergency.cap_xml import read_head
from emergency.documents import ADDRESSEE, Paper
from emergency.documents_docx import to_docx
from emergency.documents_pdf import to_pdf
from emergency.documents_xlsx import to_xlsx
from emergency.lifecycle import Event
from emergency.messages import DRILL_MARK
from emergency.record import Record
from flows.brief import BRIEF_TYPE
from plans.errors import RuleError
from plans.whole_file import write_whole

HERE = "./"
"""Base of the links in the feed: the messages lie beside it."""


KINDS = ("docx", "pdf", "xlsx")


def write_papers(
    record: Record, folder: Path, *, issuer: str, addressee: str = ADDRESSEE, kinds: Sequence[str] = ("docx",)
) -> tuple[Path, ...]:
    """The files written: 会商意见 and 会商纪要 of each conclusion, 审批表 of each warning, 通知 of each issued one,
    交接班记录, 周研判, CAP, GB/T, feed; each document in the kinds asked for (pdf needs a Chinese font of the system).

    Notices carry no document number: the office's registry gives it on paper. Numbers in names are of the record.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mark = DRILL_MARK if record.drill else ""
    written = [
        write_whole(folder / f"{mark}{name}.{kind}", text)
        for name, paper in _papers(record, issuer, addressee)
        for kind, text in _set(paper, kinds)
    ]
    texts = [content for _digest, _title, content in record.exhibits(cap.MEDIA_TYPE)]
    written += [write_whole(folder / f"{mark}{feed.file_of(read_head(text))}", text) for text in texts]
    for _digest, title, content in record.exhibits(gbt35965.MEDIA_TYPE):
        if title.startswith("GB/T 35965.1 "):
            written.append(write_whole(folder / f"{mark}{title.removeprefix('GB/T 35965.1 ')}", content))
    made = feed.atom(texts, title="空气重污染预警", identifier="urn:lantian:feed", base=HERE, drill=record.drill)
    written.append(write_whole(folder / f"{mark}feed.atom", made))
    return tuple(written)


def _papers(record: Record, issuer: str, addressee: str) -> list[tuple[str, Paper]]:
    drill = record.drill
    found: list[tuple[str, Paper]] = []
    for row in record.now("consultation", states=("concluded",)):
        name = row["stream"]
        state = record.state("consultation", name)
        paper = documents.opinion(state, _events(record, "consultation", name), issuer=issuer, drill=drill)
        found.append((f"会商意见 {name}", paper))
        kept = record.exhibit(state.pack) if state.pack else None
        pack = json.loads(kept[1]) if kept else None
        history = _events(record, "consultation", name)
        found.append(
            (f"会商纪要 {name}", documents_meeting.minutes(state, history, pack=pack, issuer=issuer, drill=drill))
        )
    for row in record.now("warning"):
        name = row["stream"]
        state, history = record.state("warning", name), _events(record, "warning", name)
        found.append((f"审批表 {name}", documents.approval_form(state, history, issuer=issuer, drill=drill)))
        if state.issued_at is None or state.draft.kind == "control":
            continue  # a 临时管控 is told to units and has no public notice
        # What was said at the issue stays a paper of its own when the warning has been lifted since.
        issued = [event for event in history if event.kind != "lifted"]
        for what, events in (("通知", issued), ("解除通知", history if len(issued) < len(history) else None)):
            if events is not None:
                paper = documents.notice(
                    state, events, issuer=issuer, number="", addressee=addressee, drill=drill
                )  # fmt: skip
                found.append((f"{what} {name}", paper))
    for row in record.now("handover"):
        note = record.state("handover", row["stream"])
        paper = documents.handover(note.as_note, issuer=issuer, shift_name=note.shift_name, drill=drill)
        found.append((f"交接班记录 {row['stream']}", paper))
    for _digest, _title, content in record.exhibits(BRIEF_TYPE):
        made = json.loads(content)
        found.append((f"周研判 {made['monday']}", documents_meeting.weekly(made, issuer=issuer)))
    return found


def _set(paper: Paper, kinds: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for kind in kinds:
        if kind == "docx":
            yield kind, to_docx(paper)
        elif kind == "pdf":
            yield kind, to_pdf(paper)
        elif kind == "xlsx":
            yield kind, to_xlsx(paper)
        else:
            raise RuleError("There is no such kind of document", expected=", ".join(KINDS), found=kind)


def _events(record: Record, life: str, name: str) -> Sequence[Event]:
    return [entry.event for entry in record.history(life, name)]
