"""From signs to text: letters join to words, word signs to sentences, keys edit.

`edge.language.sentence` corrects the spelling and makes sentences; it is imported by whoever wants them.
"""

from edge.language.composer import Composer

__all__ = ["Composer"]
