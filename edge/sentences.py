"""What makes sentences and suggests words.

Sentences come from the bundle's T5 model where there is one and its tokenizer is installed, else from rules. A kiosk
goes on without its model: when the package is missing, that is said once, in one line, and the rules do the work. A
model that cannot run on this machine is an error like that of any other network.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack

from edge.bundle.acceptance import EngineFactory
from edge.bundle.choice import Choices
from edge.bundle.manifest import Role
from edge.bundle.reader import Bundle
from edge.config import RunSettings, SentenceChoice
from edge.errors import DependencyError
from edge.language import Composer
from edge.language.background import Background, Foreground
from edge.language.completion import Completer, Suggester
from edge.language.lexicon import english
from edge.language.rules import RuleSentencer
from edge.language.search import SearchSettings
from edge.language.sentence import SentenceMaker, Sentencer, Utterances
from edge.language.t5 import Prompting, T5Sentencer
from edge.language.tokens import SentencePieceTokenizer

_ENCODER: Role = "sentence-encoder"
_DECODER: Role = "sentence-decoder"
_log = logging.getLogger(__name__)


def sentence_roles(bundle: Bundle, choice: SentenceChoice) -> tuple[Role, ...]:
    """The networks that will be asked for sentences."""
    return (_ENCODER, _DECODER) if choice == "auto" and bundle.manifest.sentence else ()


def open_language(
    composer: Composer,
    bundle: Bundle,
    settings: RunSettings,
    *,
    live: bool,
    asked: bool,
    variants: Choices,
    make_engine: EngineFactory,
    stack: ExitStack,
) -> tuple[Utterances | None, Suggester | None]:
    """Sentences of what the composer holds, and suggestions; None for what is not wanted. The ``stack`` closes what is
    opened.

    ``asked`` is whether somebody can ask for a sentence: then there is one, even if none come by themselves. Those of a
    ``live`` source are made in a thread. Raises EngineError when the model's networks cannot be loaded.
    """
    automatic = settings.sentence != "off"
    if not (automatic or asked or settings.suggestions):
        return None, None
    lexicon = english()
    suggester = Suggester(composer, Completer(lexicon, count=settings.suggestions)) if settings.suggestions else None
    if not (automatic or asked):
        return None, suggester
    sentencer: Sentencer = RuleSentencer()
    if sentence_roles(bundle, settings.sentence):
        try:
            sentencer = _model(bundle, variants, make_engine, stack, beams=settings.beams, fallback=sentencer)
        except DependencyError as error:
            _log.warning("%s; rules make the sentences until then", error)
    maker = SentenceMaker(sentencer, lexicon)
    if not live:
        return Utterances(composer, Foreground(maker), automatic=automatic), suggester
    background = Background(maker)
    stack.callback(background.close)
    return Utterances(composer, background, automatic=automatic), suggester


def _model(
    bundle: Bundle, variants: Choices, make_engine: EngineFactory, stack: ExitStack, *, beams: int, fallback: Sentencer
) -> T5Sentencer:
    settings = bundle.manifest.sentence
    if settings is None:
        raise TypeError("the bundle has no sentence model")
    document = next(entry for entry in bundle.manifest.documents if entry.file == settings.tokenizer)
    tokenizer = SentencePieceTokenizer(bundle.read(document), where=f"{bundle.path}/{document.file}")
    encoder, decoder = (
        make_engine(bundle.network(role, variants.chosen(role)), f"{bundle.title} {role} {variants.chosen(role)}")
        for role in (_ENCODER, _DECODER)
    )
    prompting = Prompting(settings.prompt, settings.start, settings.end)
    search = SearchSettings(beams=beams)
    model = T5Sentencer(encoder, decoder, tokenizer, prompting, fallback=fallback, settings=search)
    stack.callback(model.close)
    return model
