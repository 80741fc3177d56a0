"""Reading a rule file: numbers stay exact, doubled keys are refused, a mistake gets file, key path, allowed keys."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from plans.errors import RuleError

M = TypeVar("M", bound=BaseModel)


class _ExactLoader(yaml.SafeLoader):
    """SafeLoader that reads 0.1 as Decimal("0.1") and refuses a key written twice."""


def _exact(loader: _ExactLoader, node: yaml.ScalarNode) -> Decimal:
    text = str(loader.construct_scalar(node))
    number = Decimal(text.replace("_", ""))
    if not number.is_finite():
        raise yaml.constructor.ConstructorError(None, None, f"{text} is not a finite number", node.start_mark)
    return number


def _mapping(loader: _ExactLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key} is written twice", key_node.start_mark)
        seen.add(key)
    loader.flatten_mapping(node)
    return {loader.construct_object(k, deep=True): loader.construct_object(v, deep=True) for k, v in node.value}


# YAML 1.1 reads on, off, yes and no as truth values; here only true and false are (a calendar has a key `on`).
_ExactLoader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_ExactLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_ExactLoader.add_constructor("tag:yaml.org,2002:float", _exact)
_ExactLoader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_yaml(path: Path, *, shown: str) -> dict[str, Any]:
    """The mapping in a YAML file, floats as exact decimals; RuleError with line and column when it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError("A rule file cannot be read", where=shown, found=type(error).__name__) from error
    try:
        raw = yaml.load(text, Loader=_ExactLoader)  # noqa: S506 -- a SafeLoader with exact numbers
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{shown} line {mark.line + 1} column {mark.column + 1}" if mark else shown
        problem = getattr(error, "problem", None) or "it is not YAML"
        raise RuleError(
            "A rule file is not valid YAML", where=place, found=problem, todo="Correct that line"
        ) from error
    if not isinstance(raw, dict):
        raise RuleError("A rule file holds no mapping", where=shown, expected="keys and values", found=_kind(raw))
    return raw


def shaped(model: type[M], raw: object, *, shown: str, path: str = "") -> M:
    """The raw value as that model; RuleError names file, key path, and the allowed keys of the first mistake."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        context = first.get("ctx", {})
        place = ".".join(str(part) for part in ([path] if path else []) + list(first["loc"]))
        if first["type"] == "unknown_key":
            what, expected, found = "A rule file has an unknown key", f"one of {context['allowed']}", context["key"]
            place = f"{place}.{context['key']}" if place else str(context["key"])
        elif first["type"] == "missing":
            what, expected, found = "A rule file lacks a key", f"the key {first['loc'][-1]}", "nothing"
        else:
            what, expected, found = "A rule file has a wrong value", _plain(first["msg"]), _kind(first.get("input"))
        raise RuleError(what, where=f"{shown}, key {place or 'top'}", expected=expected, found=found) from error


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").removeprefix("Input should be ")


def _kind(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 and not isinstance(value, dict | list) else f"a {type(value).__name__}"
