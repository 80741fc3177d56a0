"""The console in two languages: Chinese, in which every sentence is written, and English by a gettext catalogue.

`_("共%(count)s家", count=3)` is our own sentence in the language of the request; the Chinese text is its key in
`console/locale/en/LC_MESSAGES/console.po`. Words that other floors make (a state, a level, the reason of a refusal) are
found in the same catalogue under the context "word" when they reach a page, so that no lower floor knows of languages.
What people wrote and what stands in the record is never translated: on an English page it is marked `lang="zh"`.

A page in English carries three marks until it is sent: where a Chinese value begins, where its English follows, where
it ends. `finish` turns them into English, or into an element with its language; in a field that will be posted the
Chinese stays, so that nothing is recorded in another language than it was written in (docs/decisions/0008).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from itertools import takewhile
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po
from markupsafe import Markup

LANGUAGES = {"zh": "中文", "en": "English"}
"""What may be chosen, each by its own name; the first is the language of the office."""
TAGS = {"zh": "zh-CN", "en": "en"}
CATALOGUE = Path(__file__).resolve().parent / "locale" / "en" / "LC_MESSAGES" / "console.po"
HAN = re.compile("[\u3001-\u303f\u3400-\u9fff\uff01-\uffef]")
"""Chinese characters and the full-width marks that go with them."""
BEGIN, ENGLISH, END = "\ue000", "\ue002", "\ue001"
"""Of private use in Unicode: nobody can type them by accident, and `finish` takes every one out."""
_HAN_RUN = re.compile(f"{HAN.pattern}+")
_MARKED = re.compile(f"{BEGIN}[^{END}]*{END}")
_language: ContextVar[str] = ContextVar("language", default="zh")


def current() -> str:
    """The language of this request: "zh" or "en"."""
    return _language.get()


def choose(code: str) -> None:
    """Set the language for what follows in this request; anything but a known code means Chinese."""
    _language.set(code if code in LANGUAGES else "zh")


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """For a while another language: Chinese for what goes into the record, English for a public page."""
    token = _language.set(code)
    try:
        yield
    finally:
        _language.reset(token)


def N_(text: str) -> str:  # noqa: N802  the customary name, known to every tool of gettext
    """Gather a word of a table for the catalogue; it becomes English when it reaches a page."""
    return text


def _(text: str, /, **values: object) -> str:
    """One of our sentences in the language of the request.

    >>> _("共%(count)s家", count=3)
    '共3家'
    """
    if current() == "zh":
        return text % values if values else text
    said = translated(text)
    return said % {name: show(value) for name, value in values.items()} if values else said


def marked_up(text: str, /, **values: object) -> Markup:
    """The same for templates: the sentence may hold entities, its values are escaped."""
    if current() == "zh":
        return Markup(text) % values if values else Markup(text)  # noqa: S704  our own text from a template
    said = Markup(translated(text))  # noqa: S704  our own text from the catalogue
    return said % {name: show(value) for name, value in values.items()} if values else said


def show(value: Any) -> Any:
    """A value as it goes into a page: in English every Chinese part of it marked, with its English where we have it."""
    if current() == "zh" or not isinstance(value, str) or isinstance(value, Markup) or not HAN.search(value):
        return value
    if BEGIN not in value:
        return _mark(value)
    found, last = [], 0
    for part in _MARKED.finditer(value):
        found += [_mark(value[last : part.start()]), part[0]]
        last = part.end()
    return "".join([*found, _mark(value[last:])])


def _mark(text: str) -> str:
    if not HAN.search(text):
        return text
    english = word(text)
    return f"{BEGIN}{text}{END}" if english in (None, text) else f"{BEGIN}{text}{ENGLISH}{english}{END}"


# --- the catalogue ----------------------------------------------------------------------------------------------------


@cache
def _catalogue() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Our sentences and the words of other floors, each with its English."""
    with CATALOGUE.open("rb") as file:
        read = read_po(file, locale="en")
    found: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for one in read:
        if one.id and one.string and not one.fuzzy:
            found[one.context == "word"][str(one.id)] = str(one.string)
    return found


def translated(text: str) -> str:
    """The English of one of our own texts; the text itself where the catalogue has none (a test finds those)."""
    own, words = _catalogue()
    return own.get(text) or words.get(text) or text


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LONGEST = 300
"""Characters of a sentence that may be one of ours; a longer text is looked up as a whole only."""
_PLACE = re.compile(r"\{(\w+)\}")
_DATE = re.compile(r"(\d{1,2})月(\d{1,2})日")
_DATED = re.compile(r"\{(\w+)\}月\{(\w+)\}日")
_SPLITS = (("。", ". "), ("；", "; "), ("、", ", "), ("，", ", "), ("：", ": "), ("~", "–"), ("→", " → "), (" ", " "))
"""Marks between which a text may be several of our words, and what stands there in English."""


@cache
def _forms() -> tuple[tuple[str, re.Pattern[str], tuple[str, ...], str], ...]:
    """Sentences with places, e.g. 预警 {0}, each with its longest fixed part; those that fix the most come first."""
    found = []
    for chinese, english in _catalogue()[1].items():
        if names := _PLACE.findall(chinese):
            parts = _PLACE.split(chinese)[::2]
            pattern = re.compile(
                re.escape(parts[0]) + "".join(_place(part) + re.escape(part) for part in parts[1:]), re.S
            )
            found.append((len("".join(parts)), (max(parts, key=len), pattern, tuple(names), _dated(chinese, english))))
    return tuple(form for _size, form in sorted(found, key=lambda one: -one[0]))


