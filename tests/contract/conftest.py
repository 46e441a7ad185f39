"""The proxy that validates every request and answer with Wazuh's own description of its API, and what stands behind."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contract.stand_in import StandIn

ROOT = Path(__file__).parents[2]
SPECIFICATION = os.environ.get("WAZUH_OPENAPI", "")
PRISM = shutil.which("prism", path=f"{ROOT}/.cache/contract/node_modules/.bin:{os.environ.get('PATH', '')}")
START_S, LOOK_S = 90.0, 0.2
"""Guard, while the proxy reads 20,000 lines, and pause between two looks."""


class Clock:
    """A time that only moves when it is told to."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@dataclass(frozen=True)
class Contract:
    """The stand-in, directly and through the proxy."""

    stand: StandIn
    direct: str
    validated: str
    clock: Clock


@pytest.fixture(scope="session")
def description() -> Path:
    """Wazuh's own description of the server's API."""
    if not SPECIFICATION:
        pytest.skip("WAZUH_OPENAPI does not name Wazuh's own description (api/api/spec/spec.yaml of wazuh/wazuh, 4.14)")
    path = Path(SPECIFICATION)
    assert path.is_file(), path
    return path.resolve()


@pytest.fixture(scope="session")
def proxied(description: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contract]:
    """One proxy for all tests: it takes seconds to read the description."""
    if not PRISM:
        pytest.skip("Prism is not installed here (make contract)")
    clock = Clock()
    stand = StandIn(clock)
    log = tmp_path_factory.mktemp("prism") / "log"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [PRISM, "proxy", "--errors", "--port", str(port), str(description)]
    with (
        stand.serving() as direct,
        log.open("w", encoding="utf-8") as output,
        subprocess.Popen([*command, direct], stdout=output, stderr=subprocess.STDOUT) as prism,
    ):
        try:
            _await(prism, port, log)
            yield Contract(stand, direct, f"http://127.0.0.1:{port}", clock)
        finally:
            prism.terminate()


@pytest.fixture
def contract(proxied: Contract) -> Contract:
    """The same, with nothing in it."""
    proxied.stand.clear()
    return proxied


def _await(prism: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end_s = time.monotonic() + START_S
    while time.monotonic() < end_s:
        assert prism.poll() is None, log.read_text(encoding="utf-8")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(LOOK_S)
    raise AssertionError(log.read_text(encoding="utf-8"))
