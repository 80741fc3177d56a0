"""`python -m flows.child PARENT MODULE WORDS...`: run a module as a child that ends when its parent dies.

Without it a killed `lantian serve` would leave a server, a runner and a console behind. Linux only; elsewhere nothing
is asked of the kernel, and an orphan has to be ended by hand.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys
from pathlib import Path
from typing import BinaryIO

LOG_BYTES = 10_000_000
_PR_SET_PDEATHSIG = 1
"""linux/prctl.h"""


def command(module: str, *words: str) -> list[str]:
    """The command line of such a child."""
    return [sys.executable, "-m", "flows.child", str(os.getpid()), module, *words]


def log(path: Path, *, most: int = LOG_BYTES) -> BinaryIO:
    """A child's log, opened to be gone on with; one larger than `most` bytes is put aside as NAME.1 first.

    So there are two of each at most, the older one in place of the one before it.
    """
    if path.is_file() and path.stat().st_size > most:
        path.replace(path.with_name(path.name + ".1"))
    return path.open("ab")


def main() -> None:
    """Bind this process to its parent and become the module."""
    parent, module, *words = sys.argv[1:]
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    except (AttributeError, OSError):
        pass
    else:
        if os.getppid() != int(parent):  # it died before we asked
            sys.exit(143)
    sys.argv[:] = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
