"""The peers' environment: made where the project lies, and not held to what the project itself asks for."""

from __future__ import annotations

import hashlib
import zipfile

from benchmarks.skill import exchange

WHEEL = {
    "peer.py": "",
    "peer-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: peer\nVersion: 1.0\n",
    "peer-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "peer-1.0.dist-info/RECORD": "peer.py,,\npeer-1.0.dist-info/METADATA,,\npeer-1.0.dist-info/WHEEL,,\n",
}


def test_the_peers_are_set_up_inside_a_project_that_asks_for_other_versions(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.uv]\nconstraint-dependencies = ["peer>=2"]\n')
    wheel = tmp_path / "peer-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as opened:
        for name, text in WHEEL.items():
            opened.writestr(name, text)
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"peer @ {wheel.as_uri()} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")

    python = exchange.environment(tmp_path / "var" / "peers", lock)

    assert [found.name for found in (tmp_path / "var").rglob("peer.py")] == ["peer.py"]
    assert python.is_file()
