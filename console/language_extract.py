"""Gathers what the catalogue must hold, as methods of `pybabel extract` (console/locale/babel.toml); `./run words`.

From the console's own modules: the texts of `_()`, and of `N_()` under the context "word". From modules of the other
floors whose words reach a page: every Chinese text in them under the context "word"; an f-string becomes a sentence
with numbered places. Documentation strings and what is only compared with are left out.
"""

from __future__ import annotations

import ast
import io
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from console.language import CATALOGUE, HAN

ROOT = Path(__file__).resolve().parents[1]
FLOORS = {"console", "emergency", "flows", "forecast", "plans"}
HEADER = """# English of the console. Gathered by `./run words`; the English is written by hand.
msgid ""
msgstr ""
"Project-Id-Version: lantian\\n"
"Language: en\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
Found = tuple[int, str, Any, list[str]]


def gathered() -> Catalog:
    """Every text that the console shows and that needs English, as an empty catalogue."""
    wanted = tomllib.loads((CATALOGUE.parents[2] / "babel.toml").read_text())
    methods = []
    for mapping in wanted["mappings"]:
        patterns = mapping["pattern"] if isinstance(mapping["pattern"], list) else [mapping["pattern"]]
        methods += [(one, wanted["extractors"].get(mapping["method"], mapping["method"])) for one in patterns]
    made = Catalog(locale="en")
    for floor_name in sorted(FLOORS):
        ours = [(one.removeprefix(f"{floor_name}/"), how) for one, how in methods if one.startswith(f"{floor_name}/")]
        for name, line, message, _comments, context in extract_from_dir(ROOT / floor_name, ours):
            made.add(message, locations=[(f"{floor_name}/{name}", line)], context=context)
    return made


def kept() -> Catalog:
    """The catalogue as it is written."""
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="en")


def text_of(catalogue: Catalog) -> str:
    """A catalogue as a .po file whose text depends on nothing but its content."""
    out = io.BytesIO()
    write_po(out, catalogue, omit_header=True, ignore_obsolete=True, include_lineno=False, sort_output=True, width=100)
    return HEADER + out.getvalue().decode().strip() + "\n"


def main() -> None:
    """Bring the catalogue up to date: new texts come in without English, texts that are gone go out."""
    catalogue = kept() if CATALOGUE.exists() else Catalog(locale="en")
    catalogue.update(gathered(), no_fuzzy_matching=True)
    CATALOGUE.write_text(text_of(catalogue))
    missing = sum(1 for one in catalogue if one.id and not one.string)
    print(f"{CATALOGUE.relative_to(ROOT)}: {len(catalogue)} texts, {missing} without English")


def own(file: IO[bytes], _keywords: Any, _comments: Any, options: Any = None) -> Iterator[Found]:  # noqa: ARG001
    """The texts of `_` and `N_` in one of our modules."""
    for node in ast.walk(ast.parse(file.read())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in ("_", "N_"):
            continue
        first = node.args[0] if node.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield (node.lineno, "_", first.value, []) if node.func.id == "_" else _word(node.lineno, first.value)


def floor(file: IO[bytes], _keywords: Any, _comments: Any, options: Any = None) -> Iterator[Found]:  # noqa: ARG001
    """Every Chinese word and sentence of a module of another floor."""
    yield from _walk(ast.parse(file.read()))


def rules(file: IO[bytes], _keywords: Any, _comments: Any, options: Any = None) -> Iterator[Found]:  # noqa: ARG001
    """The words that an edition of the AQI gives its categories: name, effect on health, advice."""
    for number, line in enumerate(file.read().decode().splitlines(), start=1):
        for found in re.findall(r"\b(?:chinese|health|advice): ([^,}\n]+)", line):
            if HAN.search(found):
                yield _word(number, found.strip())


def _word(line: int, text: str) -> Found:
    return line, "pgettext", ("word", text), []


def _walk(node: ast.AST) -> Iterator[Found]:
    body = getattr(node, "body", None)
    documented = {
        id(one.value) for one in (body if isinstance(body, list) else ()) if isinstance(one, ast.Expr)
    }  # docstrings of modules, classes, functions and fields
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr) and id(child.value) in documented and isinstance(child.value, ast.Constant):
            continue
        if isinstance(child, ast.JoinedStr):
            yield from _form(child)
        elif isinstance(child, ast.Constant):
            if isinstance(child.value, str) and HAN.search(child.value) and "\\" not in child.value:  # no patterns
                yield _word(child.lineno, child.value)
        else:
            yield from _walk(child)


def _form(node: ast.JoinedStr) -> Iterator[Found]:
    text, places = "", 0
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
        elif isinstance(part, ast.FormattedValue):
            text += f"{{{places}}}"
            places += 1
            yield from _walk(ast.Expression(part.value)) if not isinstance(part.value, ast.Constant) else ()
    if HAN.search(text):
        yield _word(node.lineno, text)


if __name__ == "__main__":
    main()
