"""A gazetteer of a corpus: words that a tagger labels often enough are labelled wherever they occur."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from xprojdb.text.spans import Span

#: words of a name at most
LONGEST = 8


def name_of(words: Sequence[str], start: int, end: int) -> str:
    """The words of a span as a gazetteer has them: as they are written, joined by spaces."""
    return " ".join(words[start:end])


def count_names(sentences: Iterable[tuple[Sequence[str], Iterable[Span]]]) -> dict[str, Counter[str]]:
    """How often each name has each label; words without a capital in a script that has some are no name.

    :param sentences: the words and the tagged spans of each.
    """
    counts: dict[str, Counter[str]] = {}
    for words, spans in sentences:
        for span in spans:
            text = name_of(words, span.start, span.end)
            if span.end - span.start <= LONGEST and (text.lower() != text or text.upper() == text):
                counts.setdefault(text, Counter())[span.label] += 1
    return counts


def count_places(sentences: Iterable[Sequence[str]], names: Collection[str]) -> Counter[str]:
    """How often each name occurs."""
    counts: Counter[str] = Counter()
    for words in sentences:
        counts.update(name_of(words, start, end) for start, end in _places(words, names))
    return counts


def frequent_names(
    tagged: Mapping[str, Mapping[str, int]], occurs: Mapping[str, int], min_share: float
) -> dict[str, str]:
    """The most frequent label of each name that is tagged in at least a share of its places."""
    return {
        name: max(sorted(labels), key=lambda label: labels[label])
        for name, labels in tagged.items()
        if sum(labels.values()) >= min_share * occurs.get(name, 0)
    }


def completed(words: Sequence[str], spans: Sequence[Span], names: Mapping[str, str]) -> list[Span]:
    """The spans of a sentence, and all places of names that overlap none of them, the longest first."""
    taken = [False] * len(words)
    for span in spans:
        taken[span.start : span.end] = [True] * (span.end - span.start)
    labelled = list(spans)
    for start, end in sorted(_places(words, names), key=lambda place: (place[0] - place[1], place)):
        if not any(taken[start:end]):
            taken[start:end] = [True] * (end - start)
            labelled.append(Span(start, end, names[name_of(words, start, end)]))
    return sorted(labelled)


def _places(words: Sequence[str], names: Collection[str]) -> Iterator[tuple[int, int]]:
    for start in range(len(words)):
        for end in range(start + 1, min(len(words), start + LONGEST) + 1):
            if name_of(words, start, end) in names:
                yield start, end
