"""Every network of a bundle is tried, on its own golden inputs; what was tried is remembered role by role."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from edge.bundle.acceptance import accept
from edge.bundle.choice import choose_variants, onnx_engines
from edge.bundle.manifest import Manifest, Network, Precision, Role
from edge.bundle.reader import Bundle, open_bundle
from edge.bundle.samples import sample_files, sample_manifest, sample_network
from edge.bundle.store import Store
from edge.bundle.writer import file_entry, write_bundle
from edge.engines import FakeEngine, TensorSpec
from edge.errors import BundleError, CheckFailedError
from edge.types import AnyArray
from export.golden import write_npz

Answer = Callable[[Mapping[str, AnyArray]], dict[str, AnyArray]]
SIDE = 100
IMAGE = (TensorSpec("image", "uint8", (1, SIDE, SIDE, 3)),)
HANDS = (TensorSpec("landmarks", "float32", (None, None, 2, 21, 3)), TensorSpec("mask", "float32", (None, None)))


def _hand(feeds: Mapping[str, AnyArray], offset: float = 0.0, presence: float = 0.9) -> dict[str, AnyArray]:
    """Points around the picture's first pixel, and a hand wherever that pixel is above 100."""
    value = float(feeds["image"][0, 0, 0, 0])
    landmarks = np.full((1, 63), value / 5, np.float32)
    landmarks[:, ::3] += offset
    there = presence if value > 100 else 0.1
    return {"landmarks": landmarks, "presence": np.full((1, 1), there, np.float32)}


