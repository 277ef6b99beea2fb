"""The store: what is active, what can be returned to, and what survives a power cut."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.bundle.acceptance import Acceptance, VariantResult
from edge.bundle.fake import FullDiskFiles, PowerCut, PowerCutFiles
from edge.bundle.files import Files
from edge.bundle.layout import Installed
from edge.bundle.reader import open_bundle
from edge.bundle.record import Remembered
from edge.bundle.samples import write_sample
from edge.bundle.store import Store
from edge.errors import BundleError, StoreError, UsageError


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    def write(version: str, serial: int, name: str = "sample", seed: int | None = None) -> Path:
        return write_sample(
            tmp_path / f"{name}-{version}-{seed}.bundle", name=name, version=version, serial=serial, seed=seed
        )

    return write


def _install(store: Store, path: Path, *, allow_downgrade: bool = False) -> Installed:
    with open_bundle(path) as bundle:
        return store.install(bundle, allow_downgrade=allow_downgrade)


def _run(store: Store, path: Path) -> Installed:
    installed = _install(store, path)
    return store.activate(installed.name, installed.build)


def _active(store: Store) -> str | None:
    bundle = store.active()
    if bundle is None:
        return None
    with bundle:
        bundle.verify()
        return bundle.manifest.version


def test_an_empty_store_has_nothing_active(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    assert store.active() is None
    assert store.status().bundles == ()


def test_installing_does_not_activate_and_activating_starts_a_trial(tmp_path: Path, make: Callable[..., Path]) -> None:
    store = Store(tmp_path / "store")
    assert _install(store, make("1.0.0", 1)).state == "installed"
    assert _active(store) is None
    installed = store.activate("sample")
    assert (installed.state, installed.active) == ("trial", True)
    assert _active(store) == "1.0.0"
    assert (tmp_path / "store" / "active").readlink() == Path("bundles/sample/1.0.0-1")


def test_a_committed_bundle_is_what_a_rollback_leads_to(tmp_path: Path, make: Callable[..., Path]) -> None:
    store = Store(tmp_path / "store")
    _run(store, make("1.0.0", 1))
    store.commit()
    _run(store, make("1.1.0", 2))  # never proves itself
    _run(store, make("1.2.0", 3))
    assert store.rollback("no frames for 60 s").version == "1.0.0"
    assert _active(store) == "1.0.0"
    status = store.status()
    assert status.previous is None
    bad = next(b for b in status.bundles if b.version == "1.2.0")
    assert (bad.state, bad.reason) == ("rolled-back", "no frames for 60 s")
    with pytest.raises(StoreError, match="no previous"):
        store.rollback()


def test_the_same_bundle_again_is_harmless(tmp_path: Path, make: Callable[..., Path]) -> None:
    store = Store(tmp_path / "store")
    path = make("1.0.0", 1)
    _run(store, path)
    store.commit()
    before = (tmp_path / "store/bundles/sample/1.0.0-1/golden.npz").stat().st_ino
    assert _run(store, path).state == "committed"
    assert (tmp_path / "store/bundles/sample/1.0.0-1/golden.npz").stat().st_ino == before


def test_a_model_exported_again_under_its_old_version_lies_beside_the_old_one(
    tmp_path: Path, make: Callable[..., Path]
) -> None:
    store = Store(tmp_path / "store")
    _run(store, make("1.0.0", 1, seed=1))
    assert _run(store, make("1.0.0", 2, seed=2)).serial == 2
    assert [(b.serial, b.active, b.previous) for b in store.list()] == [(2, True, False), (1, False, True)]


def test_the_same_version_and_serial_with_other_content_is_refused(tmp_path: Path, make: Callable[..., Path]) -> None:
    store = Store(tmp_path / "store")
    _install(store, make("1.0.0", 1))
    with pytest.raises(StoreError, match="with other content"):
        _install(store, make("1.0.0", 1, seed=99))


@pytest.mark.parametrize("damage", ["flip", "delete", "manifest", "extra"])
def test_installing_again_mends_a_damaged_bundle(tmp_path: Path, make: Callable[..., Path], damage: str) -> None:
    store = Store(tmp_path / "store")
    path = make("1.0.0", 1)
    _run(store, path)
    folder = tmp_path / "store/bundles/sample/1.0.0-1"
    if damage == "flip":
        (folder / "classifier-fp32.onnx").write_bytes(b"\0" * 5000)
    elif damage == "delete":
        (folder / "golden.npz").unlink()
    elif damage == "manifest":
        (folder / "manifest.json").write_bytes(b"{")
    else:
        (folder / "extra").write_bytes(b"{")
    with pytest.raises(BundleError):
        _active(store)
    _install(store, path)
    assert _active(store) == "1.0.0"


def test_a_bundle_older_than_the_committed_one_is_refused_unless_asked_for(
    tmp_path: Path, make: Callable[..., Path]
) -> None:
    store = Store(tmp_path / "store")
    old = make("1.0.0", 1)
    _run(store, old)
    _run(store, make("2.0.0", 2))
    store.commit()
    with pytest.raises(BundleError, match="serial >= 2; found 1"):
        _install(store, old)
    with pytest.raises(BundleError, match="serial >= 2; found 1"):
        store.activate("sample", "1.0.0")
    _install(store, old, allow_downgrade=True)
    assert store.activate("sample", "1.0.0", allow_downgrade=True).active
    assert _install(store, make("1.0.0", 1, name="other")).state == "installed"


def test_a_damaged_bundle_leaves_nothing_behind(tmp_path: Path, make: Callable[..., Path]) -> None:
    store = Store(tmp_path / "store")
    path = make("1.0.0", 1)
    path.write_bytes(path.read_bytes().replace(b"# A sample", b"# a sample"))
    with pytest.raises(BundleError, match=r"changed MODEL_CARD\.md"):
        _install(store, path)
    assert not (tmp_path / "store").exists()


def test_a_full_disk_is_noticed_before_unpacking(tmp_path: Path, make: Callable[..., Path]) -> None:
    with pytest.raises(StoreError, match="not enough space"):
        _install(Store(tmp_path / "store", files=FullDiskFiles(1000)), make("1.0.0", 1))
    assert not list((tmp_path / "store" / "bundles").iterdir())
    assert not (tmp_path / "store" / "incoming").exists()


def test_a_full_disk_is_noticed_before_mending(tmp_path: Path, make: Callable[..., Path]) -> None:
    path = make("1.0.0", 1)
    folder = _run(Store(tmp_path / "store"), path).path
    (folder / "golden.npz").write_bytes(b"worn out")
    with pytest.raises(StoreError, match="not enough space"):
        _install(Store(tmp_path / "store", files=FullDiskFiles(1000)), path)
    assert (folder / "golden.npz").read_bytes() == b"worn out"


def test_old_versions_are_kept_to_a_limit_but_never_the_active_or_the_previous_one(
    tmp_path: Path, make: Callable[..., Path]
) -> None:
    store = Store(tmp_path / "store", keep=3)
    _run(store, make("1.0.0", 1))
    store.commit()
    for serial in range(2, 7):
        _run(store, make(f"{serial}.0.0", serial))
    assert [b.version for b in store.list()] == ["6.0.0", "5.0.0", "1.0.0"]
    assert store.status().previous is not None


def test_a_bundle_in_use_is_not_removed(tmp_path: Path, make: Callable[..., Path]) -> None:
    store = Store(tmp_path / "store")
    _run(store, make("1.0.0", 1))
    _run(store, make("2.0.0", 2))
    _install(store, make("3.0.0", 3))
    for version in ("1.0.0", "2.0.0"):
        with pytest.raises(StoreError, match="not removed"):
            store.remove("sample", version)
    store.remove("sample", "3.0.0")
    assert [b.version for b in store.list()] == ["2.0.0", "1.0.0"]
    with pytest.raises(UsageError, match=r"expected sample 3\.0\.0; found sample/2\.0\.0-2, sample/1\.0\.0-1"):
        store.remove("sample", "3.0.0")


def test_starts_are_counted_while_on_trial(tmp_path: Path, make: Callable[..., Path]) -> None:
    store = Store(tmp_path / "store")
    _run(store, make("1.0.0", 1))
    assert [store.started(), store.started()] == [1, 2]
    store.commit()
    assert store.started() == 0


class TestNotAStore:
    def test_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StoreError, match="not a store; expected a folder; found a file"):
            Store(tmp_path / "file").status()

    def test_somebody_elses_folder(self, tmp_path: Path, make: Callable[..., Path]) -> None:
        path = make("1.0.0", 1)
        home = tmp_path / "home"
        (home / "letters").mkdir(parents=True)
        with pytest.raises(StoreError, match=r"not a store.*found letters"):
            _install(Store(home), path)
        assert [p.name for p in home.iterdir()] == ["letters"]

    def test_a_link_out_of_the_store(self, tmp_path: Path, make: Callable[..., Path]) -> None:
        store = Store(tmp_path / "store")
        _install(store, make("1.0.0", 1))
        (tmp_path / "store" / "active").symlink_to("/etc")
        with pytest.raises(StoreError, match="leads elsewhere"):
            store.active()

    def test_nothing_to_change(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="there is no store"):
            Store(tmp_path / "store").commit()

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_that_may_not_be_written(self, tmp_path: Path, make: Callable[..., Path]) -> None:
        path = make("1.0.0", 1)
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o500)
        with pytest.raises(StoreError, match="Permission denied"):
            _install(Store(closed / "store"), path)


@pytest.mark.parametrize("error", [13, 28, 30])
def test_what_the_system_refuses_is_said_with_the_remedy(
    tmp_path: Path, make: Callable[..., Path], error: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def refuse(path: Any, flags: int, *rest: Any, **more: Any) -> int:
        if flags & os.O_CREAT and "incoming" in str(path):
            raise OSError(error, os.strerror(error), str(path))
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StoreError, match=os.strerror(error)) as caught:
        _install(Store(tmp_path / "store"), make("1.0.0", 1))
    assert caught.value.remedy
    assert not (tmp_path / "store" / "incoming").exists()


def test_a_lost_record_does_not_lose_the_active_bundle(tmp_path: Path, make: Callable[..., Path]) -> None:
    store = Store(tmp_path / "store")
    _run(store, make("1.0.0", 1))
    (tmp_path / "store" / "record.json").write_bytes(b'{"notes')
    assert _active(store) == "1.0.0"
    active = store.status().active
    assert active is not None
    assert active.state == "committed"


def _upgrade(store: Store, path: Path) -> None:
    _run(store, path)


def _upgrade_and_commit(store: Store, path: Path) -> None:
    _run(store, path)
    store.commit()


def _upgrade_and_return(store: Store, path: Path) -> None:
    _run(store, path)
    store.rollback("sick")


def _upgrade_as_the_commands_do(store: Store, path: Path) -> None:
    """With all that is noted on the way: a refusal that is tried again, the figures, starts and stops."""
    installed = _install(store, path)
    with open_bundle(path) as bundle:
        store.refuse(bundle, "sick")
        figures = Acceptance("fp32", "fake", (VariantResult("fp32", "", 1.0, 0.0),))
        store.remember(bundle, Remembered(conditions={"bundle": bundle.digest}, roles=(figures,)))
    store.activate(installed.name, installed.build)
    store.started()
    store.ended()


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: thousands of syncs are slow on a disk, and the fake needs none of them."""
    shared = Path("/dev/shm")  # noqa: S108
    folder = Path(tempfile.mkdtemp(dir=shared if os.access(shared, os.W_OK) else tmp_path))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("forget", [False, True], ids=["kept", "forgotten"])
