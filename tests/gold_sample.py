"""What the tests of evaluation and provenance share: a parallel corpus with gold on every side, recipes by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from projection_sample import Diagonal, plan_of

from xprojdb.db import Database
from xprojdb.execution.run import run_plan
from xprojdb.importing.files import CorpusInfo, ImportReport, corpus_file, import_files
from xprojdb.models.aligners.encoder import SentencePair
from xprojdb.models.aligners.word_links import Links
from xprojdb.planning.planner import Plan

#: word for word, so that an aligner that links word n to word n projects all of it right
SENTENCES: Mapping[str, Sequence[str]] = {
    "en": (
        "Anna/B-PER Berg/I-PER met Lin/B-PER in Turin/B-LOC",
        "the Red/B-ORG Harbour/I-ORG Club/I-ORG sails on Monday/B-DATE",
        "nobody saw Mira/B-PER",
        "rain fell all night",
    ),
    "de": (
        "Anna/B-PER Berg/I-PER traf Lin/B-PER in Turin/B-LOC",
        "der Rote/B-ORG Hafen/I-ORG Klub/I-ORG segelt am Montag/B-DATE",
        "niemand sah Mira/B-PER",
        "Regen fiel die Nacht",
    ),
    "es": (
        "Anna/B-PER Berg/I-PER vio Lin/B-PER en Turín/B-LOC",
        "el Rojo/B-ORG Puerto/I-ORG Club/I-ORG navega el lunes/B-DATE",
        "nadie vio Mira/B-PER",
        "lluvia cayó la noche",
    ),
}


class Forgetful(Diagonal):
    """Links word n to word n, except words that it does not know."""

    def __init__(self, *unknown: str) -> None:
        super().__init__()
        self.unknown = set(unknown)

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        return [
            self._known(left, right, links) for (left, right), links in zip(pairs, super().align(pairs), strict=True)
        ]

    def _known(self, left: Sequence[str], right: Sequence[str], links: Links) -> Links:
        kept = [not self.unknown & {left[i], right[j]} for i, j in links.pairs.tolist()]
        chosen = np.array(kept, np.bool_)
        return Links(links.pairs[chosen], links.scores[chosen])


def import_gold(
    database: Database,
    write_conll: Callable[..., Path],
    sides: Mapping[str, Sequence[str]],
    *,
    split: str | None = None,
) -> ImportReport:
    """Import parallel sentences with labels on every side; links go from earlier to later languages."""
    files = [
        corpus_file(write_conll(f"{split}.{lang}.conll", *lines), lang, form="conll", split=split)
        for lang, lines in sides.items()
    ]
    return import_files(database, CorpusInfo("news"), files, parallel=True)


def named_plan(
    database: Database, folder: Path, name: str, aligner: Diagonal | None = None, *, top: str = "", layer: int = 7
) -> Plan:
    """The plan of a recipe on the sample.

    :param layer: tells recipes of different aligners apart.
    """
    plan = plan_of(database, folder, top=top, aligner=aligner, align=f"layer = {layer}")
    plan.recipe = replace(plan.recipe, name=name)
    return plan


def run_named(
    database: Database, folder: Path, name: str, aligner: Diagonal | None = None, *, top: str = "", layer: int = 7
) -> Plan:
    """Run it."""
    plan = named_plan(database, folder, name, aligner, top=top, layer=layer)
    run_plan(database, plan)
    return plan
