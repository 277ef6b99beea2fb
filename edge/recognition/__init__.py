"""From hands to signs: windowing by time, segmentation, classification, deciding when a sign happened."""

from edge.recognition.labels import LabelInfo
from edge.recognition.recogniser import Recogniser
from edge.recognition.settings import RecognitionSettings

__all__ = ["LabelInfo", "Recogniser", "RecognitionSettings"]