@pytest.mark.parametrize("work", [_upgrade, _upgrade_and_commit, _upgrade_and_return, _upgrade_as_the_commands_do])
def test_a_power_cut_at_any_step_leaves_the_old_or_the_new_bundle_whole(
    memory: Path, make: Callable[..., Path], work: Callable[[Store, Path], None], forget: bool
) -> None:
    """Stops at every write, link, rename, sync and removal; ``forget`` also loses the names that were not synced."""
    template = memory / "template"
    oldest, old, new = make("1.0.0", 1), make("2.0.0", 2), make("3.0.0", 3)
    for path in (oldest, old):
        _run(Store(template, keep=2), path)
        Store(template).commit()

    def attempt(files: Files) -> Store:
        root = memory / "store"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(template, root, symlinks=True)
        work(Store(root, files=files, keep=2), new)
        return Store(root)

    count = PowerCutFiles()
    attempt(count)
    assert count.steps > 20

    seen = set()
    for step in range(1, count.steps + 1):
        with pytest.raises(PowerCut):
            attempt(PowerCutFiles(step, forget=forget))
        store = Store(memory / "store", keep=2)
        version = _active(store)
        assert version in ("2.0.0", "3.0.0"), f"after step {step}"
        seen.add(version)
        status = store.status()
        assert status.active is not None
        assert all(not b.problem for b in status.bundles if b.active or b.previous), f"after step {step}"
        # Whatever was left, the work can be done again.
        work(store, new)
        assert _active(store) == ("2.0.0" if work is _upgrade_and_return else "3.0.0"), f"after step {step}"
        left = {path.name for path in (memory / "store").iterdir()}
        assert left <= {"bundles", "active", "previous", "record.json"}, f"after step {step}"
    assert seen == {"2.0.0", "3.0.0"}


