"""The moment at which the tests ask a source, and who asks."""

from datetime import datetime, timedelta

from flows.sources.live import Asker
from forecast import air

from .conftest import policy

BEIJING = air.BEIJING
NOW = datetime(2024, 3, 1, 0, 30, tzinfo=BEIJING)
HOUR = timedelta(hours=1)


def asker(source, **more):
    return Asker(source, policy(**more), clock=lambda: NOW)
