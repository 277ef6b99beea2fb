"""Every threshold of the recogniser, with its unit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecognitionSettings:
    """Lengths are in hand sizes (`edge.recognition.motion`), times in seconds of the source.

    The defaults were chosen on synthetic joint sequences and rendered clips and checked on recordings that took no
    part in it (`python -m benchmarks.spelling`).
    """

    still: float = 0.55
    """Below this speed (hand sizes per second) a moving hand comes to rest ..."""
    move: float = 0.82
    """... and above this one a resting hand moves: two thresholds, so that a trembling hand does neither."""
    bridge: float = 0.35
    """A hand lost by the landmarker for less than this has not left."""
    hold: float = 0.32
    """A shape is looked at once it has been still for this long."""
    glance: float = 0.28
    """A glance at a hold shows the network this much of it; longer ones were read worse (rendered words, left-out
    signers): the network knows long stills from posed recordings and takes the stillness for part of the sign."""
    look_back: float = 0.6
    """What is decided on is the mean of the glances of the last this much."""
    agree: int = 2
    """A held shape is decided when this many looks in a row agree."""
    confidence: float = 0.6
    """The least share of a letter or key among all letters and keys."""
    margin: float = 0.2
    """Its least lead over the next."""
    floor: float = 0.2
    """Letters and keys that together have less probability than this have their shares cut accordingly."""
    last_chance: float = 0.3
    """The least share when the hold ends undecided."""
    change: float = 0.3
    """Within one hold, another shape must win for this long to be read as another letter."""
    change_distance: float = 0.05
    """... and the fingers must have changed by at least this, else the model merely wavers."""
    repeat: float = 0.2
    """The same letter is read again when the hand went away from its place, or changed, by this much in between."""
    repeat_time: float = 0.1
    """... for at least this long: a landmark that jumps for one frame is no movement."""
    shape_confidence: float = 0.6
    """The least probability, among all signs, of a word that is held, or that a whole stay of the hand shows."""
    moving_time: float = 0.6
    """A movement shorter than this is a transition between letters, not a sign."""
    moving_path: float = 0.9
    """... and so is one whose hand travels less than this."""
    moving_confidence: float = 0.45
    """The least share of a moving sign among all moving signs; `margin` holds as well."""
    floor_moving: float = 0.4
    """Moving signs that together have less probability than this have their shares cut accordingly."""
    unsure_after: float = 0.8
    """A shape held this long without a decision is reported as unsure."""
    sure_for: float = 0.8
    """For this long after a decision the state is sure: long enough to be seen from the corner of an eye."""
