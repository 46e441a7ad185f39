"""Machine images made from the Debian mirror that this machine already uses: no container registry needed."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML

from recette.errors import RecetteError
from recette.twin.engine import Podman

RECIPES = Path(__file__).parent / "images"
AT_ONCE = 2


@dataclass(frozen=True)
class Image:
    """A Debian system with every package preinstalled and the services off."""

    name: str
    suite: str
    packages: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    disabled: tuple[str, ...]
    masked: tuple[str, ...]
    shares: int = field(default=1024, repr=False)
    """Of the processor, beside the 1024 that another machine gets while both compute."""
    controlled: bool = field(default=False, repr=False)
    """Whether the other members of its redundancy group may cut the power of such a machine."""
    devices: tuple[str, ...] = field(default=(), repr=False)
    """Given to such a machine where this one has them."""
    shared_memory: str = field(default="64m", repr=False)
    """Size of its /dev/shm."""

    @staticmethod
    def load(name: str) -> Image:
        """Read a recipe; what it does not say is as in the one that it is `like`. Raises RecetteError if unknown."""
        path = RECIPES / f"{name}.yml"
        if not path.is_file():
            known = ", ".join(sorted(recipe.stem for recipe in RECIPES.glob("*.yml")))
            raise RecetteError(f"image {name}: unknown; known images: {known}")
        recipe = YAML(typ="safe").load(path)
        if "like" in recipe:
            model = YAML(typ="safe").load(RECIPES / f"{recipe['like']}.yml")
            recipe = model | recipe | {"files": model["files"] | recipe["files"]}
        return Image(
            name=name,
            suite=recipe["suite"],
            packages=tuple(recipe["packages"]),
            files=tuple(sorted(recipe["files"].items())),
            disabled=tuple(recipe["disabled"]),
            masked=tuple(recipe["masked"]),
            shares=recipe.get("shares", 1024),
            controlled=recipe.get("controlled", False),
            devices=tuple(recipe.get("devices", ())),
            shared_memory=recipe.get("shared_memory", "64m"),
        )

    @property
    def reference(self) -> str:
        """Name and tag; the tag is a hash of the whole recipe, so nothing is rebuilt for nothing."""
        digest = hashlib.sha256(repr(self).encode()).hexdigest()[:12]
        return f"localhost/recette-{self.name}:{digest}"


def ensure(podman: Podman, name: str) -> str:
    """Reference of the image, built first if it is absent. Raises RecetteError if the build fails."""
    image = Image.load(name)
    if not podman.has_image(image.reference):
        _build(podman, image)
    return image.reference


def ensure_all(podman: Podman, names: Collection[str]) -> Iterator[tuple[str, str]]:
    """The same for several, two at a time since half of a build is waiting: name and reference, as each is there."""
    with ThreadPoolExecutor(AT_ONCE, "image") as pool:
        building = {pool.submit(ensure, podman, name): name for name in names}
        for done in as_completed(building):
            yield building[done], done.result()


def remove_all(podman: Podman) -> int:
    """Remove every image that this module made; return how many there were."""
    listed = podman.run("images", "--filter", "reference=localhost/recette-*", "--format", "{{.Id}}").stdout.split()
    if listed:
        podman.run("rmi", "--force", *sorted(set(listed)))
    return len(set(listed))


def _build(podman: Podman, image: Image) -> None:
    if shutil.which("mmdebstrap") is None:
        raise RecetteError("image: mmdebstrap is not installed; run `make setup`")
    with tempfile.TemporaryDirectory(prefix="recette-image-") as scratch:
        overlay, archive = Path(scratch, "overlay"), Path(scratch, "system.tar")
        for target, content in image.files:
            path = overlay / target.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        _bootstrap(image, overlay, archive)
        podman.run("import", "--quiet", str(archive), image.reference)


def _bootstrap(image: Image, overlay: Path, archive: Path) -> None:
    command = [
        "mmdebstrap",
        "--quiet",
        "--variant=minbase",
        "--aptopt=APT::Install-Recommends false",
        # A mirror that is a little late still serves what its signature covers; testing is signed for a week only.
        "--aptopt=Acquire::Check-Valid-Until false",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        f"--include={','.join(image.packages)}",
        f"--customize-hook=sync-in {overlay} /",
        f'--customize-hook=chroot "$1" systemctl disable --quiet {" ".join(image.disabled)}',
        f'--customize-hook=chroot "$1" systemctl mask --quiet {" ".join(image.masked)}',
        '--customize-hook=chroot "$1" systemctl enable --quiet recette-ready.service',
        image.suite,
        str(archive),
        *_mirror(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        errors = [
            line for line in done.stderr.splitlines() if line.startswith(("E:", "Err"))
        ] or done.stderr.splitlines()
        raise RecetteError(f"image {image.name}: mmdebstrap failed: {(errors or ['no message'])[0]}")


def _mirror() -> list[str]:
    """The mirror of this machine if it is a Debian; else none: mmdebstrap has its own default."""
    for path in (*Path("/etc/apt/sources.list.d").glob("debian*.sources"), Path("/etc/apt/sources.list")):
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        found = re.search(r"^(?:URIs:|deb )\s*(\S+/debian/?)(?:\s|$)", text, re.MULTILINE)
        if found:
            return [found[1]]
    return []
