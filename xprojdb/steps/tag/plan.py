"""The tag steps of a recipe."""

from __future__ import annotations

from collections.abc import Sequence

from xprojdb.config.tables.tag import TagTable
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.tag.variant import tagger_spec


def tag_spec(
    table: TagTable, lang: str, *, source: bool = True, keep_scores: bool = False, labels: Sequence[str] = ()
) -> StepSpec | None:
    """The step that tags a language, or None if the recipe has no tagger for it.

    :param source: whether labels are projected from the language.
    :param keep_scores: whether a scorer needs word probabilities.
    :param labels: the labels that the recipe names, before they are mapped.
    :raises ModelError: when the tagger cannot be found, or is not a tagger.
    """
    name = table.name_for(lang, source=source)
    if name is None:
        return None
    return tagger_spec(name, table.config_of(name), lang, keep_scores=keep_scores, labels=labels)
