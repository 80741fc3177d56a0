"""`./run bench [speed|skill|NAME ...]`: run benchmarks and print their figures with the machine's size.

Every module in benchmarks/speed and benchmarks/skill with a function `run() -> dict` is one benchmark. Without a word
the speed benchmarks run; `skill` runs the others (minutes), and they write docs/verification.md. A module's `ALSO`
names benchmarks that belong to it: asked for by name it brings them along.

Each runs in a process of its own, so that the memory of one is not counted for the next, and one that fails does not
keep the others from running.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOMS = ("speed", "skill")
ALONE = "--alone"
"""Before a name: run it here, not in a process of its own."""


def known() -> dict[str, str]:
    """Benchmark name to module name."""
    return {
        f"{room}.{path.stem}": f"benchmarks.{room}.{path.stem}"
        for room in ROOMS
        for path in sorted((HERE / room).glob("*.py"))
        if not path.stem.startswith("_")
    }


def main(words: list[str]) -> int:
    """Run the chosen benchmarks; 2 for a word that names none, 1 when one of them failed."""
    if words[:1] == [ALONE]:
        return alone(words[1])
    chosen = []
    for word in words or ["speed"]:
        found = [name for name in known() if name == word or name.split(".")[0] == word or name.split(".")[1] == word]
        if not found:
            names = ", ".join(known())
            print(f"There is no benchmark {word!r}; expected speed, skill or one of {names}.", file=sys.stderr)
            return 2
        chosen += found
        if len(found) == 1:
            room = found[0].split(".")[0]
            chosen += [f"{room}.{name}" for name in getattr(importlib.import_module(known()[found[0]]), "ALSO", ())]
    print(f"machine: {os.cpu_count()} cores, Python {platform.python_version()}, {platform.machine()}", flush=True)
    one = [sys.executable, "-m", "benchmarks", ALONE]
    failed = [name for name in dict.fromkeys(chosen) if subprocess.run([*one, name], check=False).returncode]
    if failed:
        print(f"\nnot finished, see above: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def alone(name: str) -> int:
    """Run one benchmark in this process and print its figures; a module without `run` is none."""
    module = importlib.import_module(known()[name])
    if hasattr(module, "run"):
        print(f"\n== {name}: {(module.__doc__ or '').strip().splitlines()[0]}", flush=True)
        print(json.dumps(module.run(), ensure_ascii=False, indent=1, default=str), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
