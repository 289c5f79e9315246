"""Asking a server before MLflow does; the ports are real ones of this machine."""

from __future__ import annotations

import socket

import pytest

from trimtab.errors import StorageError
from trimtab.tracking.mlflow_server import require_answer


def test_a_closed_port_is_told_with_the_address_and_without_its_password() -> None:
    with socket.socket() as taken:  # bound and not listening: nobody else can open it meanwhile
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(StorageError, match=f"no MLflow server answers at http://127.0.0.1:{port} ") as refusal:
            require_answer(f"http://ada:secret@127.0.0.1:{port}")
    assert "secret" not in str(refusal.value)


def test_a_server_that_listens_is_enough() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        require_answer(f"http://127.0.0.1:{server.getsockname()[1]}")


def test_an_address_with_an_impossible_port_is_refused_in_the_same_way() -> None:
    with pytest.raises(StorageError, match="correct TRIMTAB_MLFLOW_URI"):
        require_answer("http://127.0.0.1:99999999")
