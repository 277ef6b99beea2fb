"""Samples read by the run's own bundle: what the gallery shows beside the kiosk.

The classifier's network is loaded when the first sample is classified and belongs to the gallery alone, so that nobody
who tries it out disturbs the loop. A sample is one sign: the network is shown all of it at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from edge.bundle.choice import onnx_engines
from edge.bundle.reader import Bundle, open_bundle
from edge.bundle.store import Store
from edge.config import RunSettings
from edge.errors import BundleError, InputError, StoreError
from edge.language import Composer
from edge.language.lexicon import english
from edge.language.rules import RuleSentencer
from edge.language.sentence import SentenceMaker
from edge.outputs.kiosk.topics import hand_points
from edge.recognition import LabelInfo, Windows, hand_window, holistic_window
from edge.recognition.classify import Classifier
from edge.recognition.resample import Resampler
from edge.samples.library import Sample, find_samples
from edge.types import LEFT, RIGHT, EventKind, Hands, SignEvent

_OTHERS = 3
_THREADS = 1


class SampleReader:
    """The samples of a ``folder`` (None: the shipped ones), read by the bundle of the run's ``settings``."""

    def __init__(self, settings: RunSettings, folder: Path | None = None) -> None:
        self._settings, self._folder = settings, folder
        self._samples: tuple[Sample, ...] | None = None
        self._lock = Lock()
        self._model: _Model | None = None

    def names(self) -> list[dict[str, str]]:
        """``label`` and ``source`` of each sample. Raises InputError when there are none."""
        return [{"label": sample.label, "source": sample.source} for sample in self._all()]

    def animation(self, number: int) -> dict[str, Any]:
        """The hands of a sample's frames, as the kiosk's page draws them, and their ``fps``."""
        frames = self._frames(number)
        span = frames[-1].time - frames[0].time
        return {
            "fps": round((len(frames) - 1) / span, 2) if span > 0 else 10.0,
            "aspect": frames[0].aspect,
            "frames": [
                {"left": hand_points(hands.landmarks[LEFT]), "right": hand_points(hands.landmarks[RIGHT])}
                for hands in frames
            ],
        }

    def classify(self, number: int) -> dict[str, Any]:
        """What the bundle's network reads in a sample: ``label``, ``kind``, ``confidence``, ``others``."""
        frames = self._frames(number)
        with self._lock:
            if self._model is None:
                self._model = _Model(self._settings)
            return self._model.read(frames, timed=self._all()[number].timed)

    def sentence(self, words: Sequence[tuple[str, str]]) -> dict[str, str]:
        """The English sentence of labels with their kinds, in the order in which they were classified."""
        composer = Composer()
        for place, (label, kind) in enumerate(words):
            composer.apply(SignEvent(label, _kind(kind), 1.0, place, place, place))
        sentence = SentenceMaker(RuleSentencer(), english()).make(composer.words, 0.0)
        return {"text": sentence.text, "read": sentence.read}

    def close(self) -> None:
        """Let go of the network."""
        with self._lock:
            if self._model is not None:
                self._model.close()
                self._model = None

    def _all(self) -> tuple[Sample, ...]:
        if self._samples is None:
            self._samples = find_samples(self._folder)
        return self._samples

    def _frames(self, number: int) -> list[Hands]:
        samples = self._all()
        if not 0 <= number < len(samples):
            raise InputError("there is no such sample", found=number, expected=f"0 to {len(samples) - 1}")
        frames = samples[number].read()
        if not any(hands.count for hands in frames):
            raise InputError("this recording shows no hand", where=samples[number].source)
        return frames


class _Model:
    """The classifier of a bundle."""

    def __init__(self, settings: RunSettings) -> None:
        with _bundle(settings) as bundle:
            manifest = bundle.manifest
            window = manifest.input.window
            if window is None:
                raise BundleError(
                    "this bundle reads pictures, and samples are landmarks", where=bundle.title, expected="a window"
                )
            self._labels = tuple(LabelInfo(each.name, each.kind, each.moving, each.text) for each in manifest.labels)
            self._rate, self._frames, self._aspect = window.rate, window.frames, manifest.input.aspect or 4 / 3
            make_engine, _ = onnx_engines(_THREADS)
            self._engine = make_engine(bundle.network("classifier", "fp32"), f"{bundle.title} classifier fp32")
            self._classifier = Classifier(
                self._engine,
                classes=len(self._labels),
                window=window.frames,
                logits=manifest.output == "logits",
                inputs=Windows(holistic_window if manifest.task == "holistic-sequence" else hand_window),
            )

    def read(self, frames: Sequence[Hands], *, timed: bool) -> dict[str, Any]:
        """As `classify`. Frames that nobody knows the times of are taken as the model's own, as in training: all of
        them, or as many as its window holds, evenly thinned."""
        if not timed:
            places = np.linspace(0, len(frames) - 1, min(len(frames), self._frames)).round().astype(int)
            frames = [replace(frames[place], time=number / self._rate) for number, place in enumerate(places)]
        resampler = Resampler(self._rate, self._aspect)
        ticks = [tick for hands in frames for tick in resampler.push(hands)]
        seen = [place for place, tick in enumerate(ticks) if any(tick.visible)]
        probabilities = self._classifier.classify(ticks[seen[0] : seen[-1] + 1]).probabilities
        best = [int(place) for place in np.argsort(-probabilities)[: _OTHERS + 1]]
        label = self._labels[best[0]]
        return {
            "label": label.text or label.name,
            "kind": label.kind,
            "confidence": round(float(probabilities[best[0]]), 3),
            "others": [self._labels[place].text or self._labels[place].name for place in best[1:]],
        }

    def close(self) -> None:
        self._engine.close()


def _bundle(settings: RunSettings) -> Bundle:
    """The bundle of the run; it was checked when the run began, and is checked again as it is read."""
    bundle = open_bundle(settings.bundle) if settings.bundle is not None else Store(settings.store).active()
    if bundle is None:
        raise StoreError("no bundle is active here", where=settings.store)
    return bundle


def _kind(kind: str) -> EventKind:
    return "letter" if kind == "letter" else "key" if kind == "key" else "word"
