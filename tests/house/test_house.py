"""Contracts of the house itself: walls, fresh imports, documents that keep up with the code."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
AGAIN = "write the pages anew: .venv/bin/python tests/house/docs_of_tables.py"


def python(*code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", ";".join(code)], capture_output=True, text=True, cwd=ROOT, check=False)


def test_the_office_starts_without_the_numerical_libraries():
    done = python(
        "import sys, emergency.office",
        "heavy = {'pandas', 'numpy', 'xarray', 'sklearn', 'prefect', 'fastapi'} & set(sys.modules)",
        "sys.exit(f'loaded: {heavy}' if heavy else 0)",
    )

    assert 0 == done.returncode, done.stderr


def test_the_rules_load_without_sql_or_web():
    done = python(
        "import sys, plans.rulebook",
        "plans.rulebook.load()",
        "sys.exit(bool({'sqlalchemy', 'fastapi', 'numpy', 'prefect'} & set(sys.modules)))",
    )

    assert 0 == done.returncode, done.stderr


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_holds_names_versions_and_hashes_only(lock):
    text = (ROOT / lock).read_text()

    assert "://" not in text
    assert "--hash=sha256:" in text
    assert "index" not in "".join(line for line in text.splitlines() if line.startswith("-"))


def test_every_command_of_the_entry_points_can_be_loaded():
    from importlib.metadata import entry_points

    loaded = {point.name: point.load() for point in entry_points(group="lantian.commands")}

    assert {"aqi", "rules", "replay", "demo", "record"} <= set(loaded)


def test_every_source_of_the_entry_points_has_a_manifest():
    from importlib.metadata import entry_points

    from forecast.sources import Manifest

    manifests = [point.load().manifest for point in entry_points(group="lantian.sources")]

    assert manifests
    assert all(isinstance(manifest, Manifest) for manifest in manifests)


def test_the_lifecycle_pages_are_those_that_the_tables_generate():
    from .docs_of_tables import lifecycles_page

    assert lifecycles_page() == (ROOT / "docs" / "lifecycles.md").read_text(), AGAIN


def test_the_glossary_is_the_one_that_the_vocabulary_generates():
    from .docs_of_tables import vocabulary_page

    assert vocabulary_page() == (ROOT / "docs" / "vocabulary.md").read_text(), AGAIN


def test_every_dependency_has_its_line_of_reason():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    reasons = (ROOT / "docs" / "decisions" / "0003-dependencies.md").read_text()
    names = [
        re.split(r"[<>=\[;]", requirement)[0].strip()
        for requirement in [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    ]

    assert [] == [name for name in names if name not in reasons and not name.startswith("types-")]


def test_every_fault_of_the_sources_page_has_the_test_it_names():
    page = (ROOT / "docs" / "sources.md").read_text()
    named = re.findall(r"\| `([a-z0-9_/]+\.py)::(test_\w+)` \|", page)

    assert 30 <= len(named)
    assert [] == [
        (file, test)
        for file, test in named
        if f"def {test}(" not in (ROOT / "tests" / file).read_text(encoding="utf-8")
    ]


def test_every_quality_rule_stands_on_the_sources_page_in_both_languages():
    from forecast.quality import Flag

    page = (ROOT / "docs" / "sources.md").read_text()

    assert [] == [flag.name for flag in Flag if f"| {flag.english} | {flag.chinese} |" not in page]
