"""From a bundle and a command line to a `Runtime`: the one place that knows every room.

In this order, so that what is likeliest to be wrong is said first and nothing is held while something slow happens: the
bundle, the source, the classifier's variants on the golden inputs, the hand networks. Heavy packages are imported on
the way, never earlier: a landmark recording needs no OpenCV, and ``--help`` needs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from edge.bundle.choice import choose_variants, insist, onnx_engines
from edge.bundle.manifest import Manifest, Precision, Role, Window
from edge.bundle.reader import Bundle, open_bundle
from edge.bundle.signing import read_trust
from edge.bundle.store import Store
from edge.capture.opening import open_source
from edge.config import RunSettings
from edge.errors import BundleError, StoreError
from edge.language import Composer
from edge.outputs.base import Output
from edge.recognition import LabelInfo, Recogniser
from edge.runtime import Runtime
from edge.service.notify import Notifier

if TYPE_CHECKING:
    from edge.engines.base import Engine
    from edge.landmarks.base import Landmarker

_ASPECT = 4 / 3
_HAND_ROLES: tuple[Role, ...] = ("palm", "hand")
_PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16", "int8")
"""In which order the hand networks are preferred; which one is fastest is not measured yet."""


@contextmanager
def assembled(
    settings: RunSettings,
    outputs: Sequence[Output],
    *,
    notifier: Notifier,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Runtime]:
    """A runtime that is ready to run; what it opened is closed on the way out.

    Raises BundleError, StoreError, SourceError, EngineError or CheckFailedError.
    """
    with ExitStack() as stack:
        bundle, store = _open(settings)
        stack.callback(bundle.close)
        window = _checked(bundle.manifest, bundle.path)
        source = open_source(settings.source, fps=settings.fps, realtime=settings.realtime)
        stack.callback(source.close)
        variant, engine = _classifier(bundle, store, settings)
        stack.callback(engine.close)
        landmarker: Landmarker | None = None
        if source.delivers == "frames":
            landmarker = _landmarker(bundle, settings.threads)
            stack.callback(landmarker.close)
        manifest = bundle.manifest
        labels = tuple(LabelInfo(each.name, each.kind, each.moving, each.text) for each in manifest.labels)
        yield Runtime(
            source,
            landmarker=landmarker,
            recogniser=Recogniser(
                engine,
                labels=labels,
                window=window.frames,
                rate=window.rate,
                aspect=manifest.input.aspect or _ASPECT,
                logits=manifest.output == "logits",
            ),
            composer=Composer(labels),
            outputs=outputs,
            notifier=notifier,
            progress=progress,
            max_frames=settings.max_frames,
            bundle=bundle.title,
            variant=variant,
        )


def _open(settings: RunSettings) -> tuple[Bundle, Store | None]:
    trust = read_trust(settings.policy, settings.keys)
    if settings.bundle is None:
        store = Store(settings.store, trust=trust)
        active = store.active()
        if active is None:
            raise StoreError(
                "no bundle is active here",
                where=settings.store,
                remedy="install one with `python -m edge install FILE`, or name one with --bundle FILE",
            )
        return active, store
    bundle = open_bundle(settings.bundle)
    try:
        trust.check(bundle)
        bundle.verify()
    except BaseException:
        bundle.close()
        raise
    return bundle, None


def _checked(manifest: Manifest, where: object) -> Window:
    contract = manifest.input
    if manifest.task != "hand-sequence" or contract.window is None:
        raise BundleError("this release runs hand-sequence models only", where=where, found=manifest.task)
    if contract.mirrored or contract.missing != "zero":
        raise BundleError(
            "the model wants its input in a way that this release does not give",
            where=where,
            expected="pictures not mirrored, a missing hand as zeros",
            found=f"mirrored {contract.mirrored}, missing {contract.missing}",
            remedy="put the conversion into the model's preprocessing and export it again",
        )
    return contract.window


def _classifier(bundle: Bundle, store: Store | None, settings: RunSettings) -> tuple[Precision, Engine]:
    make_engine, runtime = onnx_engines(settings.threads)
    if settings.variant == "auto":
        roles: tuple[Role, ...] = ("classifier",)
        choices = choose_variants(bundle, make_engine, runtime=runtime, store=store, roles=roles)
        variant = choices.chosen("classifier")
    else:
        variant = insist(bundle, make_engine, settings.variant).chosen
    return variant, make_engine(bundle.network("classifier", variant), f"{bundle.title} {variant}")


def _landmarker(bundle: Bundle, threads: int) -> Landmarker:
    import cv2

    from edge.landmarks import open_hand_pipeline

    cv2.setNumThreads(threads)  # of the process, so it is set here and not in a room
    palm, hand = (bundle.network(role, _precision(bundle, role)) for role in _HAND_ROLES)
    return open_hand_pipeline(palm, hand, threads=threads)


def _precision(bundle: Bundle, role: Role) -> Precision:
    have = bundle.manifest.variants(role)
    if not have:
        raise BundleError(
            f"the bundle has no {role} network, so no hands can be found in pictures",
            where=bundle.path,
            remedy="export it again with hand networks, or run it on a landmark recording (.npz)",
        )
    return min(have, key=_PRECISIONS.index)
