"""What is read does not depend on the camera's rate; a sign is read once, a doubled letter twice."""

from __future__ import annotations

import numpy as np
import pytest

from edge.recognition import RecognitionSettings
from edge.types import Hands, SignEvent

RATES = (8, 15, 25, 30)


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("word", ["BALL", "COAL", "LOLL", "ABBA"])
def test_a_word_is_read_alike_at_every_camera_rate(signer, read, fps, word) -> None:
    assert read(signer.spell(word).film(fps)).text == word


@pytest.mark.parametrize("fps", RATES)
def test_lost_pictures_and_uneven_timestamps_change_nothing(signer, read, fps) -> None:
    film = signer.spell("BALLOB", hold=0.9, glide=0.45).film(fps, drop=0.1, uneven=0.5)
    assert read(film).text == "BALLOB"


@pytest.mark.parametrize(("hold", "glide"), [(0.5, 0.25), (1.2, 0.5)])
def test_fast_and_slow_signers_are_read(signer, read, hold, glide) -> None:
    assert read(signer.spell("CALLB", hold=hold, glide=glide).film(25)).text == "CALLB"


@pytest.mark.parametrize("size", [0.08, 0.2, 0.4])
def test_distance_to_the_camera_does_not_matter(signer, read, size) -> None:
    assert read(signer.spell("BALL").film(15, size=size)).text == "BALL"


@pytest.mark.parametrize("aspect", [16 / 9, 4 / 3, 3 / 4])
def test_the_picture_s_aspect_does_not_matter(signer, read, aspect) -> None:
    assert read(signer.spell("COLA").film(15, aspect=aspect)).text == "COLA"


def test_a_doubled_letter_is_read_twice_and_a_held_one_once(signer, read) -> None:
    doubled = signer.rest().come("L").hold("L", 3.0).glide("L", by=0.35, lift=0.12).hold("L", 3.0).rest()
    assert read(doubled.film(25)).text == "LL"


def test_a_doubled_letter_that_is_decided_only_at_the_end_of_its_holds_is_read_twice(signer, read) -> None:
    def hesitant(feeds):
        return {"logits": np.array([[0, 0, 0, 1.6, 0, 0, -9, -9]], np.float32)}

    film = signer.rest().come("L").hold("L").glide("L", by=0.35, lift=0.12).hold("L").rest().film(25)
    assert read(film, function=hesitant).text == "LL"


@pytest.mark.parametrize("fps", RATES)
def test_a_bounce_on_the_spot_doubles_too(signer, read, fps) -> None:
    film = signer.rest().come("L").hold("L").glide("L", lift=0.5).hold("L").rest().film(fps)
    assert read(film).text == "LL"


@pytest.mark.parametrize("fps", RATES)
def test_a_letter_held_for_long_by_a_trembling_hand_is_read_once(signer, read, fps) -> None:
    assert read(signer.rest().come("B").hold("B", 8.0).rest().film(fps, jitter=0.03)).text == "B"


def test_a_slow_drift_does_not_double(signer, read) -> None:
    film = signer.rest().come("B").hold("B").glide("B", 4.0, by=1.0).hold("B").rest().film(25)
    assert read(film).text == "B"


def test_a_hand_that_the_landmarker_loses_for_a_moment_is_read_once(signer, read) -> None:
    film = signer.rest().come("B").hold("B", 2.0).rest().film(30)
    gone = [h if not 1.8 < h.time < 2.05 else _nobody(h) for h in film]
    assert read(gone).text == "B"


def test_landmarks_that_jump_for_one_frame_do_not_double(signer, read) -> None:
    film = signer.rest().come("B").hold("B", 2.0).rest().film(30)
    at = next(i for i, h in enumerate(film) if h.time > 2.0)
    h = film[at]
    film[at] = Hands(h.landmarks + np.float32(0.3), h.presence, h.aspect, h.time, h.captured, h.index)
    assert read(film).text == "B"


def test_a_hand_that_left_and_came_back_signs_anew(signer, read) -> None:
    film = signer.rest().come("B").hold("B").rest(1.0).come("B").hold("B").rest().film(25)
    assert read(film).text == "BB"


def test_a_lone_hand_that_changes_its_slot_stays_one_hand(signer, read) -> None:
    film = signer.spell("BALL").film(25)
    flipped = [
        Hands(np.ascontiguousarray(h.landmarks[::-1]), h.presence[::-1], h.aspect, h.time, h.captured, h.index)
        if h.index % 7 == 0
        else h
        for h in film
    ]
    assert read(flipped).text == "BALL"


def test_a_letter_is_decided_while_it_is_held(signer, read) -> None:
    film = signer.rest(0.6).come("B", 0.4).hold("B", 3.0).rest().film(30)
    (sign,) = read(film).signs
    assert 0.9 <= sign.begin <= 1.15
    assert sign.captured - sign.begin < 0.55
    assert sign.kind == "letter"
    assert sign.confidence > 0.6
    assert sign.alternatives[0][1] < sign.confidence


def test_a_movement_is_a_word_and_the_hold_it_ends_in_no_letter(signer, read) -> None:
    film = signer.rest().come("B").wave().hold("B", 1.0).rest().film(25)
    (sign,) = read(film).signs
    assert (sign.label, sign.kind) == ("wave", "word")


def test_a_movement_that_ends_by_leaving_is_a_word(signer, read) -> None:
    assert read(signer.rest().come("B").wave().rest().film(25)).labels == ["wave"]


