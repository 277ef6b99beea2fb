"""From a bundle and a command line to a `Runtime`: with `edge.tasks`, the one place that knows every room.

In this order, so that what is likeliest to be wrong is said first and nothing is held while something slow happens: the
bundle, the source, the networks' variants on the golden inputs, the landmark networks. Heavy packages are imported on
the way, never earlier: a landmark recording needs no OpenCV, and ``--help`` needs nothing.

A service judges the store's active bundle while it is on trial (`edge.bundle.trial`), from before it is opened to the
end of the run; a run from a terminal judges nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from edge.bundle.acceptance import Acceptance, EngineFactory, check_golden
from edge.bundle.choice import Choices, choose_variants, insist
from edge.bundle.device_engines import DeviceEngines, engines_folder
from edge.bundle.manifest import Role
from edge.bundle.reader import Bundle, open_bundle
from edge.bundle.signing import Trust, read_trust
from edge.bundle.store import Store
from edge.bundle.trial import TrialGate
from edge.capture.base import Source
from edge.capture.opening import open_source
from edge.conditions import OnCpu, RolledBack, TooHot, Updating
from edge.config import RunSettings
from edge.controls import Controls
from edge.engine_builds import BuildNews, trying
from edge.errors import CheckFailedError, EngineError, StoreError
from edge.language import Composer
from edge.memory import give_back_memory
from edge.outputs.base import Output, Viewer
from edge.recognition import GestureReader, LabelInfo, RecognitionSettings
from edge.runtime import Runtime
from edge.sentences import open_language, sentence_roles
from edge.service.notify import Notifier
from edge.tasks import check_source, check_task, landmark_roles, make_recogniser, open_landmarker

if TYPE_CHECKING:
    from edge.engines.base import Engine
    from edge.landmarks.base import Landmarker
    from edge.parts import Condition, Observer
    from edge.service.health import Health
    from edge.service.metrics import Metrics


@contextmanager
def assembled(
    settings: RunSettings,
    outputs: Sequence[Output],
    *,
    notifier: Notifier,
    viewers: Sequence[Viewer] = (),
    controls: Controls | None = None,
    observers: Sequence[Observer] = (),
    watch: Callable[[Source], Source] | None = None,
    stopped: Callable[[], bool] = lambda: False,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Runtime]:
    """A runtime that is ready to run; what it opened is closed on the way out. ``observers`` see each frame's times,
    ``viewers`` its hands; ``watch`` lets somebody see a source's pictures before the loop does; ``controls`` is None
    where nobody can ask for anything. ``stopped`` says whether the run is to end before it has begun: no engine is
    built any more then (KeyboardInterrupt).

    Raises BundleError, StoreError, SourceError, EngineError, CheckFailedError or DependencyError.
    """
    with ExitStack() as stack:
        trust = read_trust(settings.policy, settings.keys)
        store: Store | None = None
        trial: TrialGate | None = None
        if settings.bundle is None:
            store = Store(settings.store, trust=trust)
            if notifier.supervised:
                trial = TrialGate(store, healthy_seconds=settings.trial_seconds)
                stack.enter_context(trial.judged())
            bundle = _active(store)
        else:
            bundle = _checked(settings.bundle, trust)
        stack.callback(bundle.close)
        manifest = bundle.manifest
        check_task(manifest, bundle.path)
        # Nobody is there to plug a camera in and start a service again.
        patient = notifier.supervised
        source = open_source(settings.source, fps=settings.fps, realtime=settings.realtime, patient=patient)
        stack.callback(source.close)
        check_source(manifest, source.delivers, settings.source)
        news = BuildNews(outputs, notifier, stopped=stopped)
        make_engine = DeviceEngines(
            bundle,
            threads=settings.threads,
            folder=engines_folder(store),
            required=settings.require == "tensorrt",
            progress=news,
        )
        roles = landmark_roles(manifest, source.delivers, settings.landmarker, bundle.path)
        roles = (*roles, *sentence_roles(bundle, settings.sentence))
        choices = _chosen(bundle, make_engine, settings, notifier, roles=roles, store=store)
        news.over()

        strict = settings.variant != "auto" or bool(settings.require)
        on_cpu = OnCpu(make_engine.fallback, choices.roles)

        def opened(role: Role) -> Engine:
            return _proven(bundle, make_engine, choices.acceptance(role), strict=strict, lost=on_cpu.lost)

        engine = opened("classifier")
        stack.callback(engine.close)
        landmarker: Landmarker | None = None
        if source.delivers == "frames":
            landmarker = open_landmarker(manifest, opened, landmarker=settings.landmarker, threads=settings.threads)
            stack.callback(landmarker.close)
        variant = choices.chosen("classifier")
        labels = tuple(LabelInfo(each.name, each.kind, each.moving, each.text) for each in manifest.labels)
        composer = Composer(labels)
        sentences, suggester = open_language(
            composer,
            bundle,
            settings,
            live=source.live,
            asked=controls is not None,
            variants=choices,
            make_engine=make_engine,
            stack=stack,
        )
        health, metrics = _watched(settings, notifier, bundle.title, variant, stack)
        give_back_memory()
        yield Runtime(
            watch(cast("Source", source)) if watch is not None and source.delivers == "frames" else source,
            landmarker=landmarker,
            recogniser=make_recogniser(manifest, engine, labels, settings.landmarker, _thresholds(settings)),
            composer=composer,
            sentences=sentences,
            suggester=suggester,
            gestures=GestureReader() if settings.gestures else None,
            forget_after=settings.forget_after,
            conditions=[on_cpu, *_conditions(trial, store, health, bundle.title)],
            viewers=viewers,
            controls=controls,
            outputs=[*outputs, *metrics],
            notifier=notifier,
            trial=trial,
            observers=[*observers, *health, *metrics],
            health=health[0] if health else None,
            progress=progress,
            max_frames=settings.max_frames,
            bundle=bundle.title,
            variant=variant,
            notice=f"on the CPU, without the GPU: {on_cpu.reason}" if on_cpu.reason else "",
        )


def _chosen(
    bundle: Bundle,
    make_engine: DeviceEngines,
    settings: RunSettings,
    notifier: Notifier,
    *,
    roles: Sequence[Role],
    store: Store | None,
) -> Choices:
    """What runs of the classifier and of these roles; where TensorRT is required and refuses, its own reason is raised,
    not that nothing else may run."""
    tried, runtime, fallback = trying(make_engine, notifier), make_engine.runtime, make_engine.fallback
    choose = partial(choose_variants, bundle, tried, runtime=runtime, fallback=fallback, store=store)
    try:
        if settings.variant == "auto":
            return choose(roles=("classifier", *roles))
        others = choose(roles=roles)
        return Choices((insist(bundle, tried, settings.variant), *others.roles))
    except CheckFailedError as error:
        if settings.require and make_engine.refusal is not None:
            raise make_engine.refusal from error
        raise


def _thresholds(settings: RunSettings) -> RecognitionSettings:
    usual = RecognitionSettings()
    return replace(
        usual,
        confidence=usual.confidence if settings.confidence is None else settings.confidence,
        moving_confidence=usual.moving_confidence if settings.moving_confidence is None else settings.moving_confidence,
    )


def _conditions(trial: TrialGate | None, store: Store | None, health: Sequence[Health], bundle: str) -> list[Condition]:
    """What a service tells about itself; a run from a terminal tells nothing."""
    conditions: list[Condition] = [TooHot(each) for each in health]
    if trial is not None:
        conditions.append(Updating(trial, bundle=bundle))
    if trial is not None and store is not None:
        conditions.append(RolledBack(store.status()))
    return conditions


def _watched(
    settings: RunSettings, notifier: Notifier, bundle: str, variant: str, stack: ExitStack
) -> tuple[list[Health], list[Metrics]]:
    """A service watches its board; metrics are served where they were asked for."""
    metrics: list[Metrics] = []
    if settings.metrics is not None:
        from edge.service.metrics import Metrics, MetricsServer

        metrics.append(Metrics(bundle=bundle, variant=variant))
        stack.callback(MetricsServer(metrics[0], settings.metrics).close)
    if not metrics and not notifier.supervised:
        return [], []
    from edge.service.board import Board
    from edge.service.health import Health

    return [Health(Board(disk=settings.store), told=[each.board for each in metrics])], metrics


def _proven(
    bundle: Bundle, make_engine: EngineFactory, chosen: Acceptance, *, strict: bool, lost: Callable[[str, str], None]
) -> Engine:
    """The engine of a network, which has just given a golden answer: since it was chosen, the machine may have become
    faulty. One that was chosen untried, because there is nothing to try it on, is trusted.

    A GPU's engine may be gone and not to be built again: unless that is ``strict``, fp32 takes its place, and ``lost``
    is told the role and the reason."""
    role, variant = chosen.role, chosen.chosen
    try:
        engine = make_engine(bundle.network(role, variant), f"{bundle.title} {role} {variant}")
    except EngineError as error:
        if strict or variant != "fp16" or "fp32" not in bundle.manifest.variants(role):
            raise
        lost(role, str(error))
        engine = make_engine(bundle.network(role, "fp32"), f"{bundle.title} {role} fp32")
    if chosen.results:
        try:
            check_golden(bundle, engine, role)
        except BaseException:
            engine.close()
            raise
    return engine


def _active(store: Store) -> Bundle:
    active = store.active()
    if active is None:
        raise StoreError(
            "no bundle is active here",
            where=store.root,
            remedy="install one with `python -m edge install FILE`, or name one with --bundle FILE",
        )
    return active


def _checked(path: Path, trust: Trust) -> Bundle:
    bundle = open_bundle(path)
    try:
        trust.check(bundle)
        bundle.verify()
    except BaseException:
        bundle.close()
        raise
    return bundle
