"""From signs in the order of ASL to a plain English sentence, by a few rules and no model.

The rules add forms of *be* and *do*, the question mark and commas; they move a question word to the front and make a
leading ME an *I*. Nothing else is added or left out: articles, tenses and endings are not guessed, and what no rule
knows stays in the order in which it was signed. A statement about *you* ends in a question mark, because the eyebrows
that ask a question in ASL are not seen and one seldom tells people how they are:

    HELLO, MY NAME, J-O-H-N     Hello, my name is John.
    ME HUNGRY                   I am hungry.
    YOU HUNGRY                  You are hungry?
    YOU LIVE WHERE              Where do you live?
    ME NOT WANT COFFEE          I do not want coffee.
"""

from __future__ import annotations

from collections.abc import Sequence

from edge.language.words import Composed

BY = "rules"
"""The name of these rules in a sentence's ``by``."""
_BE = {"i": "am", "you": "are", "we": "are", "they": "are", "he": "is", "she": "is", "it": "is"}
_OWNERS = frozenset("my your his her our their".split())
_ASKING = frozenset("what who where when why how".split()) | {"how much", "how many"}
_OPENING = frozenset("can could will would do does did is are am may shall".split())
_GREETINGS = frozenset("hello hi bye goodbye yes no thanks sorry welcome okay ok".split()) | {
    "thank you", "good job", "see you later", "i love you", "good morning", "good night", "excuse me",
}  # fmt: skip
_STATES = frozenset(
    "hungry thirsty happy sad tired sick ill cold hot ready busy late lost deaf hearing fine well good bad okay angry "
    "afraid scared bored excited sorry sure wrong right married single old young new here there finished stupid".split()
)
_VERBS = frozenset(
    "want need like love have know understand see hear eat drink go come get give take work live learn sign speak read "
    "write think feel remember forget buy pay find help wait stop play sleep call meet".split()
)
_CAPITALS = {"i": "I"}


class RuleSentencer:
    """The sentencer that is always there (`edge.language.sentence.Sentencer`)."""

    def compose(self, words: Sequence[str]) -> Composed:
        """The sentence of words in the order signed; an empty one for none."""
        clauses = _clauses([_CAPITALS.get(word, word) for word in words])
        if not clauses:
            return Composed("", BY)
        texts = [" ".join(_reordered(clause)) for clause in clauses]
        text = ", ".join(texts)
        return Composed(text[0].upper() + text[1:] + ("?" if _asks(clauses[-1]) else "."), BY)


def _clauses(words: Sequence[str]) -> list[list[str]]:
    """Greetings stand alone; what is between them is a clause each."""
    clauses: list[list[str]] = []
    joined = False
    for word in words:
        alone = word.lower() in _GREETINGS and not (joined and _awaits_state(clauses[-1]))
        if joined and not alone:
            clauses[-1].append(word)
        else:
            clauses.append([word])
        joined = not alone
    return clauses


def _awaits_state(clause: Sequence[str]) -> bool:
    """Whether the clause is a subject that a word like *sorry* may follow: then it is no greeting."""
    return clause[-1].lower() in (*_BE, "me", "not")


def _reordered(clause: Sequence[str]) -> list[str]:
    words = list(clause)
    if words[0].lower() == "me" and len(words) > 1:
        words[0] = "I"
    subject = words[0].lower()
    if len(words) > 1 and words[-1].lower() in _ASKING:
        return _question(words)
    if subject in _BE and len(words) > 1:
        rest = words[2:] if words[1].lower() == "not" else words[1:]
        negation = words[1 : len(words) - len(rest)]
        if rest and rest[0].lower() in _STATES:
            return [words[0], _BE[subject], *negation, *rest]
        if rest and negation and rest[0].lower() in _VERBS:
            return [words[0], "does" if _BE[subject] == "is" else "do", *negation, *rest]
    if subject in _OWNERS and len(words) > 2 and words[1].lower() == "name" and words[2].lower() != "is":
        return [*words[:2], "is", _capital(words[2]), *words[3:]]
    return words


def _question(words: Sequence[str]) -> list[str]:
    """The question word, signed last, in front."""
    *rest, asked = words
    subject = rest[0].lower()
    if len(rest) > 1 and subject in _BE and rest[1].lower() in _VERBS:
        return [asked, "does" if _BE[subject] == "is" else "do", *_lowered(rest)]
    if subject in _BE and len(rest) == 1:
        return [asked, _BE[subject], *_lowered(rest)]
    if subject in _BE or asked.lower() in ("how much", "how many"):
        return [asked, *_lowered(rest)]
    return [asked, "is", *_lowered(rest)]


def _asks(clause: Sequence[str]) -> bool:
    first, last = clause[0].lower(), clause[-1].lower()
    asking = first in _ASKING or last in _ASKING
    return asking or (len(clause) > 1 and (first == "you" or first in _OPENING))


def _lowered(words: Sequence[str]) -> list[str]:
    return [words[0] if words[0] == "I" else words[0][0].lower() + words[0][1:], *words[1:]]


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]
