"""Builds the system of a small guest: the kernel of this host's packages, busybox, and what stands in a folder.

Deterministic: the same packages and files give the same archive. Prints what it wrote; `--check` writes nothing.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

BUSYBOX = Path("/bin/busybox")
MODULES = Path("/lib/modules")
BOOT = Path("/boot")
WANTED = ("virtio_pci", "virtio_net", "virtio_blk", "virtio-rng", "ext4", "button", "evdev")
FOLDERS = ("bin", "dev", "proc", "sys", "tmp", "data", "modules", "etc")
STAMP = "origine"


def main() -> None:
    """usage: invite.py SOURCES DESTINATION [--check]"""
    sources, destination = Path(sys.argv[1]), Path(sys.argv[2])
    release = latest([path.name for path in MODULES.iterdir() if (BOOT / f"vmlinuz-{path.name}").exists()])
    stamp = fingerprint([BUSYBOX, BOOT / f"vmlinuz-{release}", *sorted(sources.rglob("*")), Path(__file__)])
    mark = destination / STAMP
    if mark.exists() and mark.read_text(encoding="ascii") == stamp:
        return
    sys.stdout.write(f"system of the guests built from {release}\n")
    if "--check" in sys.argv:
        return
    destination.mkdir(parents=True, exist_ok=True)
    loaded = needed(WANTED, MODULES / release)
    with gzip.GzipFile(destination / "initrd.gz", "wb", 9, mtime=0) as archive:
        archive.write(b"".join(cpio(members(sources, MODULES / release, loaded))))
    (destination / "vmlinuz").write_bytes((BOOT / f"vmlinuz-{release}").read_bytes())
    mark.write_text(stamp, encoding="ascii")


def latest(releases: list[str]) -> str:
    """The newest kernel. Raises SystemExit if there is none."""
    if not releases:
        sys.exit("no kernel: linux-image-cloud-amd64 is not installed")
    return max(releases, key=lambda name: [int(part) for part in name.replace("-", ".").split(".") if part.isdigit()])


def fingerprint(paths: list[Path]) -> str:
    """Changes with any of the files."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(str(path).encode())
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


def needed(names: tuple[str, ...], folder: Path) -> list[Path]:
    """Modules to load in this order, those that they depend on first; what is built into the kernel is left out."""
    known: dict[str, tuple[Path, list[str]]] = {}
    for line in (folder / "modules.dep").read_text(encoding="ascii").splitlines():
        path, _, others = line.partition(":")
        known[_module(path)] = (folder / path, [_module(other) for other in others.split()])
    built_in = {_module(line) for line in (folder / "modules.builtin").read_text(encoding="ascii").split()}
    ordered: list[Path] = []
    for name in names:
        module = name.replace("-", "_")
        if module in built_in:
            continue
        if module not in known:
            sys.exit(f"{name}: no such module in {folder}")
        path, others = known[module]
        # modules.dep lists the nearest first: the farthest must be loaded first.
        for each in [*(known[other][0] for other in reversed(others)), path]:
            if each not in ordered:
                ordered.append(each)
    return ordered


def _module(path: str) -> str:
    return Path(path).name.split(".ko")[0].replace("-", "_")


Member = tuple[str, int, bytes]
"""Path, mode with its type, content (target of a link)."""


def members(sources: Path, release: Path, loaded: list[Path]) -> Iterator[Member]:
    """What the archive holds: busybox, the modules in the order of their numbers, the files of the guest."""
    for folder in FOLDERS:
        yield folder, stat.S_IFDIR | 0o755, b""
    yield "bin/busybox", stat.S_IFREG | 0o755, BUSYBOX.read_bytes()
    for number, path in enumerate(loaded):
        packed = path.read_bytes()
        plain = lzma.decompress(packed) if path.suffix == ".xz" else packed
        yield f"modules/{number:02}-{_module(path.relative_to(release).name)}.ko", stat.S_IFREG | 0o644, plain
    for path in sorted(sources.rglob("*")):
        name = str(path.relative_to(sources))
        if path.is_dir():
            yield name, stat.S_IFDIR | 0o755, b""
        else:
            yield name, stat.S_IFREG | 0o755, path.read_bytes()


def cpio(found: Iterator[Member]) -> Iterator[bytes]:
    """An archive in the form that the kernel reads (newc), everything owned by root and without dates."""
    seen: set[str] = set()
    number = 0
    for name, mode, content in found:
        if name in seen:
            continue
        seen.add(name)
        number += 1
        yield _entry(name, number, mode, content)
    yield _entry("TRAILER!!!", 0, 0, b"")


def _entry(name: str, number: int, mode: int, content: bytes) -> bytes:
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (number, mode, 0, 0, links, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
    return _padded(head) + _padded(content)


def _padded(text: bytes) -> bytes:
    return text + b"\0" * (-len(text) % 4)


if __name__ == "__main__":
    main()
