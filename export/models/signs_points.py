"""The 118 of MediaPipe Holistic's 543 landmarks that the networks for isolated signs look at, and their mirror images.

The lists are those of the third seed document, in its order: lips, left hand, right hand, nose, right eye, left eye.
Numbers are rows of a frame as `export.training.sign_data` reads it; those below 468 are MediaPipe's face mesh.
"""

from __future__ import annotations

_LIPS = (
    *(0, 61, 185, 40, 39, 37, 267, 269, 270, 409, 291, 146, 91, 181, 84, 17, 314, 405, 321, 375),
    *(78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308),
)
_LEFT_HAND = tuple(range(468, 489))
_RIGHT_HAND = tuple(range(522, 543))
_NOSE = (1, 2, 98, 327)
_RIGHT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173)
_LEFT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398)

POINTS = (*_LIPS, *_LEFT_HAND, *_RIGHT_HAND, *_NOSE, *_RIGHT_EYE, *_LEFT_EYE)
HANDS = slice(len(_LIPS), len(_LIPS) + len(_LEFT_HAND) + len(_RIGHT_HAND))
"""Places in `POINTS` of the left and the right hand's 21 points."""
CENTRE = POINTS.index(17)
"""Place in `POINTS` of the point that sequences are centred on. The document calls it the nose; in MediaPipe's mesh
number 17 is the middle of the lower lip, which serves as well."""

_LIP_PAIRS = (
    *((84, 314), (181, 405), (91, 321), (146, 375), (61, 291), (185, 409), (40, 270), (39, 269), (37, 267)),
    *((87, 317), (178, 402), (88, 318), (95, 324), (78, 308), (191, 415), (80, 310), (81, 311), (82, 312)),
)
_PAIRS = (
    *_LIP_PAIRS,
    (98, 327),
    *zip(_LEFT_HAND, _RIGHT_HAND, strict=True),
    *zip(_RIGHT_EYE, _LEFT_EYE, strict=True),
)
_OTHER_SIDE = {**dict(_PAIRS), **{right: left for left, right in _PAIRS}}
MIRRORED = tuple(POINTS.index(_OTHER_SIDE.get(point, point)) for point in POINTS)
"""For each place in `POINTS` the place of its mirror image; points on the face's midline are their own."""