def _dated(chinese: str, english: str) -> str:
    """The English with the month and day of the Chinese as one place: 3/9 may be two days, 9 Mar is one."""
    for month, day in _DATED.findall(chinese):
        for written in (f"{{{month}}}/{{{day}}}", f"{{{day}}}/{{{month}}}"):
            english = english.replace(written, f"{{{month}月{day}}}")
    return english


def _place(after: str) -> str:
    """What may stand before a fixed part: the number of a month or a day, else anything."""
    return r"(\d{1,2})" if after[:1] in ("月", "日") else "(.+?)"


_names: set[str] = set()


def know(names: Iterable[str]) -> None:
    """Names of the area and its stations: inside a sentence of ours they stay as they are, marked as Chinese."""
    fresh = {name for name in names if HAN.search(name)} - _names
    if fresh:
        _names.update(fresh)
        word.cache_clear()


@lru_cache(maxsize=8192)
def word(text: str) -> str | None:
    """The English of a word or sentence of another floor; None when any part of it is neither ours nor a known name.

    >>> word("橙色"), word("橙色预警"), word("某人写的话")
    ('Orange', 'Orange warning', None)
    """
    known = text if not HAN.search(text) else _catalogue()[1].get(text)
    if known is not None or len(text) > LONGEST:
        return known
    if text in _names:
        return text
    if (day := _DATE.fullmatch(text)) and 1 <= int(day[1]) <= 12:
        return _date(day[1], day[2])
    for part, pattern, names, english in _forms():
        if part in text and (found := pattern.fullmatch(text)):
            values = dict(zip(names, map(word, found.groups()), strict=True))
            if None not in values.values():
                return _PLACE.sub(lambda place, values=values: _put(place[1], values), english)  # type: ignore[misc]
    for mark, between in _SPLITS:
        if mark in text.rstrip("。"):
            said = list(takewhile(lambda one: one is not None, map(word, parts := text.rstrip("。").split(mark))))
            if len(said) == len(parts):
                return between.join(map(str, said)) + ("." if text.endswith("。") else "")
    return word(text[:-1]) if len(text) > 1 and text.endswith("。") else None


def _put(place: str, values: Mapping[str, str | None]) -> str:
    """What stands at a place of a sentence: its value, or the date of two."""
    month, dated, day = place.partition("月")
    return _date(str(values[month]), str(values[day])) if dated else str(values[place])


def _date(month: str, day: str) -> str:
    number = int(month)
    return f"{int(day)} {MONTHS[number - 1]}" if 1 <= number <= 12 else f"{month}/{day}"


# --- the last step ----------------------------------------------------------------------------------------------------

_TOKEN = re.compile(r"<[^>]*>|[^<]+")
_POSTED = re.compile(r'((?:value|href|src|action|content|data-[a-z-]+|id|for|name)=")([^"]*)(")')
_PLAIN = ("title", "textarea", "option", "text")
"""Elements whose content is text only: the language goes on the element itself, but for a title, which mixes."""


def finish(html: str) -> str:
    """A page with every mark turned into what the reader gets."""
    if BEGIN not in html:
        return html
    out: list[str] = []
    plain = ""
    for token in _TOKEN.findall(html):
        if token[0] == "<":
            name = token[1:].split(None, 1)[0].rstrip(">").lower()
            if name.startswith("/"):
                plain = "" if name[1:] == plain else plain
            elif name in _PLAIN:
                plain = name
            out.append(_tag(token) if BEGIN in token else token)
        elif BEGIN not in token:
            out.append(token)
        elif plain:
            original = plain == "textarea"
            if original or (plain != "title" and _foreign(token)):
                out[-1] = f'{out[-1][:-1]} lang="zh">'
            out.append(_bare(token, original=original))
        else:
            out.append(_MARKED.sub(_spoken, token))
    return _unmarked("".join(out))


def bare(text: str) -> str:
    """A text with its marks taken out, for an answer that is no page."""
    return _unmarked(_bare(text, original=False))


def _parts(found: re.Match[str]) -> tuple[str, str]:
    chinese, _mark, english = found[0][1:-1].partition(ENGLISH)
    return chinese, english


def _spoken(found: re.Match[str]) -> str:
    chinese, english = _parts(found)
    if not english:
        return f'<span lang="zh">{chinese}</span>'
    return _HAN_RUN.sub(r'<span lang="zh">\g<0></span>', english) if HAN.search(english) else english


def _bare(text: str, *, original: bool) -> str:
    def said(found: re.Match[str]) -> str:
        chinese, english = _parts(found)
        return chinese if original else english or chinese

    return _MARKED.sub(said, text)


def _foreign(text: str) -> bool:
    """Whether a text holds Chinese without English."""
    return any(not _parts(found)[1] for found in _MARKED.finditer(text))


def _tag(token: str) -> str:
    """A tag: what will be posted or followed stays as it was written, what is read aloud becomes English."""
    kept = _POSTED.sub(
        lambda found: found[1] + _bare(found[2], original="data-label" not in found[1]) + found[3], token
    )
    field = token.startswith("<input") and _foreign(token)
    said = _bare(kept, original=False)
    return f'{said[:-1]} lang="zh">' if field else said


def _unmarked(text: str) -> str:
    return text.replace(BEGIN, "").replace(ENGLISH, "").replace(END, "")
