"""What the tests of the engine share: a small parallel corpus, a recipe for it, and an aligner that needs no model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.db.tables import metadata
from xprojdb.importing.files import CorpusInfo, ImportReport, corpus_file, import_files
from xprojdb.models.aligners.encoder import SentencePair
from xprojdb.models.aligners.word_links import Links
from xprojdb.planning.planner import Plan, plan_recipe
from xprojdb.steps.align.stage import Align

RESULTS = ("alignment", "candidate", "label", "outcome", "failure")


class Diagonal:
    """Links word n to word n; a pair with the word ``poison`` is more than it can bear."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        if any("poison" in left for left, _ in pairs):
            raise RuntimeError("cannot bear poison")
        self.seen.append(len(pairs))
        return [_diagonal(min(len(left), len(right))) for left, right in pairs]


def _diagonal(words: int) -> Links:
    both = np.arange(words, dtype=np.int32)
    return Links(np.stack([both, both], 1), np.full(words, 0.9, np.float32))


def english(count: int, first: int = 0) -> list[str]:
    """Labelled sentences, every fifth without an entity."""
    return [
        f"Nobody saw {n} boats" if n % 5 == 4 else f"Anna/B-PER Berg/I-PER met {n} people in Turin/B-LOC"
        for n in range(first, first + count)
    ]


def german(count: int, first: int = 0) -> list[str]:
    """Their translations, word for word."""
    return [
        f"Niemand sah {n} Boote" if n % 5 == 4 else f"Anna Berg traf {n} Leute in Turin"
        for n in range(first, first + count)
    ]


def import_sample(
    database: Database, write_conll: Callable[..., Path], sides: Mapping[str, Sequence[str]], corpus: str = "news"
) -> ImportReport:
    """Import parallel sentences: English with labels, other languages without; links go from earlier to later."""
    files = [
        corpus_file(write_conll(f"{corpus}.{lang}.conll", *lines), lang, form="conll", labelled=lang == "en")
        for lang, lines in sides.items()
    ]
    return import_files(database, CorpusInfo(corpus), files, parallel=True)


def plan_of(
    database: Database,
    folder: Path,
    settings: str = "",
    top: str = "",
    aligner: Any = None,
    align: str = "",
    corpora: str = '["news"]',
) -> Plan:
    """The plan of a recipe on the sample, its aligner replaced.

    :param folder: where a model that is only a name may be written.
    :param settings: TOML tables, of scorers for example.
    :param top: keys of the recipe itself, in place of ``source`` and ``target`` from English to German.
    :param align: keys of ``[align]``.
    :param corpora: a list in TOML.
    """
    (folder / "model").mkdir(exist_ok=True)
    if not (folder / "model" / "config.json").exists():
        # Once: several processes may plan at a time, and a model that is half written has another revision.
        (folder / "model" / "config.json").write_text("{}")
    languages = top if "source" in top else f'source = ["en"]\ntarget = ["de"]\n{top}'
    model = f'[align]\nmodel = "{folder / "model"}"\n{align}\n'
    loaded = parse_recipe(with_scorer(f'name = "sample"\ncorpora = {corpora}\n{languages}\n{model}{settings}'))
    plan = plan_recipe(database, loaded)
    built = aligner or Diagonal()
    plan.stages = [
        Align(stage.spec, partial(lambda given: given, built)) if isinstance(stage, Align) else stage
        for stage in plan.stages
    ]
    return plan


def with_scorer(recipe: str) -> str:
    """A recipe that matches by links alone where it names no scorers, for tests of what holds with any weights."""
    if any(said in recipe for said in ("[[scorer]]", '"heuristic"', '"markers"', '"auto"')):
        return recipe
    return f"{recipe}\n[[scorer]]\n"


def results(database: Database, names: Sequence[str] = RESULTS) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of tables, each step by its digest, without the keys of runs."""
    with database.read() as connection:
        digests = {key: digest for key, digest in connection.execute(select(t.step.c.id, t.step.c.digest))}  # noqa: C416
        collected = {}
        for name in names:
            columns = [column for column in metadata.tables[name].columns if column.name != "run_id"]
            rows = connection.execute(select(*columns))
            collected[name] = sorted(((digests[row[0]], *row[1:]) for row in rows), key=repr)
    return collected


def outcomes(database: Database, kind: str) -> dict[int, tuple[str, str | None]]:
    """What became of each item in the steps of a kind."""
    query = select(t.outcome.c.item_id, t.outcome.c.status, t.outcome.c.reason)
    query = query.join(t.step, t.step.c.id == t.outcome.c.step_id).where(t.step.c.kind == kind)
    with database.read() as connection:
        return {item: (status, reason) for item, status, reason in connection.execute(query)}


def labels(database: Database) -> list[tuple[int, int, int, str]]:
    """Projected spans: translation, start, end, label."""
    query = select(t.label.c.translation_id, t.label.c.start_word, t.label.c.end_word, t.label.c.label)
    with database.read() as connection:
        return sorted(tuple(row) for row in connection.execute(query))
