"""What the classifier suite says: narrow tables, plots, and a line on whatever was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.accuracy import Score
from benchmarks.comparison import most_lost
from benchmarks.latency import Latency
from benchmarks.pages.document import Block, Heading, Line, Plot, Table
from benchmarks.pages.machine import machine_lines
from benchmarks.pages.plots import distributions, front, heatmap
from benchmarks.report import counts, interval, mebibytes, milliseconds, percent
from benchmarks.results import ClassifierResult, DataInfo

_WORST = 8
_MOST_CLASSES = 64
"""Classes of a confusion matrix that can still be told apart on a page."""


def classifier_blocks(result: ClassifierResult) -> list[Block]:
    """The report."""
    sizes = {variant.variant: variant.size for variant in result.variants}
    unit = "picture" if result.task == "image" else "window"
    rounds = f"{result.iterations} interleaved rounds after {result.warmup} to warm up"
    blocks: list[Block] = [
        Heading("Classifier", f"{result.title} for {result.target}: {result.bundle}", top=True),
        *machine_lines(result.machine),
        Heading(f"Size and latency of one {unit}", rounds),
        *latency_blocks(result.latencies, sizes, reference=result.reference),
        *_streams(result),
        Heading(f"Same label on the bundle's {result.golden[0].n} golden inputs"),
        *(
            Line(f"{each.variant} agrees with {result.reference} on {percent(each.agreement)}")
            for each in result.golden
            if each.variant != result.reference
        ),
    ]
    if result.data is None:
        blocks.append(
            Line("Golden inputs have no labels: accuracy and retention need labelled data, named with --data DIR.")
        )
    else:
        blocks += _data(result, result.data)
    return [*blocks, _front(result, sizes)]


def latency_blocks(rows: Sequence[Latency], sizes: Mapping[str, int], *, reference: str) -> list[Block]:
    """The table of latencies, what they are of the peers' CPU time, and their distributions at one thread."""
    table = Table(
        ("variant", "size", "threads", "p50 ms", "p90", "p99", f"CPU / {reference}"),
        tuple(
            (
                row.variant,
                mebibytes(sizes[row.variant]),
                str(row.threads),
                *(milliseconds(value) for value in (row.wall.p50, row.wall.p90, row.wall.p99)),
                interval(row.cpu_ratio, digits=2),
            )
            for row in rows
        ),
    )
    single = [row for row in rows if row.threads == 1]
    lines = [
        Line(f"{row.variant} takes {interval(ratio, 2)} of the CPU time of {peer}, one thread")
        for row in single
        for peer, ratio in row.cpu_over_peers.items()
    ]
    shown = distributions({row.variant: row.cpu_rounds for row in single}, label="CPU ms")
    plot = [Plot("CPU time of one example at one thread: cumulative distribution", shown)] if single else []
    return [table, *lines, *plot]


def _streams(result: ClassifierResult) -> list[Block]:
    """MLPerf's figures, where they were asked for."""
    if not result.streams:
        return []
    rows = tuple(
        (each.variant, str(each.queries), *(milliseconds(v) for v in (each.p50, each.p90, each.p99)))
        for each in result.streams
    )
    return [
        Heading("MLPerf SingleStream", f"LoadGen {result.streams[0].version}, one thread"),
        Table(("variant", "queries", "p50 ms", "p90", "p99"), rows, "p90 is the scenario's metric"),
    ]


def _data(result: ClassifierResult, data: DataInfo) -> list[Block]:
    share = "" if data.n + len(data.unreadable) == data.available else f", an even share of {data.available},"
    base = next(score for score in result.scores if score.variant == result.reference)
    blocks: list[Block] = [
        Heading(f"Accuracy on {data.n} examples{share} of {data.path}"),
        _score_table(result.scores),
        Line(f"{_seen(data)} Intervals are 95 %; ECE is the calibration error."),
    ]
    if len(result.scores) > 1:
        blocks += [Heading(f"What is kept of {result.reference}"), _retention_table(result.scores, result.reference)]
        blocks += [
            Line(f"{each.variant} lost none of {each.n}: at most {percent(most_lost(each.n))}, with 95 % confidence")
            for each in result.scores
            if each.mcnemar is not None and not each.mcnemar.lost
        ]
    blocks += [Heading("Accuracy by source"), _source_table(result.scores, data)]
    if any(entry.f1 < 1 for entry in base.classes):
        blocks += [Heading("Classes that are read worst", f"{base.variant}; all are in --json"), _class_table(base)]
    return [*blocks, *_confusions(base), *_left_out(data)]


def _score_table(scores: tuple[Score, ...]) -> Table:
    rows = []
    for row in scores:
        figures = (row.top5, row.macro_f1, row.micro_f1, row.source_mean)
        ece = "" if row.ece is None else f"{row.ece:.3f}"
        rows.append((row.variant, interval(row.accuracy), *(f"{value:.3f}" for value in figures), ece))
    return Table(("variant", "accuracy", "top-5", "macro\nF1", "micro\nF1", "mean of\nsources", "ECE"), tuple(rows))


