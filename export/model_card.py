"""The model card of a bundle whose checkpoint came without one: what is known, and that the rest is not."""

from __future__ import annotations

from collections.abc import Sequence

from export.classifier import Classifier
from export.graphs.types import BuiltNetwork


def write_card(classifier: Classifier, name: str, version: str, networks: Sequence[BuiltNetwork]) -> str:
    """Markdown."""
    labels = classifier.labels
    kinds = {kind: sum(label.kind == kind for label in labels) for kind in ("letter", "word", "key")}
    counts = ", ".join(f"{count} {kind}{'s' if count != 1 else ''}" for kind, count in kinds.items() if count)
    window = classifier.contract.window
    lines = [
        f"# {name} {version}",
        "",
        "Written by the export, as the checkpoint came without a model card.",
        "",
        f"- Model: {classifier.model}, {classifier.parameters:,} parameters",
        f"- Weights: {classifier.checkpoint}, sha256 `{classifier.checkpoint_sha256}`,"
        f" licence {classifier.licence or 'not stated'}",
        f"- Task: {classifier.task}; input as in the manifest; {classifier.output} out",
        f"- Classes: {len(labels)} ({counts})",
    ]
    if window is not None:
        lines.append(f"- Window: {window.frames} frames at {window.rate:g} per second")
    lines += [f"- {note[0].upper()}{note[1:]}" for note in classifier.notes]
    lines += ["", "## How the variants compare", "", "| variant | largest difference | same label | inputs |"]
    lines.append("|---|---|---|---|")
    for network in networks:
        parity = network.parity
        if network.role == "classifier" and parity is not None and parity.label_agreement is not None:
            lines.append(
                f"| {network.variant} | {parity.max_abs_diff:.2g} | {parity.label_agreement:.1%} | {parity.n} |"
            )
    lines += [
        "",
        "Measured on the golden inputs in this bundle: it says that the variants compute the same, nothing about how",
        "well they read people.",
        "",
        "## Accuracy",
        "",
        "Not known to this project. Measure it on recordings of people the model was not trained on before anyone",
        "relies on it.",
        "",
    ]
    return "\n".join(lines)


def golden_section(golden_from: str) -> str:
    """What a card says about golden inputs that show people; nothing where they are rendered."""
    if not golden_from:
        return ""
    return (
        "\n## People in this bundle\n\n"
        f"The golden inputs are {golden_from}. They travel with the bundle: see that everybody who is in them agrees.\n"
    )
