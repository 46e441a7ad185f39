"""Commands on the hosts by the out-of-band ssh: the one way in for probes and actions, on the twin and on the site."""

from __future__ import annotations

import contextlib
import json
import selectors
import shlex
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

from recette.errors import Inconclusive

T = TypeVar("T")

SSH_FAILED = 255
"""What ssh returns when it could not reach the host; a script must not use it."""
MAX_THREADS = 64
RUN_LIMIT_S = 30.0

# The agent's source and its payload share stdin: no file is left on the host, nothing is quoted, and what
# remains open afterwards is the agent's life line.
BOOTSTRAP = """python3 -ISc 'import sys;b=sys.stdin.buffer;exec(compile(b.read(int(b.readline())),"agent","exec"))'"""


@dataclass(frozen=True)
class Completed:
    rc: int
    stdout: str
    stderr: str


def framed(source: str, payload: Any) -> bytes:
    """What `BOOTSTRAP` expects on stdin: the length of the source, the source, the payload as one JSON line."""
    body = source.encode()
    return b"%d\n%b%b\n" % (len(body), body, json.dumps(payload, separators=(",", ":")).encode())


class Remote:
    """Runs scripts on hosts; connections are shared through the ControlMaster of the ssh configuration."""

    def __init__(self, ssh_config: Path) -> None:
        self.ssh_config = ssh_config

    def command(self, host: str, script: str) -> list[str]:
        """The local argument list that runs `script` with /bin/sh on `host`."""
        return ["ssh", "-F", str(self.ssh_config), host, f"/bin/sh -c {shlex.quote(script)}"]

    def run(
        self, host: str, script: str, *, stdin: str | bytes | None = None, timeout_s: float = RUN_LIMIT_S
    ) -> Completed:
        """Runs to the end, whatever the exit code; `Inconclusive` if the host is out of reach or too slow."""
        sent = stdin.encode() if isinstance(stdin, str) else stdin or b""
        try:
            done = subprocess.run(
                self.command(host, script), input=sent, capture_output=True, timeout=timeout_s, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise Inconclusive(f"{host} : pas de réponse en {timeout_s:g} s par la voie d'administration") from error
        result = Completed(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
        if result.rc == SSH_FAILED:
            raise Inconclusive(f"{host} : injoignable par la voie d'administration ({_last_line(result.stderr)})")
        return result

    def popen(self, host: str, script: str, *, stdout: int | IO[bytes] = subprocess.PIPE) -> subprocess.Popen[bytes]:
        """Starts a streaming command; the caller closes its stdin to end it.

        It has its own session: a Ctrl-C at the terminal leaves the end of a measure to the one who began it.
        """
        return subprocess.Popen(
            self.command(host, script),
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def map(
        self,
        hosts: Iterable[str],
        script: str,
        *,
        stdin: str | bytes | Callable[[str], str | bytes] | None = None,
        timeout_s: float = RUN_LIMIT_S,
        strict: bool = True,
    ) -> dict[str, Completed]:
        """Runs one script on many hosts side by side, one round trip each, in the order given.

        With `strict`, one host out of reach makes the whole answer `Inconclusive`; without, it is left out.
        """

        def one(host: str) -> Completed:
            sent = stdin(host) if callable(stdin) else stdin
            return self.run(host, script, stdin=sent, timeout_s=timeout_s)

        return side_by_side(hosts, one, strict=strict)

    def python(self, host: str, source: str, payload: Any, *, timeout_s: float = RUN_LIMIT_S) -> Any:
        """Runs an agent of `recette.probes.agents` to its end and returns the JSON value that it printed."""
        done = self.run(host, BOOTSTRAP, stdin=framed(source, payload), timeout_s=timeout_s)
        if done.rc != 0:
            raise Inconclusive(f"{host} : la sonde s'est arrêtée ({_last_line(done.stderr)})")
        return json.loads(done.stdout)

    def map_python(
        self, source: str, payloads: Mapping[str, Any], *, timeout_s: float = RUN_LIMIT_S, strict: bool = True
    ) -> dict[str, Any]:
        """`python` on many hosts side by side, each with its own payload."""
        return side_by_side(
            payloads, lambda host: self.python(host, source, payloads[host], timeout_s=timeout_s), strict=strict
        )

    def popen_python(self, host: str, source: str, payload: Any) -> subprocess.Popen[bytes]:
        """Starts an agent that talks by JSON lines and lives until its stdin is closed."""
        process = self.popen(host, BOOTSTRAP)
        if process.stdin is None:
            raise AssertionError("popen opens stdin")
        try:
            process.stdin.write(framed(source, payload))
            process.stdin.flush()
        except BrokenPipeError:
            reason = finish(process)
            raise Inconclusive(f"{host} : injoignable par la voie d'administration ({reason})") from None
        return process


def must(remote: Remote, host: str, script: str, stdin: str = "", timeout_s: float = RUN_LIMIT_S) -> Completed:
    """Run what has to succeed for a trial to mean anything; else `Inconclusive`, with what the host complained of."""
    done = remote.run(host, script, stdin=stdin, timeout_s=timeout_s)
    if done.rc != 0:
        raise Inconclusive(f"{host} : {' '.join(done.stderr.split()) or script}")
    return done


def first_line(process: subprocess.Popen[bytes], limit_s: float) -> bytes:
    """The first line that a streaming command prints; b"" if it ends before, or says nothing for `limit_s`."""
    if process.stdout is None:
        return b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        return process.stdout.readline() if selector.select(limit_s) else b""


def whole_lines(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """The lines of a streaming command as they come; the last one is left out if the host died in the middle of it."""
    for line in process.stdout or ():
        if line.endswith(b"\n"):
            yield line


def finish(process: subprocess.Popen[bytes], limit_s: float = 5.0, reader: threading.Thread | None = None) -> str:
    """Ends a streaming command by closing its stdin, and gives back the last line of its error output.

    Kills the local end if it does not follow within `limit_s`; waits for the thread that reads it, if any.
    """
    if process.stdin and not process.stdin.closed:
        with contextlib.suppress(BrokenPipeError):  # the host is gone already
            process.stdin.close()
    try:
        process.wait(limit_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if reader:
        reader.join(limit_s)
    said = process.stderr.read() if process.stderr and not process.stderr.closed else b""
    for pipe in (process.stdout, process.stderr):
        if pipe:
            pipe.close()
    return _last_line(said.decode(errors="replace"))


def side_by_side(hosts: Iterable[str], one: Callable[[str], T], *, strict: bool = True) -> dict[str, T]:
    """Asks `one` of each host at the same time; answers in the order of the hosts.

    With `strict`, one `Inconclusive` makes the whole answer so, with every reason; without, that host is left out.
    """
    hosts = list(hosts)
    results: dict[str, T] = {}
    silent: list[str] = []
    if not hosts:
        return results
    with ThreadPoolExecutor(min(MAX_THREADS, len(hosts))) as pool:
        for host, future in [(host, pool.submit(one, host)) for host in hosts]:
            try:
                results[host] = future.result()
            except Inconclusive as error:
                silent.append(str(error))
    if silent and strict:
        raise Inconclusive(" ; ".join(silent))
    return results


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["sans message"])[-1]
