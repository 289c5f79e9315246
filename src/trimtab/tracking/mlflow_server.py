"""Whether an MLflow server answers, asked before MLflow's own client waits for it for minutes."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from trimtab.errors import StorageError

WAIT_SECONDS = 2.0
PORTS = {"http": 80, "https": 443}
# Read by MLflow's client with every request. Its own are 120 seconds, and 7 retries with growing pauses.
PATIENCE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
}


def require_answer(uri: str, wait: float = WAIT_SECONDS) -> None:
    """Raise `StorageError` where `uri` is a server that accepts no connection within `wait` seconds.

    A database or a folder is not asked.

    >>> require_answer("sqlite:////lake/mlflow.db")
    """
    try:
        parts = urlsplit(uri)
        if parts.scheme not in PORTS:
            return
        with socket.create_connection((parts.hostname or "", parts.port or PORTS[parts.scheme]), timeout=wait):
            return
    except (OSError, ValueError) as error:
        raise StorageError(
            f"no MLflow server answers at {_without_password(uri)} ({error}); start it, or correct TRIMTAB_MLFLOW_URI"
        ) from error


def _without_password(uri: str) -> str:
    scheme, _, rest = uri.partition("://")
    return f"{scheme}://{rest.rsplit('@', 1)[-1]}"