def _palm(feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
    scores = np.full((1, 8, 1), -9.0, np.float32)
    scores[0, 3] = 4 if feeds["image"][0, 0, 0, 0] > 100 else -4
    return {"boxes": np.ones((1, 8, 18), np.float32) * 30, "scores": scores}


def _mean(feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
    return {"logits": feeds["landmarks"].mean(axis=(1, 3, 4))}


ANSWERS: dict[str, Answer] = {"classifier": _mean, "palm": _palm, "hand": _hand}
OUTPUTS = {"classifier": ["logits"], "palm": ["boxes", "scores"], "hand": ["landmarks", "presence"]}


class Engines:
    """Makes fake engines by the label's role and variant, and remembers which it made."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers
        self.made: list[str] = []

    def __call__(self, model: bytes, label: str) -> FakeEngine:
        role, variant = label.split()[-2:]
        self.made.append(f"{role} {variant}")
        answer = self.answers.get(f"{role}_{variant}", ANSWERS[role])
        outputs = tuple(TensorSpec(name, "float32", ()) for name in OUTPUTS[role])
        return FakeEngine(answer, inputs=HANDS if role == "classifier" else IMAGE, outputs=outputs)


def write_with_hands(path: Path, *, golden_hands: bool = True) -> Path:
    """The sample bundle with a palm network and a hand network in two precisions."""
    files = sample_files()
    manifest = sample_manifest(files)
    extra: list[Network] = []
    roles: tuple[tuple[Role, Precision], ...] = (("palm", "fp32"), ("hand", "fp32"), ("hand", "int8"))
    for role, variant in roles:
        name = f"{role}-{variant}.onnx"
        files[name] = sample_network(f"{role}{variant[:4]}")
        parity = manifest.networks[0].parity
        if variant == "int8" and parity:
            parity = parity.model_copy(update={"max_abs_diff": 6.0, "label_agreement": None})
        entry = file_entry(name, files[name]).model_dump()
        extra.append(Network(**entry, role=role, variant=variant, opset=18, ir_version=10, parity=parity))
    if golden_hands:
        with open_bundle(write_plain(path.with_name("plain.bundle"))) as plain:
            files["golden.npz"] = write_npz({**plain.golden(), **_golden()})
    update = {
        "networks": (*manifest.networks, *extra),
        "golden": file_entry("golden.npz", files["golden.npz"]),
    }
    write_bundle(path, Manifest.model_validate(manifest.model_copy(update=update).model_dump()), files)
    return path


def write_plain(path: Path) -> Path:
    files = sample_files()
    write_bundle(path, sample_manifest(files), files)
    return path


def _golden() -> dict[str, AnyArray]:
    images = np.zeros((3, SIDE, SIDE, 3), np.uint8)
    images[0], images[1] = 200, 150
    arrays: dict[str, AnyArray] = {}
    for role in ("palm", "hand"):
        runs = [ANSWERS[role]({"image": images[i : i + 1]}) for i in range(3)]
        arrays[f"{role}/image"] = images
        arrays |= {f"{role}/{name}": np.concatenate([run[name] for run in runs]) for name in runs[0]}
    arrays["palm/boxes"] = arrays["palm/boxes"] * (arrays["palm/scores"] > 0)
    return arrays


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return open_bundle(write_with_hands(tmp_path / "a.bundle"))


def _barred(bundle: Bundle, answer: Answer) -> str:
    """Why the int8 hand network may not run when it answers so."""
    choices = choose_variants(bundle, Engines(hand_int8=answer), runtime="fake")
    result = next(r for r in choices.acceptance("hand").results if r.variant == "int8")
    assert not result.barred or choices.chosen("hand") == "fp32"
    return result.barred


def test_every_network_is_tried_and_has_figures(bundle: Bundle) -> None:
    engines = Engines()
    choices = choose_variants(bundle, engines, runtime="fake")
    assert engines.made == ["classifier fp32", "classifier int8", "palm fp32", "hand fp32", "hand int8"]
    assert {each.role for each in choices.roles} == {"classifier", "palm", "hand"}
    assert choices.chosen("palm") == "fp32"
    for each in choices.roles:
        assert all(not r.barred and r.agreement == 1 and r.median_ms is not None for r in each.results)
    text = choices.describe()
    assert text.startswith("classifier ") and "palm fp32 (" in text and "hand " in text


def test_a_role_that_the_bundle_lacks_is_named(bundle: Bundle) -> None:
    choices = choose_variants(bundle, Engines(), runtime="fake")
    with pytest.raises(BundleError, match="no such network; expected face; found classifier, palm, hand"):
        choices.chosen("face")


def test_points_within_the_parity_pass_in_the_mean_only(bundle: Bundle) -> None:
    assert _barred(bundle, lambda f: _hand(f, offset=1.5)) == ""
    assert "off by 2.0% of the picture, at most 1%" in _barred(bundle, lambda f: _hand(f, offset=4.0))
    assert "differs from the golden outputs by 20" in _barred(bundle, lambda f: _hand(f, offset=20.0))


def test_a_hand_that_is_no_longer_there_bars_a_variant(bundle: Bundle) -> None:
    assert _barred(bundle, lambda f: _hand(f, presence=0.51)) == ""
    assert "33.3% of the golden answers, 99.0% are expected" in _barred(bundle, lambda f: _hand(f, presence=0.49))


def test_what_nobody_looks_at_is_not_compared(tmp_path: Path, bundle: Bundle) -> None:
    def other_boxes(feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        out = _palm(feeds)
        unsure = out["scores"] <= 0
        return {**out, "boxes": np.where(unsure, np.float32(77), out["boxes"])}

    assert not choose_variants(bundle, Engines(palm_fp32=other_boxes), runtime="x").acceptance("palm").results[0].barred

    def wrong_box(feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        out = _palm(feeds)
        return {**out, "boxes": out["boxes"] + (out["scores"] > 0) * np.float32(5)}

    with pytest.raises(CheckFailedError, match=r"no variant of the bundle's palm network.*by 5"):
        choose_variants(bundle, Engines(palm_fp32=wrong_box), runtime="x")


def test_an_older_bundle_without_golden_pictures_keeps_fp32_and_says_so(tmp_path: Path) -> None:
    with open_bundle(write_with_hands(tmp_path / "old.bundle", golden_hands=False)) as bundle:
        engines = Engines()
        choices = choose_variants(bundle, engines, runtime="fake")
    assert engines.made == ["classifier fp32", "classifier int8"]
    assert choices.chosen("hand") == "fp32"
    assert "hand fp32 (not tried here: the bundle has no golden inputs for it)" in choices.describe()


def test_golden_pictures_of_another_size_are_named(bundle: Bundle) -> None:
    golden = _golden()
    del golden["hand/presence"]
    with pytest.raises(BundleError, match="expected arrays hand/image, hand/landmarks, hand/presence of one length"):
        accept(bundle, Engines(), role="hand", golden=golden)


class TestRemembering:
    @pytest.fixture
    def store(self, tmp_path: Path, bundle: Bundle) -> Store:
        store = Store(tmp_path / "store")
        store.install(bundle)
        store.activate("sample")
        return store

    def test_only_what_is_needed_is_tried_and_only_once(self, store: Store, bundle: Bundle) -> None:
        def tried(*roles: Role) -> list[str]:
            engines = Engines()
            chosen = choose_variants(bundle, engines, runtime="x", store=store, roles=roles)
            assert tuple(each.role for each in chosen.roles) == roles
            return engines.made

        assert tried("classifier") == ["classifier fp32", "classifier int8"]
        assert tried("classifier", "palm") == ["palm fp32"]
        assert tried("classifier", "palm") == []
        active = store.status().active
        assert active is not None
        assert set(active.to_json()["runs"]) == {"classifier", "palm"}

    def test_a_record_of_an_older_release_is_read_and_its_figures_measured_again(
        self, store: Store, bundle: Bundle
    ) -> None:
        choose_variants(bundle, Engines(), runtime="x", store=store)
        path = store.root / "record.json"
        record = json.loads(path.read_text())
        (entry,) = record["accepted"].values()
        entry["acceptance"] = {"chosen": "fp32", "engine": "", "results": []}
        del entry["roles"]
        path.write_text(json.dumps(record))
        engines = Engines()
        choose_variants(bundle, engines, runtime="x", store=store)
        assert len(engines.made) == 5

    def test_figures_that_mean_nothing_here_do_not_cost_the_notes(self, store: Store, bundle: Bundle) -> None:
        choose_variants(bundle, Engines(), runtime="x", store=store)
        path = store.root / "record.json"
        record = json.loads(path.read_text())
        (entry,) = record["accepted"].values()
        entry["roles"][0]["role"] = "a role of the future"
        path.write_text(json.dumps(record))
        active = store.status().active
        assert active is not None
        assert (active.state, active.choices) == ("trial", ())

    def test_the_runtimes_are_among_the_conditions(
        self, store: Store, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        choose_variants(bundle, Engines(), runtime="x", store=store)
        kept = store.recall(bundle)
        assert kept is not None
        assert set(kept.conditions) == {"bundle", "runtime", "tensorrt", "machine"}
        monkeypatch.setattr("edge.bundle.choice._tensorrt", lambda: "10.3.0")
        engines = Engines()
        choose_variants(bundle, engines, runtime="x", store=store)
        assert engines.made


def test_the_shipped_bundle_is_tried_within_five_seconds(demo_bundle: Path) -> None:
    make_engine, runtime = onnx_engines(1)
    with open_bundle(demo_bundle) as bundle:
        begin = time.process_time()  # other tests may run beside this one
        choices = choose_variants(bundle, make_engine, runtime=runtime)
        assert time.process_time() - begin < 5
    assert [each.role for each in choices.roles] == ["classifier", "palm", "hand"]
    assert [[r.variant for r in each.results] for each in choices.roles] == [
        ["fp32", "int8"],
        ["fp32"],
        ["fp32", "int8"],
    ]
    for each in choices.roles:
        assert all(r.barred == "" and r.agreement >= 0.98 and r.median_ms for r in each.results), each
    hand = choices.acceptance("hand").results[1]
    assert hand.shift is not None and hand.shift < 0.005
    assert hand.ratio is not None
