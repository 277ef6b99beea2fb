"""What a person reads of the classifier suite: narrow tables, and a line on whatever was left out."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.accuracy import Score
from benchmarks.report import counts, interval, line, mebibytes, milliseconds, percent, wide_console
from benchmarks.results import ClassifierResult, DataInfo

_WORST = 8


def print_classifier(result: ClassifierResult) -> None:
    """The result as tables."""
    console = wide_console()
    line(console, f"[bold]{escape(result.title)}[/] for {result.target}: {escape(result.bundle)}")
    line(console, f"[dim]Machine: {escape(result.machine.line)}[/]")
    if result.machine.load > result.machine.cores_allowed:
        line(console, "[yellow]The machine was busy with other things: times are too long, ratios are fairer.[/]")
    rounds = f"{result.iterations} interleaved rounds after {result.warmup} to warm up"
    unit = "picture" if result.task == "image" else "window"
    line(console, f"\n[bold]Size and latency of one {unit}[/], {rounds}")
    console.print(_latency_table(result))
    for row in result.latencies:
        for peer, ratio in row.cpu_over_peers.items():
            if row.threads == 1:
                line(console, f"{row.variant} takes {interval(ratio, 2)} of the CPU time of {peer}, one thread")
    line(console, f"\n[bold]Same label on the bundle's {result.golden[0].n} golden inputs[/]")
    for each in result.golden:
        if each.variant != result.reference:
            line(console, f"{each.variant} agrees with {result.reference} on {percent(each.agreement)}")
    if result.data is None:
        line(console, "Golden inputs have no labels: accuracy and retention need labelled data, named with --data DIR.")
    else:
        _print_data(console, result, result.data)


def _print_data(console: Console, result: ClassifierResult, data: DataInfo) -> None:
    share = "" if data.n + len(data.unreadable) == data.available else f", an even share of {data.available},"
    line(console, f"\n[bold]Accuracy on {data.n} examples[/]{share} of {escape(data.path)}")
    console.print(_score_table(result.scores))
    line(console, f"{_seen(data)} Intervals are 95 %; ECE is the calibration error.")
    if len(result.scores) > 1:
        line(console, f"\n[bold]What is kept of {result.reference}[/]")
        console.print(_retention_table(result.scores, result.reference))
    line(console, "\n[bold]Accuracy by source[/]")
    console.print(_source_table(result.scores, data))
    base = next(score for score in result.scores if score.variant == result.reference)
    if any(entry.f1 < 1 for entry in base.classes):
        line(console, f"\n[bold]Classes that are read worst[/], {base.variant}; all are in --json")
        console.print(_class_table(base))
    _print_confusions(console, base)
    _print_left_out(console, data)


def narrow_table(*columns: str) -> Table:
    """A table whose figures are never cut off on 80 columns; a long name in the first column is folded instead."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, collapse_padding=True)
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left", no_wrap=bool(number), overflow="fold")
    return table


def _latency_table(result: ClassifierResult) -> Table:
    table = narrow_table("variant", "size", "threads", "p50 ms", "p90", "p99", f"CPU / {result.reference}")
    sizes = {variant.variant: variant.size for variant in result.variants}
    for row in result.latencies:
        wall = (milliseconds(value) for value in (row.wall.p50, row.wall.p90, row.wall.p99))
        ratio = interval(row.cpu_ratio, digits=2)
        table.add_row(row.variant, mebibytes(sizes[row.variant]), str(row.threads), *wall, ratio)
    return table


def _score_table(scores: tuple[Score, ...]) -> Table:
    table = narrow_table("variant", "accuracy", "top-5", "macro\nF1", "micro\nF1", "mean of\nsources", "ECE")
    for row in scores:
        figures = (row.top5, row.macro_f1, row.micro_f1, row.source_mean)
        ece = "" if row.ece is None else f"{row.ece:.3f}"
        table.add_row(row.variant, interval(row.accuracy), *(f"{value:.3f}" for value in figures), ece)
    return table


def _retention_table(scores: tuple[Score, ...], reference: str) -> Table:
    table = narrow_table("variant", "retention", "lost", "won", "p (McNemar)", "same\nlabel")
    for row in scores:
        if row.mcnemar is not None:
            counted = (str(row.mcnemar.lost), str(row.mcnemar.won), f"{row.mcnemar.p:.3g}")
            table.add_row(row.variant, interval(row.retention, digits=4), *counted, percent(row.agreement))
    table.caption = f"lost: only {reference} was right; won: only the variant was"
    return table


def _source_table(scores: tuple[Score, ...], data: DataInfo) -> Table:
    table = narrow_table("source", "examples", *(row.variant for row in scores), "trained\non")
    for source in data.sources:
        known = "yes" if source.seen else "no" if data.sources_known else "?"
        values = (f"{row.sources[source.name]:.3f}" for row in scores)
        table.add_row(escape(source.name), str(source.n), *values, known)
    return table


def _class_table(score: Score) -> Table:
    table = narrow_table("class", "examples", "F1", "precision", "recall", "false\nnegatives", "false\npositives")
    wrong = [entry for entry in score.classes if entry.n and entry.f1 < 1]
    worst = sorted(wrong, key=lambda entry: (entry.f1, entry.name))[:_WORST]
    for entry in worst:
        precision = "" if entry.precision is None else f"{entry.precision:.3f}"
        errors = (str(entry.false_negatives), str(entry.false_positives))
        table.add_row(escape(entry.name), str(entry.n), f"{entry.f1:.3f}", precision, f"{entry.recall:.3f}", *errors)
    return table


def _print_confusions(console: Console, score: Score) -> None:
    worst = [f"{escape(c.shown)} as {escape(c.answer)} ({c.count} of {c.n})" for c in score.confusions[:_WORST]]
    line(console, f"Commonest mistakes: {', '.join(worst) or 'none'}")
    if score.pairs:
        line(console, f"Letters alike: {', '.join(f'{pair} {count}' for pair, count in score.pairs.items())}")


def _print_left_out(console: Console, data: DataInfo) -> None:
    if data.without_hand:
        line(
            console,
            f"No hand was found in {data.without_hand} pictures: "
            f"right for {data.without_hand_right} that show `nothing`, counted as wrong for the others",
        )
    if data.unknown:
        total = sum(data.unknown.values())
        line(console, f"Left out: {total} examples of labels that the model does not have: {counts(data.unknown)}")
    if data.respelt:
        spelt = ", ".join(f"{escape(label)} as {escape(name)}" for label, name in data.respelt.items())
        line(console, f"Labels that differ in case only were taken for the model's: {spelt}")
    for misfit in data.misfits:
        line(console, f"Left out: {misfit.n} {misfit.format} of {escape(misfit.where)}, which this model cannot read")
    if data.unreadable:
        line(console, f"[yellow]Left out: {len(data.unreadable)} files that cannot be read, as was asked for[/]")
        for text in data.unreadable[:_WORST]:
            line(console, f"  {escape(text)}")


def _seen(data: DataInfo) -> str:
    seen = sum(source.n for source in data.sources if source.seen)
    if not data.sources_known:
        return "The bundle does not say what it was trained on: accuracy may be of examples that it has seen."
    if not seen:
        return "The bundle names none of these sources as seen in training."
    if seen == data.n:
        return "All of them were seen in training: accuracy here says nothing about new signers, retention still holds."
    return f"{seen} of them were seen in training."
