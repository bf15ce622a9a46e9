"""Both sides of a translation as drawn on a page: words, their labels, and the links between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from xprojdb.db.tables import alignment, step, translation
from xprojdb.matching.pharaoh.text import read_links
from xprojdb.provenance.explained_projection import ExplainedProjection
from xprojdb.provenance.sentences import Text
from xprojdb.text.languages import UnknownLanguage, language
from xprojdb.text.spans import Span

#: weaker links are neither drawn nor listed
WEAKEST = 0.2
#: with more words on a side, only the links of the selected label are drawn
MANY = 40
Link = tuple[int, int, float]


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a side.

    :param label: of the span that contains it.
    :param first, last: whether it starts or ends that span.
    :param linked: whether a drawn link reaches it; None if no links are drawn.
    """

    text: str
    label: str | None = None
    first: bool = False
    last: bool = False
    linked: bool | None = None


@dataclass(frozen=True, slots=True)
class DrawnSide:
    """A sentence as one side."""

    name: str
    lang: str
    lang_name: str
    direction: str
    words: list[Word]
    spans: list[Span] = field(default_factory=list)


def writing_of(lang: str) -> tuple[str, str]:
    """The English name of a language and its direction, ``ltr`` or ``rtl``; ``auto`` if the language is unknown."""
    try:
        known_language = language(lang)
    except UnknownLanguage:
        return lang, "auto"
    return known_language.name, "rtl" if known_language.right_to_left else "ltr"


def drawn_side(text: Text, spans: Iterable[Span], linked: set[int] | None = None) -> DrawnSide:
    """A sentence with spans; where spans overlap, the earlier one is drawn."""
    words = [Word(word, linked=None if linked is None else n in linked) for n, word in enumerate(text.words)]
    drawn = sorted(set(spans))
    for span in reversed(drawn):
        for at in range(span.start, min(span.end, len(words))):
            words[at] = Word(words[at].text, span.label, at == span.start, at == span.end - 1, words[at].linked)
    return DrawnSide(text.name, text.lang, *writing_of(text.lang), words, drawn)


def drawn_links(connection: Connection, projection: ExplainedProjection, target: Text) -> list[Link]:
    """The links of a translation from source words to target words, without weak ones."""
    digests = [made_step.digest for made_step in projection.made_by if made_step.role == "alignment"]
    query = select(alignment.c.links).join(step, step.c.id == alignment.c.step_id)
    here = alignment.c.translation_id == projection.translation_id
    links_text = connection.execute(query.where(here, step.c.digest.in_(digests))).scalar() or ""
    original = select(translation.c.original_id).where(translation.c.id == projection.translation_id)
    turned = connection.execute(original).scalar() == target.id
    links = read_links(links_text)
    if turned:
        links = [(right, left, score) for left, right, score in links]
    return sorted(link for link in links if link[2] >= WEAKEST)


def is_long(*sides: DrawnSide) -> bool:
    """Whether drawing all links would be unreadable."""
    return any(len(side.words) > MANY for side in sides)


def linked_words(links: Sequence[Link]) -> tuple[set[int], set[int]]:
    """The source and target words that have links."""
    return {left for left, _, _ in links}, {right for _, right, _ in links}
