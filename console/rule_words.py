"""How rule data is said to a reader: keys, fixed values, sources and notes, from rule_words.yaml beside this file.

The files of the rules are kept in English with the Chinese of the documents in it. A Chinese page says all of it in
Chinese, an English one as it is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import yaml

from console.language import _, current
from emergency.vocabulary import Role

WORDS = Path(__file__).resolve().parent / "rule_words.yaml"


@cache
def _said() -> Mapping[str, Mapping[str, str]]:
    """Chinese of keys, of fixed values, and of sentences of rule data."""
    found = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    return {part: {str(name): str(said) for name, said in found[part].items()} for part in found}


def said_key(key: str, *, within: Sequence[str] = ()) -> str:
    """A key of rule data in the reader's language; a number of a list stays one.

    `within`: the keys it lies under, for words that mean something else there ("last" of a ranking or of a period).
    """
    if current() != "zh":
        return key.replace("_", " ")
    keys = _said()["keys"]
    own = next((keys[f"{above}.{key}"] for above in reversed(within) if f"{above}.{key}" in keys), None)
    return own or keys.get(key, key.replace("_", " "))


def said_value(value: str) -> str:
    """A value of rule data in the reader's language: a sentence, a fixed word or a list of them; others as written."""
    if current() != "zh":
        return value
    if (sentence := _said()["sentences"].get(value)) is not None:
        return sentence
    known = {role.key: role.chinese for role in Role} | dict(_said()["values"])
    between = _("、")
    return between.join(known.get(one, one) for one in value.split(between))


def said_sentences() -> Mapping[str, str]:
    """The English sentences that have a Chinese one."""
    return _said()["sentences"]
