"""`trimtab up` starts two servers, keeps them together, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fakes.servers import answers, free_port, wait_until

from trimtab.cli.run import project_root, require_dagster
from trimtab.cli.up import require_free
from trimtab.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[3]


def test_a_port_in_use_is_refused_before_anything_is_started() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            ConfigurationError, match=f"port {port} on 127.0.0.1 cannot be used .* give another, such as"
        ):
            require_free("127.0.0.1", port)
    require_free("127.0.0.1", port)


def test_anywhere_inside_a_clone_means_the_clone_and_outside_means_here(tmp_path: Path) -> None:
    assert project_root(ROOT / "docs" / "decisions") == ROOT
    assert project_root(tmp_path) == tmp_path


def test_a_missing_dagster_is_answered_with_how_to_get_it() -> None:
    with pytest.raises(ConfigurationError, match=r"pip install 'trimtab\[dagster\]'"):
        require_dagster("dagster_is_not_here")


@contextmanager
def up(port: int, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | {"TRIMTAB_DATA_DIR": str(tmp_path / "data"), "PYTHONUNBUFFERED": "1"}
    said = tmp_path / "said.txt"
    process = subprocess.Popen(
        [sys.executable, "-c", "from trimtab.cli import main; main()", "up", "--port", str(port)],
        cwd=ROOT / "docs",
        env=environment,
        stdout=said.open("w"),
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        # The address is said a moment after the server answers: only then is the command up.
        wait_until(lambda: process.poll() is not None or "Dagster is at" in said.read_text(), "the address")
        assert answers(f"http://127.0.0.1:{port}/server_info"), said.read_text()
        yield process
    finally:
        process.kill()
        process.wait()


def processes_about(folder: Path) -> list[str]:
    """Command lines of living processes that were given a lake."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            belongs = f"TRIMTAB_DATA_DIR={folder}/data".encode() in (entry / "environ").read_bytes()
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if belongs and command:
            found.append(command)
    return found


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc to look for what is left")
@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_stops_everything_and_leaves_no_process(told: signal.Signals, tmp_path: Path) -> None:
    port = free_port()
    with up(port, tmp_path) as process:
        assert any("dagster._daemon" in command for command in processes_about(tmp_path))
        process.send_signal(told)
        process.wait(timeout=60)
    output = (tmp_path / "said.txt").read_text()
    assert process.returncode == 0, output
    assert processes_about(tmp_path) == []
    assert f"Dagster is at http://127.0.0.1:{port}" in output
    assert "Traceback" not in output


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc to find the daemon")
def test_when_one_server_dies_the_other_is_stopped_and_it_is_said(tmp_path: Path) -> None:
    with up(free_port(), tmp_path) as process:
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                environment, command = (entry / "environ").read_bytes(), (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(tmp_path).encode() in environment and b"dagster._daemon\0run" in command:
                os.kill(int(entry.name), signal.SIGKILL)
        process.wait(timeout=60)
    output = (tmp_path / "said.txt").read_text()
    assert process.returncode == 1
    assert "trimtab: the daemon ended by itself, so everything was stopped" in output
    assert processes_about(tmp_path) == []
