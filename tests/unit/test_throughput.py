"""What iperf3 and curl print, read as figures; what they do not print is no figure."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from recette.errors import Inconclusive
from recette.probes.throughput import File, Way, download, throughput

WAY = Way("dc1", "10.10.0.100", 53)
FILE = File("https://webmail.example/a/b.js", "192.0.2.1", "/ca.pem")


class Said:
    """A host that prints what it is told to, and remembers what it was asked."""

    def __init__(self, stdout: str, rc: int = 0, stderr: str = "") -> None:
        self.answer = SimpleNamespace(stdout=stdout, rc=rc, stderr=stderr)
        self.asked = ""

    def run(self, _host: str, script: str, **_options: Any) -> Any:
        self.asked = script
        return self.answer


def test_throughput_is_what_arrived() -> None:
    told = {"end": {"sum_sent": {"bits_per_second": 9e8}, "sum_received": {"bits_per_second": 1.5e8}}}
    host = Said(json.dumps(told))
    assert throughput(host, WAY, 4, back=True) == pytest.approx(150.0)  # type: ignore[arg-type]
    assert host.asked.endswith("--reverse")


@pytest.mark.parametrize("host", [Said('{"error": "unable to connect"}', 1), Said("", 127, "iperf3: not found")])
def test_a_transfer_that_failed_is_no_figure(host: Said) -> None:
    with pytest.raises(Inconclusive, match=r"unable to connect|not found"):
        throughput(host, WAY, 4)  # type: ignore[arg-type]


def test_download_adds_what_was_downloaded() -> None:
    host = Said("1000000 0.1 0.002\n1000000 0.3 0.004\n1000000 0.1 0.009\n")
    found = download(host, "nomade", FILE, 3)  # type: ignore[arg-type]
    assert found.mbit_s == pytest.approx(48.0)
    assert found.first_byte_ms == pytest.approx(4.0)
    assert "--resolve webmail.example:443:192.0.2.1" in host.asked
    assert host.asked.count(FILE.url) == 3


def test_a_download_that_failed_is_no_figure() -> None:
    with pytest.raises(Inconclusive, match="404"):
        download(Said("", 22, "The requested URL returned error: 404"), "nomade", FILE, 3)  # type: ignore[arg-type]
