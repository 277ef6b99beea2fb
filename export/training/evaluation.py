"""Figures that speak of new people, and those that only seem to.

Letters and words are measured on sources that were left out of the training whole. Beside that stand the random split,
named as such, and how well the *source* of a recording is predicted from the same features: words are confounded with
their source, so a model may know the recording rather than the sign.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

import numpy as np
import torch
from numpy.typing import NDArray

from edge.bundle.manifest import Label, Measurement
from edge.statistics import wilson
from edge.types import FloatArray
from export.models.hands import HandPreprocess
from export.training.augment import gather
from export.training.data import DOUBTFUL, Recordings

LEAVE_ONE_OUT = "leave one source out"
RANDOM = "random split (same signers on both sides)"
_SOURCES_FRAMES = 20


@dataclass(frozen=True, slots=True)
class Predictions:
    """Logits (N, classes) of recordings with their labels and sources."""

    logits: FloatArray
    labels: NDArray[np.str_]
    sources: NDArray[np.str_]


def shared_signs(recordings: Recordings, labels: Sequence[Label]) -> tuple[str, ...]:
    """The words that two or more sources have, the only ones whose figure says anything about a new signer."""
    words = [label.name for label in labels if label.kind == "word"]
    return tuple(w for w in words if len(set(recordings.sources[recordings.labels == w].tolist())) > 1)


def accuracy_by_source(
    predictions: Predictions, classes: Sequence[str], *, of: Sequence[str], among: Sequence[str]
) -> dict[str, tuple[float, int]]:
    """Accuracy and count per source, on recordings of the signs ``of``, each sign of a source weighing alike; only
    the classes ``among`` may be answered."""
    columns = np.array([classes.index(name) for name in among])
    answers = np.array(among)[predictions.logits[:, columns].argmax(1)]
    result = {}
    for source in np.unique(predictions.sources):
        here = (predictions.sources == source) & np.isin(predictions.labels, list(of))
        if here.any():
            per_sign = [
                (answers[here & (predictions.labels == sign)] == sign).mean()
                for sign in np.unique(predictions.labels[here])
            ]
            result[str(source)] = (float(np.mean(per_sign)), int(here.sum()))
    return result


def figures(
    predictions: Predictions, labels: Sequence[Label], shared: Sequence[str], split: str
) -> tuple[Measurement, ...]:
    """Letters and shared words, per source and as the mean over sources, once among their own kind and once among
    all classes; the means once more without the `DOUBTFUL` recordings, where there are any."""
    classes = [label.name for label in labels]
    letters = [name for name in classes if name in ascii_uppercase]
    words = [label.name for label in labels if label.kind == "word"]
    result: list[Measurement] = []
    for what, of, among, among_name in (
        ("letters", letters, letters, "letters"),
        ("letters", letters, classes, "all classes"),
        (f"words ({len(shared)} signs)", shared, shared, "these signs"),
        (f"words ({len(shared)} signs)", shared, words, "words"),
        (f"words ({len(shared)} signs)", shared, classes, "all classes"),
    ):
        if not of:
            continue
        by_source = accuracy_by_source(predictions, classes, of=of, among=among)
        if not by_source:
            continue
        name = f"{what} among {among_name}"
        result.append(_mean(name, by_source, split))
        result += [_measurement(name, value, count, source, split) for source, (value, count) in by_source.items()]
        certain = accuracy_by_source(_certain(predictions), classes, of=of, among=among)
        if certain and certain != by_source:
            result.append(_mean(f"{name}, without doubtful recordings", certain, split))
    return tuple(result)


def _certain(predictions: Predictions) -> Predictions:
    pairs = zip(predictions.sources.tolist(), predictions.labels.tolist(), strict=True)
    keep = np.array([pair not in DOUBTFUL for pair in pairs], bool)
    return Predictions(predictions.logits[keep], predictions.labels[keep], predictions.sources[keep])


def _mean(name: str, by_source: Mapping[str, tuple[float, int]], split: str) -> Measurement:
    value = float(np.mean([accuracy for accuracy, _ in by_source.values()]))
    total = sum(count for _, count in by_source.values())
    return Measurement(name=name, value=value, n=total, data=f"mean over {len(by_source)} sources", split=split)


def _measurement(name: str, value: float, count: int, source: str, split: str) -> Measurement:
    low, high = wilson(value, count)
    return Measurement(name=name, value=value, low=low, high=high, n=count, data=source, split=split)


def confusions(predictions: Predictions, classes: Sequence[str], *, of: Sequence[str]) -> list[tuple[str, str, float]]:
    """The likeliest mistakes (sign, answer, share of the sign's recordings), worst first."""
    columns = np.array([classes.index(name) for name in of])
    answers = np.array(of)[predictions.logits[:, columns].argmax(1)]
    found = []
    for sign in of:
        here = predictions.labels == sign
        for answer in np.unique(answers[here]):
            if answer != sign:
                found.append((sign, str(answer), float((answers[here] == answer).mean())))
    return sorted(found, key=lambda entry: -entry[2])


def source_prediction(recordings: Recordings, signs: Sequence[str], seed: int) -> Mapping[str, float]:
    """How well a linear classifier tells the source of a recording of ``signs`` from the features' mean and spread:
    ``accuracy`` on a random fifth, ``chance`` of always naming the commonest source."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    chosen = recordings.select(np.isin(recordings.labels, list(signs)))
    sources, counts = np.unique(chosen.sources, return_counts=True)
    if len(sources) < 2 or counts.min() < 2:
        return {}
    known, tested, known_source, tested_source = train_test_split(
        _summaries(chosen), chosen.sources, test_size=0.2, random_state=seed, stratify=chosen.sources
    )
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200, C=0.1))
    classifier.fit(known, known_source)
    return {
        "accuracy": float(classifier.score(tested, tested_source)),
        "chance": float(counts.max() / counts.sum()),
        "sources": float(len(sources)),
        "recordings": float(len(chosen)),
    }


def _summaries(recordings: Recordings) -> FloatArray:
    preprocess = HandPreprocess()
    rows = []
    with torch.inference_mode():
        for i in range(len(recordings)):
            sequence = recordings.sequence(i)
            frames = gather(sequence, np.linspace(0, len(sequence) - 1, _SOURCES_FRAMES))
            features, _ = preprocess(torch.from_numpy(frames)[None], torch.ones(1, _SOURCES_FRAMES))
            rows.append(torch.cat([features[0].mean(0), features[0].std(0)]).numpy())
    return np.stack(rows)
