"""What correcting the spelling is worth: common English words, spelled with a source's recordings, before and after.

The words are drawn from the commonest of the device's own list, so a right reading is never changed; what can go wrong
is a wrong reading that becomes another wrong word, which is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.table import Table

from benchmarks.report import Track
from benchmarks.utterances import edit_distance, read_utterance, spelled, window_of
from edge.bundle.manifest import Manifest
from edge.engines import Engine
from edge.language import Composer
from edge.language.lexicon import Lexicon, english
from edge.language.spelling import Speller
from edge.types import SignEvent
from export.training.data import Recordings

_LENGTHS = range(3, 9)
_COMMON = 7.0
"""log10 of the least count of a word: some five thousand are commoner."""
_LEAST_FRAMES = 5


@dataclass(frozen=True, slots=True)
class Correction:
    """One source.

    ``read_wrong`` of ``words`` were read wrongly; ``left_wrong`` are wrong after the correction, ``made_worse`` of them
    as another wrong word; ``letter_rate`` is the edit distance over the letters, before and after.
    """

    source: str
    seen: bool
    words: int
    read_wrong: int
    left_wrong: int
    made_worse: int
    letter_rate: float
    corrected_letter_rate: float


def measure_correction(
    manifest: Manifest,
    engine: Engine,
    recordings: Recordings,
    *,
    seen: frozenset[str],
    words: int,
    seed: int = 0,
    track: Track = lambda items, title: items,
) -> tuple[Correction, ...]:
    """Spell ``words`` words with the letters of every source that has enough of them for that many words."""
    rate = window_of(manifest).rate
    lexicon = english()
    speller = Speller(lexicon)
    kinds = {label.name: label.kind for label in manifest.labels}
    results = []
    for source in track(sorted(set(recordings.sources.tolist())), "spelling words"):
        usable = [
            int(i)
            for i in np.flatnonzero((recordings.sources == source) & (recordings.lengths >= _LEAST_FRAMES))
            if kinds.get(str(recordings.labels[i])) == "letter"
        ]
        possible = common_words(lexicon, {str(recordings.labels[i]) for i in usable})
        if len(possible) < words:
            continue
        rng = np.random.default_rng(seed)
        before, after, wrong, left, worse, letters = 0, 0, 0, 0, 0, 0
        for word in rng.choice(possible, words, replace=False).tolist():
            utterance = spelled(recordings, usable, list(word), rate=rate, rng=rng)
            read, corrected = _texts(read_utterance(manifest, engine, utterance), speller)
            letters += len(word)
            before += edit_distance(read, word)
            after += edit_distance(corrected, word)
            wrong += read != word
            left += corrected != word
            worse += corrected not in (read, word)
        results.append(
            Correction(
                source, source in seen, words, wrong, left, worse, round(before / letters, 4), round(after / letters, 4)
            )
        )
    return tuple(results)


def common_words(lexicon: Lexicon, letters: set[str]) -> list[str]:
    """The common words, in capitals, that can be spelled with ``letters``, in the order of the alphabet."""
    found = []
    for length in _LENGTHS:
        of_length = lexicon.of_length(length)
        if of_length is not None:
            found += [of_length.word(int(i)).upper() for i in np.flatnonzero(of_length.logs >= _COMMON)]
    return sorted(word for word in found if set(word) <= letters)


def correction_table(title: str, results: Sequence[Correction]) -> Table:
    """For people."""
    table = Table(title=f"{title}: common English words, spelled; before and after correction", title_justify="left")
    for column in ("source", "words", "read wrong", "after", "made worse", "letter errors", "after"):
        table.add_column(column, justify="left" if column == "source" else "right")
    table.add_column("the source was")
    for r in results:
        table.add_row(
            r.source,
            *map(str, (r.words, r.read_wrong, r.left_wrong, r.made_worse)),
            f"{r.letter_rate:.3f}",
            f"{r.corrected_letter_rate:.3f}",
            "seen in training" if r.seen else "never seen in training",
        )
    return table


def _texts(signs: Sequence[SignEvent], speller: Speller) -> tuple[str, str]:
    """What the device writes, without and with correction."""
    composer = Composer()
    for sign in signs:
        composer.apply(sign)
    return composer.text, " ".join(speller.correct(word).written for word in composer.words)