def test_a_word_that_is_part_movement_part_hold_is_read_when_the_hand_leaves(signer, read) -> None:
    def slow_word(feeds):
        return {"logits": np.array([[1.0, 1.1, 1, 1, 1, 0, 0, 4.0]], np.float32)}

    film = signer.rest(1.0).come("B", 0.3).hold("B", 0.9).rest(1.0).film(25)
    assert read(film, function=slow_word).labels == ["wave"]
    longer = signer.come("B", 0.3).hold("B", 5.0).rest(1.0).film(25)
    assert read(longer, function=slow_word).labels == ["wave"], "a hand that rests in the picture is no sign"


def test_letters_words_and_letters(signer, read) -> None:
    signer.spell("AL").rest(1.0).come("B").wave().rest(1.0).spell("CO")
    assert read(signer.film(15)).labels == ["A", "L", "wave", "C", "O"]


def test_while_spelling_a_movement_is_rather_a_moving_letter_and_the_next_letter_is_read(signer, read) -> None:
    film = signer.rest().come("B").hold("B").wave().glide("L").hold("L").rest().film(25)
    assert read(film).labels == ["B", "Z", "L"]


def test_glides_between_letters_are_no_words(signer, read) -> None:
    def always_wave(feeds):
        return {"logits": np.array([[0.0] * 7 + [1.0]], np.float32)}

    film = signer.spell("BALCO", glide=0.5).film(25)
    assert "wave" not in read(film, function=always_wave).labels


def test_a_shape_that_changes_without_a_fast_movement_is_another_letter(signer, read) -> None:
    film = signer.rest().come("A").hold("A", 1.0).glide("C", 2.5).hold("C", 1.0).rest().film(25)
    assert read(film).text[0] == "A"
    assert read(film).text[-1] == "C"


def test_a_network_that_wavers_between_two_letters_does_not_stutter(signer, read) -> None:
    calls = iter(range(10_000))

    def wavering(feeds):
        first = next(calls) // 6 % 2
        return {"logits": np.array([[6.0 * (1 - first), 6.0 * first, 0, 0, 0, 0, 0, 0]], np.float32)}

    film = signer.rest().come("B").hold("B", 6.0).rest().film(25)
    assert len(read(film, function=wavering).labels) == 1


def test_an_unclear_shape_is_reported_as_unsure_with_the_two_likeliest(signer, read) -> None:
    def torn(feeds):
        return {"logits": np.array([[2.0, 2.1, 1.9, 1.9, 1.9, 0, 0, 0]], np.float32)}

    reading = read(signer.rest().come("B").hold("B", 2.0).rest().film(25), function=torn)
    assert reading.labels == []
    (unsure,) = (state for state in reading.states if state.name == "unsure")
    assert [label for label, _ in unsure.alternatives] == ["B", "A"]
    assert 1 > unsure.alternatives[0][1] >= unsure.alternatives[1][1] > 0


def test_states_follow_the_hand(signer, read) -> None:
    reading = read(signer.rest().come("B").hold("B", 2.0).glide("A").hold("A").rest(1.0).film(25))
    assert [s.name for s in reading.states] == [
        *("waiting", "hand", "recognising", "sure", "recognising"),
        *("hand", "recognising", "sure", "waiting"),
    ]


def test_sure_lasts_a_moment_and_hands_that_left_meanwhile_are_away_since_they_left(signer, read) -> None:
    reading = read(signer.rest().come("B").hold("B", 0.6).rest(2.0).film(25))
    sign = reading.signs[0]
    sure, waiting = reading.states[-2:]
    assert (sure.name, waiting.name) == ("sure", "waiting")
    assert sure.time >= sign.end
    at = reading.results.index
    assert at(sure) == at(sign) + 1
    left = 0.6 + 0.4 + 0.6  # rest, come, hold
    assert left < waiting.time < left + RecognitionSettings().bridge + 0.2 < sure.time + RecognitionSettings().sure_for


def test_the_guess_follows_a_held_hand_before_anything_is_decided(signer, make_recogniser) -> None:
    recogniser = make_recogniser()
    guesses, decided = [], []
    for hands in signer.rest().come("B").hold("B", 1.0).rest(1.0).film(25):
        decided += [result for result in recogniser.push(hands) if isinstance(result, SignEvent)]
        guesses.append((recogniser.guess, bool(decided)))
    first = next(n for n, (guess, _) in enumerate(guesses) if guess is not None)
    guess, already = guesses[first]
    assert not already
    assert (guess.label, guess.kind) == ("B", "letter")
    assert guess.confidence > sum(share for _, share in guess.alternatives)
    assert guesses[0][0] is None and guesses[-1][0] is None, "nobody is there"


def test_nothing_is_no_sign(signer, read) -> None:
    assert read(signer.rest().come("nothing").hold("nothing", 2.0).rest().film(25)).labels == []


def test_what_is_open_at_the_end_is_decided_then(signer, read) -> None:
    film = signer.rest().come("B").hold("B", 0.6).film(30)
    assert read(film, settings=RecognitionSettings(agree=99)).text == "B"
    film = signer.rest(1.0).come("B").wave().film(30)
    assert read(film).labels[-1] == "wave"


def test_a_network_that_computes_nan_reads_nothing(signer, read) -> None:
    def broken(feeds):
        return {"logits": np.full((1, 8), np.nan, np.float32)}

    film = signer.rest().come("B").hold("B").wave().rest(1.0).film(25)
    assert read(film, function=broken).labels == []


def test_settings_count(signer, read) -> None:
    film = signer.spell("BALL").film(25)
    assert read(film, settings=RecognitionSettings(hold=5.0)).text == ""
    assert read(film, settings=RecognitionSettings(repeat=9.0)).text == "BAL"


def _nobody(h: Hands) -> Hands:
    return Hands(np.zeros_like(h.landmarks), (0.0, 0.0), h.aspect, h.time, h.captured, h.index)
