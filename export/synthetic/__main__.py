"""The command line: ``python -m export.synthetic word|stills|skeletons``."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
from rich.console import Console
from rich.progress import track

from edge.errors import FingerpostError, UsageError
from export.synthetic.clip import SUFFIXES, check_clip_path, truth, write_clip, write_truth
from export.synthetic.dataset import Still, draw_still, find_landmarks, pipeline_finder, write_set
from export.synthetic.poses import LETTERS
from export.synthetic.skeletons import write_skeletons
from export.synthetic.style import BACKGROUNDS, LIGHTS, TONES, Style
from export.synthetic.words import render_word, word_length


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code that `edge.errors` documents."""
    parser = _parser()
    given = sys.argv[1:] if arguments is None else arguments
    options = parser.parse_args(given)
    try:
        made_by = "python -m export.synthetic " + shlex.join(given)
        {"word": _word, "stills": _stills, "skeletons": _skeletons}[options.command](options, made_by)
    except FingerpostError as error:
        print(f"export.synthetic: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m export.synthetic", description="Draw a hand that finger-spells.")
    commands = parser.add_subparsers(dest="command", required=True)
    word = commands.add_parser("word", help="a word as a clip, with its truth in a JSON file beside it")
    word.add_argument("word", help=f"of the letters {LETTERS}")
    word.add_argument("--output", type=Path, required=True, metavar="FILE", help=" ".join(SUFFIXES))
    word.add_argument("--seed", type=int, help="draws tone, light, background and gender; what is named wins")
    word.add_argument("--tone", choices=TONES)
    word.add_argument("--light", choices=LIGHTS)
    word.add_argument("--background", choices=BACKGROUNDS)
    word.add_argument("--hand", choices=("left", "right"))
    word.add_argument("--fps", type=float, default=25.0)
    word.add_argument("--hold", type=float, default=1.0, metavar="SECONDS", help="how long each letter is held")
    stills = commands.add_parser("stills", help="random views of all letters, as landmarks (.npz) or pictures (folder)")
    stills.add_argument("--count", type=int, required=True)
    stills.add_argument("--seed", type=int, default=0)
    stills.add_argument("--between", type=float, default=0.0, metavar="SHARE", help="of hands between two letters")
    stills.add_argument("--output", type=Path, required=True, metavar="FILE.npz|FOLDER")
    skeletons = commands.add_parser("skeletons", help="joints of letters from any side, without pictures (.npz)")
    skeletons.add_argument("--count", type=int, required=True)
    skeletons.add_argument("--seed", type=int, default=0)
    skeletons.add_argument("--output", type=Path, required=True, metavar="FILE.npz")
    return parser


def _word(options: argparse.Namespace, made_by: str) -> None:
    named = {name: getattr(options, name) for name in ("tone", "light", "background", "hand")}
    named = {name: value for name, value in named.items() if value is not None}
    style = Style(**named) if options.seed is None else Style.draw(options.seed, **named)
    if options.fps <= 0 or options.hold <= 0:
        raise UsageError("no such pace", expected="--fps and --hold above 0", found=f"{options.fps}, {options.hold}")
    check_clip_path(options.output)
    count = word_length(options.word, fps=options.fps, hold=options.hold)
    frames = render_word(options.word, style=style, fps=options.fps, hold=options.hold)
    shown = track(frames, options.word, total=count, console=Console(stderr=True))
    drawn = write_clip(options.output, shown, options.fps)
    path = options.output.with_suffix(".json")
    write_truth(path, truth(options.word, drawn, fps=options.fps, style=style, made_by=made_by))
    print(f"{options.output} ({options.output.stat().st_size // 1024} KiB, {count} frames) and {path}")


def _stills(options: argparse.Namespace, made_by: str) -> None:
    if options.count < 1 or not 0 <= options.between <= 1:
        raise UsageError(
            "no such set", expected="--count from 1, --between 0 to 1", found=f"{options.count}, {options.between}"
        )
    drawn = (draw_still(options.seed, index, between=options.between) for index in range(options.count))
    shown: Iterator[Still] = iter(track(drawn, "stills", total=options.count, console=Console(stderr=True)))
    if options.output.suffix == ".npz":
        from edge.engines import OnnxEngine
        from export.graphs.hands import hand_networks

        engines = {network.role: OnnxEngine(network.model) for network in hand_networks()}
        data = find_landmarks(shown, pipeline_finder(engines["palm"], engines["hand"]))
        write_set(options.output, data, made_by=made_by)
        print(f"{options.output}: {len(data.labels)} hands found, {len(data.missed)} missed")
        return
    options.output.mkdir(parents=True, exist_ok=True)
    for index, still in enumerate(shown):
        frame = still.render()
        cv2.imwrite(str(options.output / f"{index:05d}-{frame.label or 'between'}.png"), frame.image)
    print(f"{options.output}: {options.count} pictures")


def _skeletons(options: argparse.Namespace, made_by: str) -> None:
    if options.count < 1 or options.output.suffix != ".npz":
        raise UsageError(
            "no such set", expected="--count from 1, --output FILE.npz", found=f"{options.count}, {options.output}"
        )
    write_skeletons(options.output, options.seed, options.count, made_by=made_by)
    print(f"{options.output}: {options.count} skeletons")


if __name__ == "__main__":
    sys.exit(main())