@pytest.mark.parametrize("forget", [False, True], ids=["kept", "forgotten"])
def test_a_power_cut_in_the_first_installation_leaves_nothing_or_all(
    memory: Path, make: Callable[..., Path], forget: bool
) -> None:
    path, count = make("1.0.0", 1), PowerCutFiles()
    _run(Store(memory / "counted", files=count), path)
    seen = set()
    for step in range(1, count.steps + 1):
        root = memory / f"store{step}"
        with pytest.raises(PowerCut):
            _run(Store(root, files=PowerCutFiles(step, forget=forget)), path)
        seen.add(_active(Store(root)))
        _run(Store(root), path)
        assert _active(Store(root)) == "1.0.0", f"after step {step}"
    # The last step makes the link sure, so nothing of it is left where that is forgotten.
    assert seen == ({None} if forget else {None, "1.0.0"})


@pytest.mark.parametrize("forget", [False, True], ids=["kept", "forgotten"])
def test_a_power_cut_while_mending_loses_no_file(memory: Path, make: Callable[..., Path], forget: bool) -> None:
    path, template = make("1.0.0", 1), memory / "template"
    _run(Store(template), path)
    (template / "bundles/sample/1.0.0-1/classifier-fp32.onnx").write_bytes(b"worn out")
    names = {file.name for file in (template / "bundles/sample/1.0.0-1").iterdir()}
    count = PowerCutFiles()
    for step in range(200):
        root = memory / "store"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(template, root, symlinks=True)
        try:
            _install(Store(root, files=PowerCutFiles(step, forget=forget) if step else count), path)
        except PowerCut:
            folder = root / "bundles/sample/1.0.0-1"
            assert {file.name for file in folder.iterdir()} == names, f"after step {step}"
            _install(Store(root), path)
        assert _active(Store(root)) == "1.0.0", f"after step {step}"
        if step > count.steps:
            break
    assert 10 < count.steps < step


