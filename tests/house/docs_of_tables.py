"""Pages generated from the code: docs/lifecycles.md and docs/vocabulary.md. Run this file to write them anew."""

from pathlib import Path

from emergency import activation, alert, call, consultation, edition, handover, link, order, problem, warning
from emergency.compliance import Verdict
from emergency.vocabulary import POLLUTANT_CHINESE, Level, Role

MERGE = """## Two near episodes 两次过程合并

When the gap between two PM2.5 warnings of one area is shorter than `procedure.merge_gap_hours` (36 h, a setting
of the rule data, confidence C), they are one episode: one warning from the earlier start to the later end at
the stricter level (环大气〔2017〕86号 slides). `emergency/warning_merge.py` decides it, a pure function of the draft
and the issued warnings. A draft too near to an issued warning is widened over it (console) or refused. When
both are issued already, for example because the first lasts longer than thought, the new warning supersedes
both; the response of the second is cancelled (or ended) in the same transaction and its orders go over into
those of the first. Each recipient gets one message: the new order, or that the present order goes on, or a
release when no list names it any more. The CAP Update refers to the messages of both."""

DOCS = Path(__file__).resolve().parents[2] / "docs"


def lifecycles_page() -> str:
    """The page of the tables."""
    parts = ["# Life-cycles 流程", "", "Generated from the tables in emergency/. * = final.", ""]
    for module in (consultation, warning, activation, order, problem, alert, edition, call, handover, link):
        table = module.TABLE
        parts += [f"## {table.name} {table.chinese}", "", "| act | 动作 | from | event | to |", "|---|---|---|---|---|"]
        for row in table.transitions:
            sources = ", ".join("(new)" if state is None else state.key for state in row.sources)
            target = "unchanged" if row.target is None else row.target.key + ("*" if row.target in table.finals else "")
            parts.append(f"| {row.act} | {row.chinese} | {sources} | {row.event} | {target} |")
        states = ", ".join(f"{state.key} {state.chinese}" for state in table.states)
        parts += ["", f"States: {states}.", ""]
    return "\n".join([*parts, MERGE, ""])


def vocabulary_page() -> str:
    """The glossary."""
    parts = ["# Vocabulary 词汇", "", "Generated from emergency/vocabulary.py and the life-cycles.", ""]
    parts += ["| English | 中文 | kind |", "|---|---|---|"]
    parts += [f"| {level.word} | {level.chinese}（{level.response}） | warning level |" for level in Level]
    parts += [f"| {role.key} | {role.chinese} | role |" for role in Role]
    parts += [f"| {key} | {name} | pollutant |" for key, name in POLLUTANT_CHINESE.items()]
    parts += [f"| {verdict.key} | {verdict.chinese} | compliance verdict |" for verdict in Verdict]
    for module in (consultation, warning, activation, order, problem, alert, edition, call, handover):
        table = module.TABLE
        parts.append(f"| {table.name} | {table.chinese} | life-cycle |")
        parts += [f"| {state.key} | {state.chinese} | state of {table.name} |" for state in table.states]
    return "\n".join([*parts, ""])


if __name__ == "__main__":
    (DOCS / "lifecycles.md").write_text(lifecycles_page())
    (DOCS / "vocabulary.md").write_text(vocabulary_page())
