"""What is read once and stays: a list of 33,000 units is half a million objects that no search for garbage need walk.

Without this every full collection walks the list again, and a page that happens to meet one takes half a second.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lasting(*, few: bool = False) -> Iterator[None]:
    """Inside, things are made that stay for long: nothing is searched meanwhile, and they are never walked again.

    They still go when nobody holds them any more. `few` makes it nothing special, for small additions.
    """
    if few:
        yield
        return
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if running:
            gc.enable()
