"""The export itself, step by step: load, convert, compare, add the hand networks, write, report."""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

from pydantic import ValidationError

import edge
from edge.bundle.manifest import Licence, Measurement, Name, Origin, Version
from edge.errors import InputError, UsageError
from edge.types import AnyArray
from export.bundling import Contents, check_folder, write_bundle
from export.calibration import calibration_inputs
from export.classifier import VARIANTS, Classifier, build_variants, from_onnx, from_torch
from export.cli_jetson import engine_notes, parser_notes
from export.cli_progress import Steps
from export.cli_report import report
from export.golden import golden_inputs
from export.graphs.facts import with_facts
from export.graphs.types import BuiltNetwork
from export.labels import check_count, read_labels
from export.landmark_networks import landmark_golden, landmark_networks
from export.model_card import golden_section, write_card
from export.sentence.building import BuiltSentence, build_sentence
from export.sentence.reading import read_folder

_TOOLS = ("numpy", "onnx", "onnxruntime", "torch")
_FIRST_VERSION = "0.1.0"


def make_bundle(options: argparse.Namespace) -> None:
    """Export as the options say and print the result; raises the project's errors."""
    _check(options)
    sign = _signer(options.sign)
    now = _now()
    check_folder(options.output)
    steps = 4 + len(VARIANTS[options.target]) + (not options.no_hands) + (options.measure is not None)
    steps += (options.sentence is not None) + options.check_parser
    with Steps(steps, quiet=options.json) as step:
        step("loading the model")
        classifier = _classifier(options, step)
        name = options.name or _slug(options)
        version = options.version or (edge.__version__ if _is_shipped(options) else _FIRST_VERSION)
        sentence = _sentence(options, step)
        step("golden inputs")
        inputs, golden_from = _golden(options, classifier)
        facts = _facts(classifier, name, version)
        variants = build_variants(classifier, options.target, inputs, facts, progress=step)
        hands = _hands(options, classifier, step)
        networks = [*variants.networks, *map(with_facts, (*hands, *sentence.networks))]
        checked = parser_notes(networks, classifier.contract, step, wanted=options.check_parser)
        card = classifier.model_card or write_card(classifier, name, version, networks)
        contents = Contents(
            name=name,
            version=version,
            serial=now if options.serial is None else options.serial,
            created=datetime.fromtimestamp(now, timezone.utc).isoformat().replace("+00:00", "Z"),
            tools=_tools(),
            origin=Origin(
                model=classifier.model,
                parameters=classifier.parameters,
                checkpoint=classifier.checkpoint,
                checkpoint_sha256=classifier.checkpoint_sha256,
                git_commit=_git_commit(),
            ),
            target=options.target,
            task=classifier.task,
            contract=classifier.contract,
            labels=classifier.labels,
            output=classifier.output,
            networks=networks,
            golden={**inputs, classifier.output: variants.outputs, **landmark_golden(hands), **sentence.golden},
            golden_from=golden_from,
            model_card=card + golden_section(golden_from),
            measurements=_measurements(classifier),
            licences=_licences(classifier, networks),
            sentence=sentence.settings,
            documents=sentence.documents,
        )
        measured = _measured(contents, options.measure, step)
        step("writing the bundle")
        contents = replace(contents, measurements=(*contents.measurements, *measured))
        path, manifest = write_bundle(contents, options.output, sign=sign)
        engines = engine_notes(options.target, path, step.say)
    privacy = (f"golden.npz holds {golden_from}: whoever gets the bundle gets them too",) if golden_from else ()
    notes = (
        *classifier.notes,
        *variants.notes,
        *sentence.notes,
        *engines,
        *checked,
        *privacy,
        *_figures(measured),
    )
    report(path, manifest, notes, as_json=options.json)


def _check(options: argparse.Namespace) -> None:
    """Refuse before the work what would be refused after it."""
    from pydantic import TypeAdapter

    for flag, kind in (("name", Name), ("version", Version)):
        value = getattr(options, flag)
        try:
            TypeAdapter(kind).validate_python(value if value is not None else "0.0.0")
        except ValidationError as error:
            expected = "X.Y.Z" if flag == "version" else "lower-case letters, digits, dots, dashes (at most 64)"
            raise UsageError(f"--{flag} cannot be used", expected=expected, found=value) from error
    if options.serial is not None and options.serial < 0:
        raise UsageError("--serial cannot be used", expected="0 or more", found=options.serial)
    if options.check_parser and options.target != "jetson":
        raise UsageError("--check-parser is for TensorRT", expected="--target jetson", found=options.target)
    if options.onnx is not None:
        for flag in ("checkpoint", "preprocess"):
            if getattr(options, flag) is not None:
                raise UsageError(f"--{flag} has no meaning with --onnx", remedy="an ONNX file holds both already")
        if options.labels is None:
            raise UsageError("what the classes of the ONNX file mean is not known", remedy="give --labels FILE")


def _signer(key: Path | None) -> Callable[[bytes], bytes] | None:
    """Read before the work, so that a wrong key is said first."""
    if key is None:
        return None
    from export.signing import read_key, sign_manifest

    private = read_key(key)
    return lambda manifest: sign_manifest(manifest, private)


