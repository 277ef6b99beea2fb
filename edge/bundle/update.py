"""The newest bundle that a folder, a stick or a web address offers, brought beside the store."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.bundle.fetch import Origin, fetch
from edge.bundle.index import Offer, newest
from edge.bundle.layout import locked
from edge.bundle.reader import open_bundle
from edge.bundle.store import Store
from edge.errors import BundleError, StoreError

Progress = Callable[[int, int], None]


@contextmanager
def fetched(store: Store, origin: Origin, name: str | None, progress: Progress | None = None) -> Iterator[Path | None]:
    """A file with the newest bundle that ``origin`` offers and the store wants; None when there is nothing newer.

    The file is gone afterwards. It is as the index says, but nothing more: `Store.install` checks the rest.
    ``progress`` is called with bytes done and to do. Raises StoreError before anything is fetched when it does not fit.
    """
    offer = newest(origin.index(), store.status(), name)
    if offer is None:
        yield None
        return
    store.check_room(2 * offer.size)  # the file, and what is unpacked from it
    with _folder(store.root) as folder:
        yield _fetch(origin, offer, folder, progress)


@contextmanager
def _folder(root: Path) -> Iterator[Path]:
    """On the store's own disk where there is one, as /tmp may be small. One update at a time."""
    if not root.is_dir():
        with tempfile.TemporaryDirectory(prefix="fingerpost-") as name:
            yield Path(name)
        return
    folder = root / ".update"
    try:
        folder.mkdir(exist_ok=True)
        with locked(folder):
            try:
                for left in folder.iterdir():  # of an update that the power ended
                    left.unlink()
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise StoreError("the store cannot be changed", where=folder, found=error.strerror) from error


def _fetch(origin: Origin, offer: Offer, folder: Path, progress: Progress | None) -> Path:
    path = folder / offer.file
    fetch(origin, offer, path, progress)
    with open_bundle(path) as bundle:
        manifest = bundle.manifest
    if (manifest.name, manifest.version, manifest.serial) != (offer.name, offer.version, offer.serial):
        raise BundleError(
            "the bundle is another one than the index says",
            where=offer.file,
            expected=f"{offer.name} {offer.version}, serial {offer.serial}",
            found=f"{manifest.name} {manifest.version}, serial {manifest.serial}",
        )
    return path
