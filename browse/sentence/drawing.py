"""The two sides of a translation, as a page draws them: words, what lies on them, and the links between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from xprojdb.db.tables import alignment, step, translation
from xprojdb.provenance.explained_projection import ExplainedProjection
from xprojdb.provenance.sentences import Text
from xprojdb.text.languages import UnknownLanguage, language
from xprojdb.text.spans import Span

#: links that are weaker are neither drawn nor listed
WEAKEST = 0.2
#: words of a side above which only the links of the chosen label are drawn
MANY = 40
Link = tuple[int, int, float]


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a side.

    :param label: of the span that it is in.
    :param first, last: whether it begins and ends that span.
    :param linked: whether a link that is drawn reaches it; None where links are not drawn at all.
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
    """The English name of a language and its direction, ``ltr`` or ``rtl``; ``auto`` for one we do not know."""
    try:
        found = language(lang)
    except UnknownLanguage:
        return lang, "auto"
    return found.name, "rtl" if found.right_to_left else "ltr"


def drawn_side(text: Text, spans: Iterable[Span], linked: set[int] | None = None) -> DrawnSide:
    """A sentence with spans on it; where spans overlap, the earlier one is drawn."""
    words = [Word(word, linked=None if linked is None else n in linked) for n, word in enumerate(text.words)]
    drawn = sorted(set(spans))
    for span in reversed(drawn):
        for at in range(span.start, min(span.end, len(words))):
            words[at] = Word(words[at].text, span.label, at == span.start, at == span.end - 1, words[at].linked)
    return DrawnSide(text.name, text.lang, *writing_of(text.lang), words, drawn)


def read_links(connection: Connection, projection: ExplainedProjection, target: Text) -> list[Link]:
    """All links of a translation, from source words to target words, the strong ones only."""
    digests = [made.digest for made in projection.made_by if made.role == "alignment"]
    query = select(alignment.c.links).join(step, step.c.id == alignment.c.step_id)
    here = alignment.c.translation_id == projection.translation_id
    told = connection.execute(query.where(here, step.c.digest.in_(digests))).scalar() or ""
    original = select(translation.c.original_id).where(translation.c.id == projection.translation_id)
    turned = connection.execute(original).scalar() == target.id
    links = [_link(each, turned) for each in told.split()]
    return sorted(link for link in links if link[2] >= WEAKEST)


def _link(text: str, turned: bool) -> Link:
    words, _, score = text.partition(":")
    left, right = map(int, words.split("-"))
    return (right, left, float(score or 1)) if turned else (left, right, float(score or 1))


def is_long(*sides: DrawnSide) -> bool:
    """Whether drawing all links would be unreadable."""
    return any(len(side.words) > MANY for side in sides)


def linked_words(links: Sequence[Link]) -> tuple[set[int], set[int]]:
    """The source and the target words that links reach."""
    return {left for left, _, _ in links}, {right for _, right, _ in links}