def _retention_table(scores: tuple[Score, ...], reference: str) -> Table:
    rows = []
    for row in scores:
        if row.mcnemar is not None:
            counted = (str(row.mcnemar.lost), str(row.mcnemar.won), f"{row.mcnemar.p:.3g}")
            rows.append((row.variant, interval(row.retention, digits=4), *counted, percent(row.agreement)))
    columns = ("variant", "retention", "lost", "won", "p (McNemar)", "same\nlabel")
    return Table(columns, tuple(rows), f"lost: only {reference} was right; won: only the variant was")


def _source_table(scores: tuple[Score, ...], data: DataInfo) -> Table:
    rows = []
    for source in data.sources:
        known = "yes" if source.seen else "no" if data.sources_known else "?"
        rows.append((source.name, str(source.n), *(f"{row.sources[source.name]:.3f}" for row in scores), known))
    return Table(("source", "examples", *(row.variant for row in scores), "trained\non"), tuple(rows))


def _class_table(score: Score) -> Table:
    wrong = [entry for entry in score.classes if entry.n and entry.f1 < 1]
    rows = []
    for entry in sorted(wrong, key=lambda entry: (entry.f1, entry.name))[:_WORST]:
        precision = "" if entry.precision is None else f"{entry.precision:.3f}"
        errors = (str(entry.false_negatives), str(entry.false_positives))
        rows.append((entry.name, str(entry.n), f"{entry.f1:.3f}", precision, f"{entry.recall:.3f}", *errors))
    columns = ("class", "examples", "F1", "precision", "recall", "false\nnegatives", "false\npositives")
    return Table(columns, tuple(rows))


def _confusions(score: Score) -> list[Block]:
    worst = [f"{c.shown} as {c.answer} ({c.count} of {c.n})" for c in score.confusions[:_WORST]]
    blocks: list[Block] = [Line(f"Commonest mistakes: {', '.join(worst) or 'none'}")]
    if score.pairs:
        blocks.append(Line(f"Letters alike: {', '.join(f'{pair} {count}' for pair, count in score.pairs.items())}"))
    if score.confusions:
        matrix, names = confusion_shares(score)
        side = 3.0 + 0.13 * len(names)
        shown = heatmap(matrix, names, labels=("answer", "shown"))
        blocks.append(Plot(f"What {score.variant} took for what, in percent of the shown", shown, (side + 1, side)))
    return blocks


def confusion_shares(score: Score) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float64]], list[str]]:
    """Of each shown class the share of every answer, (classes, classes), and the classes' names: all that occur in the
    data or were answered, or where there are too many for a page, those with the most mistakes."""
    mistakes = {entry.name: entry.false_negatives + entry.false_positives for entry in score.classes}
    kept = set(sorted(mistakes, key=lambda name: -mistakes[name])[:_MOST_CLASSES])
    classes = [entry for entry in score.classes if entry.name in kept]
    names = [entry.name for entry in classes]
    if any(c.answer not in mistakes for c in score.confusions):
        names.append("no answer")
    place = {name: number for number, name in enumerate(names)}
    matrix = np.zeros((len(names), len(names)))
    for entry in classes:
        matrix[place[entry.name], place[entry.name]] = entry.recall
    for each in score.confusions:
        if each.shown in place and each.answer in place:
            matrix[place[each.shown], place[each.answer]] = each.count / each.n
    return matrix, names


def _left_out(data: DataInfo) -> list[Block]:
    blocks: list[Block] = []
    if data.without_hand:
        blocks.append(
            Line(
                f"No hand was found in {data.without_hand} pictures: "
                f"right for {data.without_hand_right} that show `nothing`, counted as wrong for the others"
            )
        )
    if data.unknown:
        total = sum(data.unknown.values())
        blocks.append(
            Line(f"Left out: {total} examples of labels that the model does not have: {counts(data.unknown)}")
        )
    if data.respelt:
        spelt = ", ".join(f"{label} as {name}" for label, name in data.respelt.items())
        blocks.append(Line(f"Labels that differ in case only were taken for the model's: {spelt}"))
    for misfit in data.misfits:
        blocks.append(Line(f"Left out: {misfit.n} {misfit.format} of {misfit.where}, which this model cannot read"))
    if data.unreadable:
        said = f"Left out: {len(data.unreadable)} files that cannot be read, as was asked for"
        blocks += [Line(said, "warning"), *(Line(f"  {text}") for text in data.unreadable[:_WORST])]
    return blocks


def _front(result: ClassifierResult, sizes: Mapping[str, int]) -> Plot:
    """Size, latency and accuracy together; without labelled data, agreement stands for accuracy."""
    cpu = {row.variant: row.cpu.p50 * 1e3 for row in result.latencies if row.threads == 1}
    right = {each.variant: each.agreement for each in result.golden}
    name = f"same label as {result.reference}, golden"
    if result.scores:
        right, name = {score.variant: score.accuracy.value for score in result.scores}, "accuracy"
    points = [(variant, cpu[variant], right[variant], sizes[variant] / 2**20) for variant in cpu if variant in right]
    return Plot("Size (area), latency and accuracy of the variants", front(points, labels=("CPU ms", name)))


def _seen(data: DataInfo) -> str:
    seen = sum(source.n for source in data.sources if source.seen)
    if not data.sources_known:
        return "The bundle does not say what it was trained on: accuracy may be of examples that it has seen."
    if not seen:
        return "The bundle names none of these sources as seen in training."
    if seen == data.n:
        return "All of them were seen in training: accuracy here says nothing about new signers, retention still holds."
    return f"{seen} of them were seen in training."
