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

_PR_SET_PDEATHSIG = 1
"""linux/prctl.h"""


def command(module: str, *words: str) -> list[str]:
    """The command line of such a child."""
    return [sys.executable, "-m", "flows.child", str(os.getpid()), module, *words]


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
