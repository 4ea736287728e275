"""A real Valkey in a temporary folder."""

import os
import signal
import socket
from pathlib import Path

import pytest

from riskhub.engine import valkey
from riskhub.engine.errors import Trouble
from riskhub.engine.valkey import Server


def test_it_starts_answers_and_keeps_its_address_over_a_kill(tmp_path: Path) -> None:
    server = Server(tmp_path / ("deep " * 40) / ("folder " * 20) / "vk")
    try:
        url, pid = server.start(), server.pid
        assert server.start() == url
        assert server.pid == pid
        assert Server(server.folder).pid == pid, "another process finds it"
        valkey.ping(url, seconds=2)
        assert pid
        os.kill(pid, signal.SIGKILL)
        assert server.process
        server.process.wait(5)
        assert server.pid is None
        assert server.start() == url
    finally:
        server.stop()
    assert server.pid is None
    with pytest.raises(OSError, match="refused"):
        valkey.ping(url, seconds=2)


def test_it_asks_for_its_password_and_hides_it(tmp_path: Path) -> None:
    server = Server(tmp_path / "vk")
    url = server.start()
    try:
        password = url.split(":")[2].split("@")[0]
        with pytest.raises(ValueError, match="NOAUTH"):
            valkey.ping(url.replace(f":{password}@", ""), seconds=2)
        assert password not in Path(f"/proc/{server.pid}/cmdline").read_text()
        assert {(server.folder / name).stat().st_mode & 0o077 for name in ("valkey.conf", "valkey.json")} == {
            0
        }
    finally:
        server.stop()


def test_a_port_in_use_is_reported_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", 0))
        taker.listen()
        with pytest.raises(Trouble, match=r"is in use.*Fix: "):
            Server(tmp_path / "vk", port=taker.getsockname()[1]).start()
