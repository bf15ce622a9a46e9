"""The score step: what it stores is what the matcher gives for each pair, whatever the portions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from projection_sample import Diagonal, english, german, import_sample, plan_of, results
from sqlalchemy import select

from xprojdb.db import Database
from xprojdb.db.tables import candidate, label
from xprojdb.execution.run import run_plan
from xprojdb.matching.batch import PairBatch
from xprojdb.models.aligners.encoder import SentencePair
from xprojdb.models.aligners.word_links import Links
from xprojdb.steps.score import batch as score_batch
from xprojdb.steps.score.batch import cut_pairs, portions


class Noisy(Diagonal):
    """Links made from the words alone, each with a score, several a word."""

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        return [self._links(len(left), len(right), len(" ".join(left))) for left, right in pairs]

    def _links(self, left: int, right: int, seed: int) -> Links:
        random = np.random.default_rng(seed)
        links = np.argwhere(random.random((left, right)) < 0.4).astype(np.int32)
        return Links(links, random.uniform(0.1, 1, len(links)).astype(np.float32))


def _plain_soft(links: Links, span: tuple[int, int], target: tuple[int, int]) -> float:
    """2 · mass(e, t) / (mass(e, all) + mass(all, t)), written out."""
    inside, both = 0.0, 0.0
    for (x, y), mass in zip(links.pairs.tolist(), links.scores.tolist(), strict=True):
        mass = float(np.float32(f"{mass:.4g}"))
        in_entity, in_target = span[0] <= x < span[1], target[0] <= y < target[1]
        inside += mass * (in_entity and in_target)
        both += mass * in_entity + mass * in_target
    return 2 * inside / both if both else 0.0


def test_candidates_are_those_above_the_floor(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    lines = ["Anna/B-PER Berg/I-PER met people in Turin/B-LOC today"]
    import_sample(database, write_conll, {"en": lines, "de": ["Anna Berg traf heute Leute in Turin"]})
    settings = '[[scorer]]\ncandidates = "ngram"\nmax_length = 3\nmin_score = 0.3\n'
    run_plan(database, plan_of(database, tmp_path, settings, aligner=Noisy()))
    links = Noisy()._links(7, 7, len("Anna Berg met people in Turin today"))
    expected = {
        (ordinal, start, end): value
        for ordinal, span in enumerate([(0, 2), (5, 6)])
        for start in range(7)
        for end in range(start + 1, min(start + 3, 7) + 1)
        if (value := _plain_soft(links, span, (start, end))) > 0.3
    }
    columns = (candidate.c.entity_ordinal, candidate.c.start_word, candidate.c.end_word, candidate.c.score)
    with database.read() as connection:
        by_name = {(o, s, e): value for o, s, e, value in connection.execute(select(*columns))}
    assert by_name.keys() == expected.keys()
    assert len(by_name) > 5
    assert list(by_name.values()) == pytest.approx([expected[key] for key in by_name])


def test_labels_do_not_need_dominated_candidates(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(23), "de": german(23)})
    settings = '[[scorer]]\ncandidates = "ngram"\nkeep = "{}"\n[project]\nmin_score = 0.1\n'
    stored = {}
    for keep in ("all", "undominated"):
        plan = plan_of(sqlite_database, tmp_path, settings.format(keep), aligner=Noisy())
        run_plan(sqlite_database, plan)
        score, project = (stage.step_id for stage in plan.stages if stage.kind in ("score", "project"))
        with sqlite_database.read() as connection:
            candidates = connection.execute(select(candidate).where(candidate.c.step_id == score)).all()
            labels = connection.execute(select(label).where(label.c.step_id == project)).all()
        stored[keep] = {row[1:] for row in candidates}, [row[1:] for row in labels]
    (every, labels), (fewer, same) = stored["all"], stored["undominated"]
    assert same == labels
    assert labels
    assert fewer < every
    assert len(fewer) < len(every) / 2


@pytest.mark.parametrize("at_once", [1, 40, 500])
def test_portions_change_nothing(
    sqlite_database: Database,
    write_conll: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    at_once: int,
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(23), "de": german(23)})
    settings = '[[scorer]]\ncandidates = "ngram"\n'
    run_plan(sqlite_database, plan_of(sqlite_database, tmp_path, settings, aligner=Noisy()))
    whole = results(sqlite_database)["candidate"]
    monkeypatch.setattr(score_batch, "AT_ONCE", at_once)
    again = plan_of(sqlite_database, tmp_path, settings, aligner=Noisy(), align="layer = 3\n")
    run_plan(sqlite_database, again)
    parted = [row for row in results(sqlite_database)["candidate"] if row not in whole]
    assert [row[1:] for row in parted] == [row[1:] for row in whole]


def test_portions_cover_every_pair_and_stay_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score_batch, "AT_ONCE", 100)
    words = (3, 4, 90, 2, 2, 0, 6, 5)
    pairs = PairBatch.pack([(9, count, [(0, 1), (2, 3)], [(0, 0)] if count else []) for count in words])
    runs = list(portions(pairs, 45))
    assert [first for first, _ in runs] == [0, *(last for _, last in runs[:-1])]
    assert runs[-1][1] == len(pairs)
    for first, last in runs:
        part = cut_pairs(pairs, first, last)
        assert part.target_words.tolist() == pairs.target_words[first:last].tolist()
        size = sum(2 * words * min(words, 45) for words in part.target_words.tolist())
        assert size <= 100 or last - first == 1
