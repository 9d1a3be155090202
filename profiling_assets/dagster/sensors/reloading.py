"""Reloading the code location from inside: the web server is asked to do it.

Put here: the request and its failures.
Do not put here: when it is necessary (`dagster.sensors.new_output`).
Partitions are made when the code location is loaded, so new plates appear with a reload
(docs/decisions/partitions.md).
"""

from urllib.parse import urlsplit

from profiling_assets.settings import WEBSERVER_VARIABLE

_SECONDS = 120
_BY_HAND = "press Reload in the web UI (Deployment) to see the new plates"


def reload_problem(webserver: str | None, location: str) -> str:
    """Ask the web server to load the code location anew, and wait for it.

    Parameters
    ----------
    webserver : str or None
        Its address, as `http://127.0.0.1:3000`, with the path prefix it has.
    location : str
        Name of the code location.

    Returns
    -------
    str
        Why it did not work and what to do; empty where it did.
    """
    if webserver is None:
        return f"{WEBSERVER_VARIABLE} is not set, so the code location is not reloaded; {_BY_HAND}"
    # 1 s to import, and needed only when plates come
    from dagster_graphql import DagsterGraphQLClient, DagsterGraphQLClientError

    try:
        address = urlsplit(webserver)
        client = DagsterGraphQLClient(
            address.hostname or "",
            port_number=address.port,
            use_https=address.scheme == "https",
            timeout=_SECONDS,
            path_prefix=address.path.rstrip("/"),
        )
        info = client.reload_repository_location(location)
    except (DagsterGraphQLClientError, ValueError) as error:
        return (
            f"the web server at {webserver} did not reload the code location ({error}); {_BY_HAND}"
        )
    if info.status.value == "SUCCESS":
        return ""
    said = info.message or info.failure_type or "no reason given"
    return f"the code location {location} did not reload: {said}"
