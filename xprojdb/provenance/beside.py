"""Put published scores beside those of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xprojdb.errors import UsageError
from xprojdb.evaluation.published import PublishedScore, select
from xprojdb.languages import UnknownLanguage, language
from xprojdb.provenance.compare import Comparison


@dataclass(frozen=True, slots=True)
class PublishedBeside:
    """A published score and the compared methods.

    :param differences: per method, its F1 less the published one, in -1..1.
    """

    corpus: str
    lang: str
    published: PublishedScore
    differences: dict[str, float]


def beside_published(
    comparison: Comparison, scores: Sequence[PublishedScore], dataset: str | None = None
) -> list[PublishedBeside]:
    """The published scores of the compared languages, for each language the highest F1 first.

    :param dataset: the gold data set, as the publications name it. By default the one named like the corpus, or the
        only one of ``scores``.
    :raises UsageError: when no score is of the data set, or none was named and there are several.
    """
    found = []
    for each in comparison.languages:
        wanted = select(scores, dataset=_dataset(scores, dataset, each.corpus))
        ours = [score for score in wanted if _code(score.lang) == _code(each.lang)]
        for score in sorted(ours, key=lambda score: -score.f1):
            differences = {method: each.f1(method) - score.f1 for method in comparison.methods}
            found.append(PublishedBeside(each.corpus, each.lang, score, differences))
    return found


def _dataset(scores: Sequence[PublishedScore], named: str | None, corpus: str) -> str:
    known = sorted({score.dataset for score in scores})
    if named is None and len(known) == 1:
        return known[0]
    wanted = named or corpus
    if wanted not in known:
        raise UsageError(
            f"there are no published scores of the data set {wanted!r}",
            hint=f"choose with --dataset: {', '.join(known) or 'the files hold none'}",
            dataset=wanted,
            known=known,
        )
    return wanted


def _code(lang: str) -> str:
    """The code that xprojdb stores; a language that its table does not have keeps what it is called."""
    try:
        return language(lang).code
    except UnknownLanguage:
        return lang
