"""The process that executes the flows of a working folder as Prefect's scheduler calls for them.

It reads the plan of the sources once at its start; after a change of sources.yaml start it again. It does not pause its
deployments when it ends: an old process that dies late would pause what a new one has just registered.
"""

from __future__ import annotations

from flows.home import home


def main() -> None:
    """Serve all jobs of LANTIAN_HOME until told to end."""
    from prefect import serve

    from flows.pulling import deployments

    folder = home().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    serve(*deployments(folder), pause_on_shutdown=False, limit=4, query_seconds=5)
