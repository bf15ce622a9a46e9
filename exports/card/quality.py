"""What a card says about the quality of the translations that labels came through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, func, select

from xprojdb.db.tables import translation, translation_score
from xprojdb.exports.card.facts import CardQuality
from xprojdb.exports.card.markdown import table
from xprojdb.planning.labellings import Consensus, Labelling
from xprojdb.steps.quality.stage import QUALITY, SCORES
from xprojdb.steps.spec import find_step


def qualities(connection: Connection, chosen: Sequence[Labelling]) -> list[CardQuality]:
    """The means of the scores, for each labelling whose recipe scores translations."""
    return [quality for labelling in chosen for quality in _qualities(connection, labelling)]


def _qualities(connection: Connection, labelling: Labelling) -> Iterator[CardQuality]:
    sources = [voter.spec for voter in labelling.step.voters] if isinstance(labelling, Consensus) else []
    pairs = labelling.pairs if isinstance(labelling, Consensus) else (labelling.pair,)
    specs = {spec.inputs[QUALITY] for spec in (*sources, labelling.step.spec) if QUALITY in spec.inputs}
    steps = [find_step(connection, spec) for spec in sorted(specs, key=lambda spec: spec.digest)]
    count, *means = (func.count(), *(func.avg(translation_score.c[name]) for name in SCORES))
    for pair in dict.fromkeys(pairs):
        query = select(count, *means).join(translation, translation.c.id == translation_score.c.translation_id)
        own = (
            translation_score.c.step_id.in_(steps),
            translation.c.corpus_id == pair.corpus_id,
            translation.c.original_lang == pair.original_lang,
            translation.c.rendering_lang == pair.rendering_lang,
        )
        number, *values = connection.execute(query.where(*own)).one()
        if number:
            yield CardQuality(f"{pair.original_lang} → {pair.rendering_lang}", number, tuple(values))


def quality_section(rows: Sequence[CardQuality]) -> Iterator[str]:
    """A table of the means."""
    if not rows:
        return
    yield "## Quality of the translations"
    yield (
        "All translations of the recipe, exported or not; each score is from 0 to 1: the similarity of both sides by "
        "an encoder, the shorter length over the longer one, and the shares of numbers and names that were kept."
    )
    yield table(
        ("Translations", "Number", *(name.capitalize() for name in SCORES)),
        [
            (row.direction, row.translations, *("–" if mean is None else f"{mean:.3f}" for mean in row.means))
            for row in rows
        ],
    )
