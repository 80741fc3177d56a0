"""One thread for numbers: processes that forecast beside each other do not wait for one another's spinning threads."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[Any]:
    """Inside, linear algebra and OpenMP work on one thread of this process.

    The matrices here are small: two threads cost twice the processor for the same wall time, and two processes with
    two threads each on two cores take four times the wall time, because threads that wait spin (boosting up to 50
    times).

    >>> from threadpoolctl import threadpool_info
    >>> with one_thread():
    ...     {one["num_threads"] for one in threadpool_info()}
    {1}
    """
    limited: AbstractContextManager[Any] = _libraries("lightgbm" in sys.modules).limit(limits=1)
    return limited


@lru_cache(2)
def _libraries(_boosting: bool) -> ThreadpoolController:
    """The loaded libraries that have threads, of boosting too once it is loaded.

    Looking for them takes 6 ms, limiting those that were found 0.02 ms: less than the shortest forecast.
    """
    import sklearn.ensemble  # noqa: F401  (brings all others; what is not loaded is not found)

    return ThreadpoolController()
