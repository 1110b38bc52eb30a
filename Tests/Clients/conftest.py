"""The executable as mock upstream and as gateway, once for all tests of a run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.register_assert_rewrite("answers", "streams")

ROOT = Path(__file__).parents[2]
BINARY = Path(os.environ.get("GATEWAY_BINARY", ROOT / ".build/release/inference-gateway")).resolve()


class Server:
    """A process whose output is kept."""

    def __init__(self, command: list[str], settings: dict[str, str], directory: Path) -> None:
        # Nothing of the caller's settings or proxies.
        environment = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        self.lines: list[str] = []
        self._changed = threading.Condition()
        self._process = subprocess.Popen(
            [str(BINARY), *command],
            env=environment | settings,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            with self._changed:
                self.lines.append(line)
                self._changed.notify_all()

    def wait_for(self, find: Callable[[str], Any], after: int = 0, seconds: float = 30) -> Any:
        """The first thing found in a line, from the line numbered `after` on."""
        end = time.monotonic() + seconds
        with self._changed:
            while True:
                for line in self.lines[after:]:
                    if found := find(line):
                        return found
                left = end - time.monotonic()
                assert left > 0 and self._process.poll() is None, "not said: " + "".join(self.lines[-20:])
                self._changed.wait(min(left, 1))

    def stop(self) -> int:
        self._process.terminate()
        try:
            return self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


class Gateway(Server):
    def completion(self, after: int, model: str = "mock-endless:interval=5") -> dict[str, Any]:
        """The log line of the first completion of a model that ended later than line `after`."""

        def find(line: str) -> Any:
            log = json.loads(line)
            return log["message"] == "completion" and log["model"] == model and log

        return self.wait_for(find, after)


@pytest.fixture(scope="session")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(["mock-upstream", "--port", "0"], {}, tmp_path_factory.mktemp("mock"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def direct(mock: Server) -> str:
    """The mock's base URL."""
    return mock.wait_for(lambda line: (found := re.search(r"http://\S+", line)) and found[0] + "/v1")


@pytest.fixture(scope="session")
def gateway_server(direct: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    settings = {
        "UPSTREAM_BASE_URL": direct,
        "PORT": "0",
        # A refusal is told at once, however busy the machine is.
        "UPSTREAM_MAX_RETRIES": "0",
        "HEAD_HOLD": "20",
    }
    server = Gateway(["serve"], settings, tmp_path_factory.mktemp("gateway"))
    yield server
    assert server.stop() == 0


@pytest.fixture(scope="session")
def gateway(gateway_server: Gateway) -> str:
    """The gateway's base URL."""
    port = gateway_server.wait_for(lambda line: (log := json.loads(line))["message"] == "listening" and log["port"])
    return f"http://127.0.0.1:{port}/v1"


@pytest.fixture(params=["direct", "gateway"])
def base_url(request: pytest.FixtureRequest) -> str:
    """One side, then the other: what must be the same on both."""
    return request.getfixturevalue(request.param)
