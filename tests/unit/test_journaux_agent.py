"""The watcher of every host: files, ports and refusals, against real ones."""

from __future__ import annotations

import fcntl
import importlib
import os
import select
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "roles" / "journaux" / "files" / "agent"
RECORDED = ROOT / "tests" / "recorded" / "pare_feu" / "journal.json"
LIMIT_S = 5.0


@pytest.fixture(scope="module")
def agent() -> Iterator[Any]:
    """The modules of the watcher, by their names."""
    sys.path.insert(0, str(FOLDER))
    names = ("agent", "ecoutes", "effacements", "fichiers", "refus")
    yield type("Agent", (), {name: importlib.import_module(name) for name in names})
    sys.path.remove(str(FOLDER))


def changes(agent: Any, tree: Any, count: int = 1) -> dict[str, str]:
    """What the tree tells, path by path, once it has told of so many files."""
    found: dict[str, str] = {}
    deadline = time.monotonic() + LIMIT_S
    while len(found) < count and time.monotonic() < deadline:
        select.select([tree.descriptor], [], [], 0.05)
        now_s = time.monotonic()
        assert tree.read(now_s)
        tree.look_for_roots(now_s)
        found |= {path: agent.fichiers.described(path, change) for path, change in tree.settled(now_s)}
    return found


@pytest.mark.parametrize("act", ["written", "made", "moved", "removed", "linked", "mode"])
def test_a_change_is_told(act: str, agent: Any, tmp_path: Path) -> None:
    path = tmp_path / "sub" / "file"
    path.parent.mkdir()
    if act not in {"made", "linked"}:
        path.write_text("before", encoding="ascii")
    tree = agent.fichiers.Tree([str(tmp_path)])
    if act in {"written", "made"}:
        path.write_text("after", encoding="ascii")
    elif act == "moved":
        path.rename(tmp_path / "other")
    elif act == "removed":
        path.unlink()
    elif act == "linked":
        path.symlink_to("/etc/passwd")
    else:
        path.chmod(0o4755)
    told = changes(agent, tree, 2 if act == "moved" else 1)
    wanted = {"removed": "act=deleted", "moved": "act=deleted", "mode": "act=attributes"}.get(act, "act=modified")
    assert wanted in told[str(path)]
    assert told[str(path)].endswith(f"path={path}")
    assert act != "mode" or "mode=4755" in told[str(path)]
    assert act != "moved" or "act=modified" in told[str(tmp_path / "other")]


def test_a_file_of_a_new_folder_is_told(agent: Any, tmp_path: Path) -> None:
    tree = agent.fichiers.Tree([str(tmp_path)])
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "file").write_text("x", encoding="ascii")
    assert str(deep / "file") in changes(agent, tree)


def test_a_root_that_appears_is_watched(agent: Any, tmp_path: Path) -> None:
    tree = agent.fichiers.Tree([str(tmp_path / "later")])
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "file").write_text("x", encoding="ascii")
    assert str(tmp_path / "later" / "file") in changes(agent, tree)


def test_what_is_ignored_is_not_told(agent: Any, tmp_path: Path) -> None:
    tree = agent.fichiers.Tree([str(tmp_path)], ["*.sw?", f"{tmp_path}/quiet"])
    for name in ("x.swp", "quiet", "told"):
        (tmp_path / name).write_text("x", encoding="ascii")
    assert list(changes(agent, tree)) == [str(tmp_path / "told")]


