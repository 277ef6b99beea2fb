"""What emulated boards are made of: Debian's root and kernel, our .deb, signed bundles, and a board with all of them.

Each is kept, and made again when what it comes from has changed.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .emulated_board import Frozen, Guest, Parts, overlay

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
TOOLS = (
    "qemu-system-aarch64",
    "qemu-img",
    "qemu-aarch64-static",
    "debootstrap",
    "mke2fs",
    "dpkg-deb",
    "depmod",
    "cpio",
)
TEST = "/srv/test"
"""Where a board finds the .deb, the bundles, the key and what is in the folder `guest`."""
FRAMES_A_SECOND = 2
VERSIONS = ("1.0.0", "2.0.0")


Facts = dict[str, float]
"""Seconds of the guest by what took them."""


@dataclass(frozen=True)
class Stage:
    """A frozen board, what identifies how it was made, and how long that took."""

    board: Frozen
    stamp: str
    facts: Facts


@dataclass(frozen=True)
class Workshop:
    """``base`` is the card of a board that never was on; ``cache`` where all is kept."""

    cache: Path
    parts: Parts
    base: Path
    deb: Path
    bundles: tuple[Path, ...]

    def board(self, card: Path, scratch: Path, *, frozen: Frozen | None = None, processor: str = "cortex-a72") -> Guest:
        """A board that boots from a card, or goes on where a frozen one stood."""
        memory = frozen.memory if frozen else None
        return Guest(self.parts, card, scratch=scratch, processor=processor, memory=memory)

    def packaged(self) -> Stage:
        """A board that was switched on for the first time, and on which our package was then installed."""

        def make(guest: Guest, facts: Facts) -> None:
            facts["boot without us"] = boot_seconds(guest)
            _timed(guest, facts, "install the .deb", f"dpkg -i {TEST}/{self.deb.name}", quiet_host=900)

        return self._stage("packaged", None, make)

    def ready(self) -> Stage:
        """A board as the README's commands leave it: the first bundle is installed, and the service ready."""

        def make(guest: Guest, facts: Facts) -> None:
            guest.run(f"cp {TEST}/key.pub.pem /etc/fingerpost/keys/")
            install = f"fingerpost install {TEST}/{self.bundles[0].name}"
            _timed(guest, facts, "install a bundle", install, quiet_host=400)
            guest.run("fingerpost commit", timeout=60)  # what a trial would find out in ten minutes
            # A picture takes the emulator seconds of the host, so that there are few.
            guest.run(f"echo 'FINGERPOST_OPTIONS=\"--fps {FRAMES_A_SECOND}\"' >> /etc/fingerpost/fingerpost.conf")
            _timed(guest, facts, "start to ready", "systemctl start fingerpost", quiet_host=300)

        return self._stage("ready", self.packaged(), make)

    def updated(self) -> Stage:
        """The same with the second bundle in its store, not active yet."""

        def make(guest: Guest, _facts: Facts) -> None:
            guest.run(f"fingerpost install --no-activate {TEST}/{self.bundles[1].name}", timeout=100)

        return self._stage("updated", self.ready(), make)

    def _stage(self, name: str, before: Stage | None, make: Callable[[Guest, Facts], None]) -> Stage:
        """A frozen board, made from the one before unless it is there already."""
        frozen = Frozen(self.cache / f"{name}.memory", self.cache / f"{name}.qcow2")
        made = self.cache / f"made-{name}"
        earlier = before.stamp if before else _digest(
            *(self.cache / f"made-{part}" for part in ("image", "deb", "bundles", "material")),
            HERE / "emulated_board.py",
        )  # fmt: skip
        stamp = hashlib.sha256(f"{earlier} {inspect.getsource(make)}".encode()).hexdigest()
        if not made.exists() or json.loads(made.read_text())["stamp"] != stamp:
            made.unlink(missing_ok=True)
            facts = dict(before.facts) if before else {}
            card = overlay(before.board.card if before else self.base, frozen.card)
            guest = self.board(card, self.cache / "making", frozen=before.board if before else None)
            try:
                make(guest, facts)
                guest.freeze(frozen.memory)
            finally:
                guest.cut_power()
            made.write_text(json.dumps({"stamp": stamp, "facts": facts}))
        return Stage(frozen, stamp, json.loads(made.read_text())["facts"])


