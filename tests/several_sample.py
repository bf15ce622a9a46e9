"""What the tests of several sources share: a corpus whose languages disagree about its entities, and recipes for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from projection_sample import plan_of
from sqlalchemy import select

from xprojdb.db import Database
from xprojdb.db.tables import label, sentence, vote
from xprojdb.execution.run import run_plan
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.planning.planner import Plan

#: word for word: an aligner that links word n to word n carries every label over as it is
FIRST: Mapping[str, Sequence[str]] = {
    "en": (
        "Anna/B-PER Berg/I-PER met Lin/B-PER",
        "the Red/B-ORG Harbour/I-ORG club sails",
        "nobody saw Mira/B-PER",
        "rain fell all night",
    ),
    "de": (
        "Anna/B-PER Berg/I-PER traf Lin/B-PER",
        "der Rote/B-ORG Hafen/I-ORG Klub segelt",
        "niemand sah Mira/B-PER",
        "Regen fiel die Nacht",
    ),
    "es": (
        "Anna/B-PER Berg/I-PER vio Lin/B-PER",
        "el Rojo/B-ORG Puerto/I-ORG club navega",
        "nadie vio Mira/B-LOC",
        "lluvia cayó la noche",
    ),
    "it": (
        "Anna/B-PER Berg/I-PER vide Lin",
        "il Rosso/B-ORG Porto/I-ORG club/I-ORG naviga",
        "nessuno vide Mira",
        "pioggia cadde la notte",
    ),
}
#: more sentences, which Italian does not have
SECOND: Mapping[str, Sequence[str]] = {
    "en": ("Turin/B-LOC sleeps", "ask Nora/B-PER"),
    "de": ("Turin/B-LOC schläft", "frag Nora/B-PER"),
    "es": ("Turín/B-LOC duerme", "pregunta/B-PER a"),
}
ALL = 'source = ["en", "es", "it"]\ntarget = ["de"]'


def import_part(
    database: Database, write_conll: Callable[..., Path], sides: Mapping[str, Sequence[str]], part: str
) -> None:
    """Import parallel sentences with labels on every side; links go from earlier to later languages."""
    files = [
        corpus_file(write_conll(f"{part}.{lang}.conll", *lines), lang, form="conll", part=part)
        for lang, lines in sides.items()
    ]
    import_files(database, CorpusInfo("news"), files, parallel=True)


def combined_plan(database: Database, folder: Path, combine: str, *, top: str = ALL, aligner: Any = None) -> Plan:
    """The plan of a recipe that combines sources.

    :param combine: keys of ``[combine]``.
    """
    return plan_of(database, folder, f"[combine]\n{combine}\n", top=top, aligner=aligner)


def run_combined(database: Database, folder: Path, combine: str, *, top: str = ALL, aligner: Any = None) -> Plan:
    """Run it."""
    plan = combined_plan(database, folder, combine, top=top, aligner=aligner)
    run_plan(database, plan)
    return plan


def consensus(database: Database, plan: Plan) -> dict[str, list[tuple[int, int, str, float]]]:
    """The consensus labels of a plan's only target: start, end, label and score, by the id of the sentence."""
    (result,) = plan.consensuses
    columns = (sentence.c.external_id, label.c.start_word, label.c.end_word, label.c.label, label.c.score)
    query = select(*columns).join(sentence, sentence.c.id == label.c.sentence_id)
    query = query.where(label.c.step_id == result.step.step_id).order_by(sentence.c.id, label.c.ordinal)
    read: dict[str, list[tuple[int, int, str, float]]] = {}
    with database.read() as connection:
        for name, *span, score in connection.execute(query):
            read.setdefault(name, []).append((*span, round(score, 6)))
    return read


def count_votes(database: Database, plan: Plan) -> dict[str, list[int]]:
    """How many votes each consensus label has, by the id of the sentence."""
    (result,) = plan.consensuses
    query = select(sentence.c.external_id, vote.c.ordinal).join(sentence, sentence.c.id == vote.c.sentence_id)
    query = query.where(vote.c.step_id == result.step.step_id)
    counts: dict[str, list[int]] = {}
    with database.read() as connection:
        for name, ordinal in connection.execute(query.order_by(sentence.c.id, vote.c.ordinal)):
            entry = counts.setdefault(name, [])
            entry += [0] * (ordinal + 1 - len(entry))
            entry[ordinal] += 1
    return counts
