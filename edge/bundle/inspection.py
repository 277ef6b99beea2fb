"""A bundle in words."""

from __future__ import annotations

from collections.abc import Iterator

from edge.bundle.reader import Bundle
from edge.bundle.signing import KEY_SIZE, fingerprint


def describe_bundle(bundle: Bundle) -> Iterator[str]:
    """Line by line what a deployer wants to know; the words come from the manifest and are not made safe here."""
    manifest = bundle.manifest
    yield f"{bundle.title} (serial {manifest.serial}), {manifest.task} for {manifest.target}, {human_size(bundle.size)}"
    yield f"made {manifest.created} with " + ", ".join(f"{k} {v}" for k, v in sorted(manifest.tools.items()))
    yield f"runs on {', '.join(manifest.hardware)}"
    yield f"model {manifest.origin.model}, {manifest.origin.parameters:,} parameters" + (
        f", checkpoint {manifest.origin.checkpoint}" if manifest.origin.checkpoint else ""
    )
    for tensor in manifest.input.tensors:
        axes = ", ".join(f"{a} {'any' if n is None else n}" for a, n in zip(tensor.axes, tensor.shape, strict=True))
        yield f"input {tensor.name} {tensor.dtype} ({axes})"
    if manifest.input.window:
        window = manifest.input.window
        yield f"window {window.frames} frames at {window.rate:g} per second = {window.frames / window.rate:.2f} s"
    for kind in ("letter", "word", "key"):
        names = [label.name for label in manifest.labels if label.kind == kind]
        if names:
            yield f"{len(names)} {kind}{'s' * (len(names) > 1)}: {' '.join(names)}"
    for network in manifest.networks:
        parity = network.parity
        yield f"{network.role} {network.variant}: {human_size(network.size)}, opset {network.opset}" + (
            f", differs from {parity.against} by at most {parity.max_abs_diff:.2g}"
            + (f", same label in {parity.label_agreement:.1%}" if parity.label_agreement is not None else "")
            + f" of {parity.n}"
            if parity
            else ""
        )
    yield f"golden inputs: {manifest.golden_from or 'rendered, nobody is in them'}"
    for m in manifest.measurements:
        interval = f" ({m.low:.4f} to {m.high:.4f})" if m.low is not None and m.high is not None else ""
        yield f"{m.name} {m.variant}: {m.value:.4f}{interval}, n = {m.n}, {m.data}, {m.split}"
    for licence in manifest.licences:
        yield f"{licence.subject}: {licence.spdx}, {licence.source}"
    key = signer(bundle)
    yield f"signed by the key {key}, which says nothing until it is trusted" if key else "not signed"


def signer(bundle: Bundle) -> str | None:
    """The fingerprint of the key that claims to have signed the bundle, unchecked; None when it is not signed."""
    signature = bundle.signature()
    return fingerprint(signature[:KEY_SIZE]) if signature else None


def human_size(size: int) -> str:
    """Bytes as people write them: 1.6 MB."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"
