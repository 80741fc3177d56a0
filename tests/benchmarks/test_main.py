"""`./run bench WORD`: each benchmark in a process of its own."""

import shutil
import subprocess
import sys
from pathlib import Path

import benchmarks.__main__ as main

FAILS = '''"""Holds 300 MiB and fails."""

def run():
    held = b"1" * (300 << 20)
    raise SystemExit(f"{len(held)} held")
'''
LIGHT = '''"""Tells its peak memory."""
import resource

def run():
    return {"MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}
'''


def benches(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command on a folder of two benchmarks and a helper: heavy, light, shared."""
    room = folder / "benchmarks" / "speed"
    room.mkdir(parents=True)
    (folder / "benchmarks" / "__init__.py").touch()
    shutil.copy(main.__file__, folder / "benchmarks" / "__main__.py")
    (room / "heavy.py").write_text(FAILS, encoding="utf-8")
    (room / "light.py").write_text(LIGHT, encoding="utf-8")
    (room / "shared.py").write_text('"""No benchmark."""\n', encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


def test_one_that_fails_is_named_at_the_end_and_the_next_still_runs_in_a_memory_of_its_own(tmp_path):
    done = benches(tmp_path, "speed")
    assert 1 == done.returncode
    assert "not finished, see above: speed.heavy" in done.stderr
    assert "== speed.light: Tells its peak memory." in done.stdout
    assert int(done.stdout.split('"MiB": ')[1].split()[0]) < 200
    assert "shared" not in done.stdout


def test_a_word_that_names_no_benchmark_is_refused_with_the_names(tmp_path):
    done = benches(tmp_path, "sped")
    assert 2 == done.returncode
    assert "speed.heavy, speed.light" in done.stderr and "Traceback" not in done.stderr