def make_workshop(cache: Path) -> Workshop:
    """Everything, in a folder. Needs root and `TOOLS`."""
    cache.mkdir(parents=True, exist_ok=True)
    subprocess.run([HERE / "build-image", cache], check=True, timeout=3600)
    deb, bundles = _deb(cache), _bundles(cache)
    image = _material(cache, deb, *bundles, cache / "key.pub.pem", *(HERE / "guest").glob("*.py"))
    return Workshop(cache, Parts(cache / "kernel", cache / "initrd", image), cache / "base.img", deb, bundles)


def boot_seconds(guest: Guest) -> float:
    """From the kernel's first moment to multi-user, by systemd's clock."""
    guest.run("systemctl is-system-running --wait", timeout=300, check=False)
    shown = guest.run("systemctl show multi-user.target --property=ActiveEnterTimestampMonotonic --value").text
    return int(shown) / 1e6


def _timed(guest: Guest, facts: Facts, name: str, command: str, *, quiet_host: float) -> None:
    begin = guest.now()
    guest.run(command, timeout=quiet_host)
    facts[name] = guest.now() - begin


def _material(cache: Path, *paths: Path) -> Path:
    """A card with these files; the very same one as long as they are, because a frozen board has it in use."""
    image, made, stamp = cache / "material.img", cache / "made-material", _digest(*paths)
    if not made.exists() or made.read_text() != stamp:
        made.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            for path in paths:
                shutil.copy(path, folder)
            image.unlink(missing_ok=True)
            subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", folder, image, "300M"], check=True, timeout=600)
        made.write_text(stamp)
    return image


def _deb(cache: Path) -> Path:
    """Our package, made again when what is in it has changed."""
    sources = [path for room in ("edge", "systemd") for path in (REPOSITORY / room).rglob("*") if path.is_file()]
    stamp = _digest(REPOSITORY / "pyproject.toml", *(path for path in sources if path.suffix != ".pyc"))
    folder, made = cache / "deb", cache / "made-deb"
    if not made.exists() or made.read_text() != stamp:
        made.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        build = REPOSITORY / "systemd" / "deb" / "build-deb"
        environment = os.environ | {"PYTHON": sys.executable}
        subprocess.run(
            [build, "--output", folder], check=True, timeout=1800, env=environment, stdout=subprocess.DEVNULL
        )
        made.write_text(stamp)
    (deb,) = folder.glob("*.deb")
    return deb


def _bundles(cache: Path) -> tuple[Path, ...]:
    """The shipped model in two signed versions, made again when the export has changed."""
    key, folder, made = cache / "key.pem", cache / "bundles", cache / "made-bundles"
    sources = [path for path in (REPOSITORY / "export").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    stamp = _digest(*sources)
    export: list[str | Path] = [sys.executable, "-m", "export"]
    if not made.exists() or made.read_text() != stamp:
        made.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        for path in (key, key.with_suffix(".pub.pem")):
            path.unlink(missing_ok=True)
        subprocess.run([*export, "keygen", key], check=True, stdout=subprocess.DEVNULL, cwd=REPOSITORY)
        for serial, version in enumerate(VERSIONS, 1):
            words = ["--target", "pi", "--version", version, "--serial", str(serial), "--sign", key, "--output", folder]
            subprocess.run([*export, *words], check=True, stdout=subprocess.DEVNULL, cwd=REPOSITORY)
        made.write_text(stamp)
    return tuple(folder / f"fingerpost-hands-{version}-pi.bundle" for version in VERSIONS)


def _digest(*paths: Path) -> str:
    """Of names and contents."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.name}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
