"""From hands to signs: windowing by time, segmentation, classification, deciding when a sign happened."""

from edge.recognition.gestures import GestureReader
from edge.recognition.inputs import Pictures, Windows, hand_window, holistic_window
from edge.recognition.labels import LabelInfo
from edge.recognition.recogniser import Recogniser
from edge.recognition.settings import RecognitionSettings
from edge.recognition.whole import WholePictureRecogniser

__all__ = [
    "GestureReader",
    "LabelInfo",
    "Pictures",
    "Recogniser",
    "RecognitionSettings",
    "WholePictureRecogniser",
    "Windows",
    "hand_window",
    "holistic_window",
]