def test_a_power_cut_while_removing_leaves_all_or_nothing_of_it(memory: Path, make: Callable[..., Path]) -> None:
    template = memory / "template"
    _run(Store(template), make("1.0.0", 1))
    _install(Store(template), make("2.0.0", 2))
    count = PowerCutFiles()
    for step in range(100):
        root = memory / "store"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(template, root, symlinks=True)
        files = PowerCutFiles(step, forget=bool(step % 2)) if step else count
        try:
            Store(root, files=files).remove("sample", "2.0.0")
        except PowerCut:
            pass
        else:
            assert step in (0, count.steps + 1)
            if step:
                break
        assert _active(Store(root)) == "1.0.0"
        for bundle in Store(root).list():
            with open_bundle(bundle.path) as found:
                found.verify()
    assert count.steps > 4


def test_what_is_in_the_store_is_what_was_in_the_file(tmp_path: Path, make: Callable[..., Path]) -> None:
    path = make("1.0.0", 1)
    installed = _install(Store(tmp_path / "store"), path)
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert {p.name: p.read_bytes() for p in installed.path.iterdir()} == files


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_installs_belongs_to_the_stores_owner(tmp_path: Path, make: Callable[..., Path]) -> None:
    root = tmp_path / "store"
    root.mkdir()
    os.chown(root, 1234, 1234)
    _run(Store(root), make("1.0.0", 1))
    owners = {(path.lstat().st_uid, path.lstat().st_gid) for path in [root, *root.rglob("*")]}
    assert owners == {(1234, 1234)}
