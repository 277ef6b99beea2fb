"""Putting a verified bundle into the store: unpacking it, or mending what was unpacked before."""

from __future__ import annotations

from pathlib import Path

from edge.bundle.files import Files
from edge.bundle.reader import MANIFEST, SIGNATURE, Bundle, open_bundle
from edge.errors import BundleError, StoreError

_MARGIN = 16 << 20


def check_room(root: Path, size: int, files: Files) -> None:
    """Raise StoreError unless ``size`` bytes, and some to spare, can still be written at ``root``."""
    room = files.free(root)
    if room < size + _MARGIN:
        raise StoreError(
            "not enough space for the bundle",
            where=root,
            expected=f"{(size + _MARGIN) >> 20} MiB free",
            found=f"{room >> 20} MiB",
            remedy="remove old bundles with `edge remove`",
        )


def unpack(bundle: Bundle, target: Path, root: Path, files: Files) -> None:
    """Unpack into ``root/incoming``, sync, then let the whole folder appear as ``target`` at once.

    Raises StoreError when there is no room or the disk refuses; nothing is left behind then.
    """
    check_room(root, bundle.size, files)
    folder = root / "incoming"
    try:
        files.make_folder(folder)
        for entry in bundle.manifest.files:
            files.write(folder / entry.file, bundle.chunks(entry))
        for name, data in _own_files(bundle).items():
            files.write(folder / name, [data])
        files.sync(folder)
        files.make_folder(target.parent)
        files.replace(folder, target)
    except Exception:
        files.remove(folder)
        raise
    for parent in (target.parent, target.parent.parent, root):
        files.sync(parent)


def mend(bundle: Bundle, target: Path, root: Path, files: Files) -> None:
    """Put right, file by file, an unpacked bundle that is not as it was installed; at no moment is a file missing.

    Raises StoreError when ``target`` holds another bundle of the same name and version, or there is no room.
    """
    manifest = target / MANIFEST
    if manifest.is_file() and manifest.read_bytes() != bundle.manifest_bytes:
        try:
            open_bundle(target).close()
        except BundleError:
            pass  # a damaged manifest is mended like any other file
        else:
            raise StoreError(
                f"{bundle.title} is in the store already with other content",
                where=target,
                remedy="export it with a higher serial, or under another version",
            )
    if _is_whole(bundle, target):
        return
    check_room(root, max(entry.size for entry in bundle.manifest.files), files)  # one file at a time
    folder, own = root / "incoming", _own_files(bundle)
    files.make_folder(folder)
    for entry in bundle.manifest.files:
        files.write(folder / entry.file, bundle.chunks(entry))
        files.replace(folder / entry.file, target / entry.file)
    for name, data in own.items():
        files.write(folder / name, [data])
        files.replace(folder / name, target / name)
    wanted = {entry.file for entry in bundle.manifest.files} | own.keys()
    for path in target.iterdir():
        if path.name not in wanted:
            files.remove(path)
    files.sync(target)
    files.remove(folder)


def _is_whole(bundle: Bundle, target: Path) -> bool:
    try:
        with open_bundle(target) as unpacked:
            return not unpacked.differences() and unpacked.signature() == bundle.signature()
    except BundleError:
        return False


def _own_files(bundle: Bundle) -> dict[str, bytes]:
    signature = bundle.signature()
    return {MANIFEST: bundle.manifest_bytes} | ({} if signature is None else {SIGNATURE: signature})