def test_the_package_manager_is_known_by_its_lock(agent: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "lock"
    lock.touch()
    monkeypatch.setattr(agent.fichiers, "PACKAGE_LOCKS", (str(tmp_path / "absent"), str(lock)))
    monkeypatch.setattr(agent.fichiers, "PACKAGE_STATUS", str(tmp_path / "status"))
    assert agent.fichiers.holder() == "-"
    ready, done = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        with lock.open("r+b") as stream:
            fcntl.lockf(stream, fcntl.LOCK_EX)
            os.write(ready[1], b"x")
            os.read(done[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    held = agent.fichiers.holder()
    os.write(done[1], b"x")
    os.waitpid(child, 0)
    assert held == "dpkg"


@pytest.mark.parametrize(("age_s", "wanted"), [(0.5, "dpkg"), (60.0, "-")])
def test_the_package_manager_is_believed_for_a_moment_after_its_end(
    age_s: float, wanted: str, agent: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = tmp_path / "status"
    status.touch()
    os.utime(status, (time.time() - age_s,) * 2)
    monkeypatch.setattr(agent.fichiers, "PACKAGE_LOCKS", ())
    monkeypatch.setattr(agent.fichiers, "PACKAGE_STATUS", str(status))
    assert agent.fichiers.holder() == wanted


@pytest.mark.parametrize("act", ["truncated", "deleted", "replaced"])
def test_an_erased_log_is_told(act: str, agent: Any, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("a line\n", encoding="ascii")
    logs = agent.effacements.Logs([f"{tmp_path}/*.log"])
    since_s = time.time()
    if act == "truncated":
        log.write_text("", encoding="ascii")
    else:
        log.rename(tmp_path / "elsewhere")
    if act == "replaced":
        log.write_text("another, longer than before\n", encoding="ascii")
    assert logs.erased(since_s) == [f"log act={act} bytes=7 path={log}"]
    assert logs.erased(time.time()) == []


@pytest.mark.parametrize("way", ["renamed", "copied", "compressed", "archived by the journal"])
def test_a_rotation_erases_nothing(way: str, agent: Any, tmp_path: Path) -> None:
    name, rotated = {
        "renamed": ("access.log", "access.log.1"),
        "copied": ("access.log", "access.log.1"),
        "compressed": ("access.log", "access.log.1.gz"),
        "archived by the journal": ("system.journal", "system@0001-0002.journal"),
    }[way]
    log = tmp_path / name
    log.write_text("a line\n", encoding="ascii")
    logs = agent.effacements.Logs([f"{tmp_path}/{name}"])
    since_s = time.time() - 0.1
    if way in {"copied", "compressed"}:
        (tmp_path / rotated).write_text(log.read_text(encoding="ascii"), encoding="ascii")
        if way == "compressed":
            log.unlink()
    else:
        log.rename(tmp_path / rotated)
    log.write_text("", encoding="ascii")
    assert logs.erased(since_s) == []


def test_a_log_that_grows_is_not_told(agent: Any, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("a line\n", encoding="ascii")
    logs = agent.effacements.Logs([f"{tmp_path}/*.log"])
    log.write_text("a line\nanother\n", encoding="ascii")
    assert logs.erased(time.time()) == []


def test_a_port_is_told_once_until_it_is_closed(agent: Any, tmp_path: Path) -> None:
    ports = agent.ecoutes.Ports([22], tmp_path / "ports.json")
    strange = {22: "1", 4444: "2"}
    (line,) = ports.new(strange)
    assert line.startswith("listening protocol=tcp port=4444 ")
    assert ports.new(strange) == []
    assert ports.new({22: "1"}) == []
    assert len(ports.new(strange)) == 1


def test_many_ports_are_counted(agent: Any, tmp_path: Path) -> None:
    ports = agent.ecoutes.Ports([], tmp_path / "ports.json")
    told = ports.new(dict.fromkeys(range(60000, 60050), "0"))
    assert told[-1] == "listening protocol=tcp others=30"
    assert len(told) == 21


def test_who_listens_is_told_and_the_loopback_is_not(agent: Any) -> None:
    with socket.create_server(("0.0.0.0", 0)) as wide, socket.create_server(("127.0.0.1", 0)) as own:  # noqa: S104
        found = agent.ecoutes.open_ports()
        port = wide.getsockname()[1]
        assert own.getsockname()[1] not in found
        assert f"user={os.getuid()} program=" in agent.ecoutes.line(port, agent.ecoutes.processes()[found[port]])


def test_refusals_are_followed_through_a_rotation(agent: Any, tmp_path: Path) -> None:
    lines = [line for line in RECORDED.read_text(encoding="utf-8").splitlines() if ":drop " in line]
    log = tmp_path / "log"
    log.write_text(f"{lines[0]}\n", encoding="utf-8")
    refusals = agent.refus.Refusals(log, 100)
    assert list(refusals.read(1.0)) == []
    with log.open("a", encoding="utf-8") as stream:
        stream.write(f"{lines[0]}\n")
    log.rename(tmp_path / "log.1")
    log.write_text(f"{lines[0]}\n", encoding="utf-8")
    told = list(refusals.read(1.5))
    refusals.close()
    assert len(told) == 2
    assert told[0] == (
        "drop level=2 reason=defaut-transit in=b30-admin source=10.94.130.2 target=10.94.30.2 protocol=tcp port=3389"
    )


def test_refusals_left_out_are_counted(agent: Any, tmp_path: Path) -> None:
    line = next(line for line in RECORDED.read_text(encoding="utf-8").splitlines() if ":drop " in line)
    log = tmp_path / "log"
    log.touch()
    refusals = agent.refus.Refusals(log, 3)
    log.write_text(f"{line}\n" * 10, encoding="utf-8")
    assert len(list(refusals.read(1.0))) == 3
    assert list(refusals.read(2.0)) == ["drops left_out=7"]
    refusals.close()


@pytest.mark.parametrize(
    ("said", "wanted"), [("stream: Site.Eicar.UNOFFICIAL FOUND", "Site.Eicar.UNOFFICIAL"), ("stream: OK", "")]
)
def test_the_scanner_is_asked(said: str, wanted: str, agent: Any, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100_000)
    received = bytearray()
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "clamd"))
        door.listen()

        def serve() -> None:
            caller, _ = door.accept()
            with caller:
                while not received.endswith(b"\0\0\0\0"):
                    received.extend(caller.recv(65536))
                caller.sendall(said.encode() + b"\0")

        thread = threading.Thread(target=serve)
        thread.start()
        assert agent.agent.scanned(str(path), str(tmp_path / "clamd")) == wanted
        thread.join(LIMIT_S)
    assert received.startswith(b"zINSTREAM\0")
    assert received.count(b"x") == 100_000


def test_a_scanner_that_is_not_there_is_no_clean_file(agent: Any, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    with pytest.raises(OSError, match="No such file"):
        agent.agent.scanned(str(path), str(tmp_path / "clamd"))
    assert agent.agent.scanned(str(tmp_path / "gone"), str(tmp_path / "clamd")) == ""
