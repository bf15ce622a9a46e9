"""spaCy pipelines as taggers, and the interface of taggers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from xprojdb.errors import ModelError
from xprojdb.extras import require
from xprojdb.text.edge_words import edge_words, trim_span
from xprojdb.text.spans import Span

if TYPE_CHECKING:
    from xprojdb.models.taggers.token_classifier import Tagged

_BATCH = 256


class Tagger(Protocol):
    """Finds entities in sentences."""

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[tuple[Span, ...]]:
        """Tag sentences.

        :param sentences: the words of each sentence.
        :returns: the spans of each sentence, in order and without overlaps, with the tagger's own labels.
        """


class ScoringTagger(Tagger, Protocol):
    """A tagger that provides the probability of every label for every word."""

    def tag_scored(self, sentences: Sequence[Sequence[str]]) -> list[Tagged]:
        """Tag sentences and return the probabilities as well.

        :returns: spans and word probabilities of each sentence.
        """


@dataclass(frozen=True)
class TaggerParams:
    """Options that affect a tagger's result.

    :param trim: leave out articles at the start of an entity, and the possessive 's at its end, as gold annotations do;
        on pre-split English Europarl this gains twelve points of F1. True: those of English, however they are written;
        ``"language"``: those of ``lang``, in lower case.
    :param lang: the language of the sentences, for ``"language"``.
    """

    trim: bool | Literal["language"] = True
    lang: str = "en"


class SpacyTagger:
    """A spaCy pipeline, run on words that are already split.

    :param name: the pipeline's package, such as ``"fr_core_news_sm"``.
    :raises MissingExtra: when spaCy is not installed.
    :raises ModelError: when the pipeline is not installed, or has no entity recogniser.
    """

    def __init__(self, name: str, params: TaggerParams | None = None) -> None:
        self.params = params or TaggerParams()
        spacy = require("spacy", "spacy")
        try:
            self._pipeline = spacy.load(name, exclude=["lemmatizer", "parser", "attribute_ruler"])
        except OSError as error:
            raise ModelError(f"the spaCy pipeline {name} is not installed", hint=_hint(name), model=name) from error
        if "ner" not in self._pipeline.pipe_names:
            raise ModelError(
                f"the spaCy pipeline {name} does not recognise entities", hint="choose one with 'ner'", model=name
            )
        self._doc = spacy.tokens.Doc

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[tuple[Span, ...]]:
        """Tag sentences; see :class:`Tagger`."""
        docs = (self._doc(self._pipeline.vocab, words=list(words)) for words in sentences)
        return [self._spans(doc) for doc in self._pipeline.pipe(docs, batch_size=_BATCH)]

    def _spans(self, doc: Any) -> tuple[Span, ...]:
        spans = (Span(entity.start, entity.end, entity.label_) for entity in doc.ents)
        if not self.params.trim:
            return tuple(spans)
        own = self.params.trim == "language"
        edges = edge_words(self.params.lang if own else "en")
        words = [token.text if own else token.lower_ for token in doc]
        trimmed = (trim_span(words, span, edges) for span in spans)
        return tuple(span for span in trimmed if span is not None)


def spacy_revision(name: str) -> str:
    """The version of an installed spaCy pipeline.

    :raises ModelError: when it is not installed.
    """
    spacy = require("spacy", "spacy")
    if not spacy.util.is_package(name):
        raise ModelError(f"the spaCy pipeline {name} is not installed", hint=_hint(name), model=name)
    version: str = spacy.util.get_package_version(name)
    return version


def _hint(name: str) -> str:
    return f"pip install {name.replace('_', '-')}, or: python -m spacy download {name}"
