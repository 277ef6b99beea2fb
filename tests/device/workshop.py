"""What emulated boards are made of: Debian's root and kernel, our .deb, signed bundles, and a board with all of them.

Each is kept, and made again when what it comes from has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
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
VERSIONS = ("1.0.0", "2.0.0")


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

    def installed(self) -> tuple[Frozen, dict[str, float]]:
        """A board on which the .deb and the first bundle were installed by the commands of the README, service ready;
        and how long each took, in seconds of the guest."""
        frozen = Frozen(self.cache / "installed.memory", self.cache / "installed.qcow2")
        stamp = _digest(
            self.cache / "made-image", self.deb, *self.bundles, HERE / "workshop.py", HERE / "emulated_board.py"
        )
        made = self.cache / "made-installed"
        if not made.exists() or json.loads(made.read_text())["stamp"] != stamp:
            made.unlink(missing_ok=True)
            facts = self._install(frozen)
            made.write_text(json.dumps({"stamp": stamp, "facts": facts}))
        return frozen, json.loads(made.read_text())["facts"]

    def _install(self, frozen: Frozen) -> dict[str, float]:
        guest = self.board(overlay(self.base, frozen.card), self.cache / "installing")
        facts = {"boot without us": boot_seconds(guest)}

        def timed(name: str, command: str, *, quiet_host: float) -> None:
            begin = guest.now()
            guest.run(command, timeout=quiet_host)
            facts[name] = guest.now() - begin

        try:
            timed("install the .deb", f"dpkg -i {TEST}/{self.deb.name}", quiet_host=900)
            guest.run(f"cp {TEST}/key.pub.pem /etc/fingerpost/keys/")
            timed("install a bundle", f"fingerpost install {TEST}/{self.bundles[0].name}", quiet_host=300)
            guest.run("fingerpost commit", timeout=60)  # what a trial would find out in ten minutes
            timed("start to ready", "systemctl start fingerpost", quiet_host=300)
            guest.freeze(frozen.memory)
        finally:
            guest.cut_power()
        return facts


def make_workshop(cache: Path) -> Workshop:
    """Everything, in a folder. Needs root and `TOOLS`."""
    cache.mkdir(parents=True, exist_ok=True)
    subprocess.run([HERE / "build-image", cache], check=True, timeout=3600)
    deb, bundles = _deb(cache), _bundles(cache)
    material, image = cache / "material", cache / "material.img"
    shutil.rmtree(material, ignore_errors=True)
    material.mkdir()
    for path in (deb, *bundles, cache / "key.pub.pem", *sorted((HERE / "guest").iterdir())):
        shutil.copy(path, material)
    image.unlink(missing_ok=True)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", material, image, "300M"], check=True, timeout=600)
    return Workshop(cache, Parts(cache / "kernel", cache / "initrd", image), cache / "base.img", deb, bundles)


def boot_seconds(guest: Guest) -> float:
    """From the kernel's first moment to multi-user, by systemd's clock."""
    shown = guest.run("systemctl show multi-user.target --property=ActiveEnterTimestampMonotonic --value").text
    return int(shown) / 1e6


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
    export = [sys.executable, "-m", "export"]
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