def _now() -> int:
    """Seconds since 1970, or what SOURCE_DATE_EPOCH says."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if not given:
        return int(time.time())
    if not given.isascii() or not given.isdigit() or len(given) > 11:
        raise UsageError("SOURCE_DATE_EPOCH cannot be used", expected="seconds since 1970", found=given)
    return int(given)


def _classifier(options: argparse.Namespace, step: Steps) -> Classifier:
    labels = read_labels(options.labels) if options.labels else None
    if options.onnx is not None and labels is not None:
        from export.graphs.onnx_input import read_onnx

        file = read_onnx(options.onnx)
        if file.classes is not None:
            check_count(labels, file.classes, where=options.labels, model=options.onnx.name)
        step("checking the ONNX file")
        classifier = from_onnx(file, labels, name=options.onnx.name)
    else:
        from export.loading import Request, load_family

        request = Request(options.checkpoint, labels, options.preprocess, options.trust_pickle, options.labels)
        if options.factory is not None:
            from export.factory import load_factory

            loaded = load_factory(options.factory, request)
        else:
            loaded = load_family(options.model, request)
        step("PyTorch to ONNX")
        classifier = from_torch(loaded)
    if options.calibration is not None:
        pictures = calibration_inputs(classifier.contract, options.calibration)
        classifier = replace(classifier, calibration=lambda: pictures)
    return replace(classifier, licence=options.licence) if options.licence else classifier


def _golden(options: argparse.Namespace, classifier: Classifier) -> tuple[dict[str, AnyArray], str]:
    """The golden inputs, and what they show where that is real people."""
    task, contract = classifier.task, classifier.contract
    if options.golden_from_data is None:
        return golden_inputs(task, contract), ""
    from export.golden_data import golden_from_data

    return golden_from_data(
        options.golden_from_data, model=classifier.model, task=task, contract=contract, labels=classifier.labels
    )


def _measured(contents: Contents, data: Path | None, step: Steps) -> tuple[Measurement, ...]:
    """What the variants keep of the accuracy on ``data``, by a bundle that is written for it and thrown away."""
    if data is None:
        return ()
    from export.measuring import measure_retention

    step(f"retention on {data}")
    with tempfile.TemporaryDirectory(prefix="fingerpost-measure-") as folder:
        path, _ = write_bundle(contents, Path(folder))
        return measure_retention(path, data, progress=step.say)


def _figures(measured: tuple[Measurement, ...]) -> list[str]:
    return [
        f"{m.variant} keeps {m.value:.2%} [{m.low:.2%}, {m.high:.2%}] of fp32's accuracy on {m.n} examples"
        f" ({m.data}; {m.split})"
        for m in measured
    ]


def _sentence(options: argparse.Namespace, step: Steps) -> BuiltSentence:
    if options.sentence is None:
        return BuiltSentence()
    step("sentence model")
    return build_sentence(read_folder(options.sentence), licence=options.sentence_licence or "", progress=step.say)


def _hands(options: argparse.Namespace, classifier: Classifier, step: Steps) -> tuple[BuiltNetwork, ...]:
    if options.no_hands:
        return ()
    step("landmark networks")
    return landmark_networks(classifier.task, options.target, wheel=options.mediapipe_wheel, progress=step.say)


def _is_shipped(options: argparse.Namespace) -> bool:
    return not (options.checkpoint or options.factory or options.onnx or options.labels)


def _slug(options: argparse.Namespace) -> str:
    from export.models.registry import families

    if options.onnx is not None:
        text = options.onnx.stem
    elif options.factory is not None:
        text = options.factory.rpartition(":")[2]
    else:
        text = options.model or next(entry.name for entry in families() if entry.checkpoint)
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:64].strip("-") or "model"


def _facts(classifier: Classifier, name: str, version: str) -> dict[str, object]:
    return {
        "name": name,
        "version": version,
        "task": classifier.task,
        "input": classifier.contract.model_dump(mode="json"),
        "labels": [label.name for label in classifier.labels],
        "output": classifier.output,
    }


def _measurements(classifier: Classifier) -> tuple[Measurement, ...]:
    try:
        return tuple(Measurement.model_validate(item) for item in classifier.measurements)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(
            "a measurement is not valid", where="metrics.json", expected=field, found=first["msg"]
        ) from error


def _licences(classifier: Classifier, networks: list[BuiltNetwork]) -> tuple[Licence, ...]:
    source = f"{classifier.checkpoint}, sha256 {classifier.checkpoint_sha256}"
    weights = Licence(subject="classifier weights", spdx=classifier.licence or "NOASSERTION", source=source)
    others = dict.fromkeys(network.licence for network in networks if network.licence is not None)
    return (weights, *classifier.licences, *others)


def _tools() -> dict[str, str]:
    found = {"fingerpost": edge.__version__, "python": platform.python_version()}
    for tool in _TOOLS:
        if importlib.util.find_spec(tool):
            found[tool] = metadata.version(tool)
    return found


def _git_commit() -> str:
    """The commit of the working tree that this file is tracked in, with ``-dirty`` for changed files; "" elsewhere."""
    here = Path(__file__).parent
    command = ("git", "-C", str(here), "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty")
    try:
        tracked = subprocess.run(
            ("git", "-C", str(here), "ls-files", "--error-unmatch", Path(__file__).name),
            capture_output=True,
            check=False,
        )
        if tracked.returncode:
            return ""
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
