"""What is projected: from either side, under a mapping, and what is said where nothing is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from projection_sample import Diagonal, english, german, import_sample, labels, outcomes, plan_of

from xprojdb.db import Database
from xprojdb.execution.run import run_plan
from xprojdb.models.aligners.encoder import SentencePair
from xprojdb.models.aligners.word_links import Links


class Reversing(Diagonal):
    """Links the first word of one side to the last of the other, so that the direction of a link matters."""

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        return [self._reversed(len(left), len(right)) for left, right in pairs]

    def _reversed(self, left: int, right: int) -> Links:
        words = np.arange(min(left, right), dtype=np.int32)
        pairs = np.stack([words, right - 1 - words], 1).astype(np.int32)
        return Links(pairs, np.full(len(words), 0.9, np.float32))


@pytest.mark.parametrize("languages", [("en", "de"), ("de", "en")])
def test_labels_come_from_either_side(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path, languages: tuple[str, str]
) -> None:
    lines = {
        "en": ["Anna/B-PER Berg/I-PER met Lin/B-PER in old Turin/B-LOC", "Nobody came"],
        "de": ["In Turin traf Anna Berg Lin", "Niemand kam gestern"],
    }
    import_sample(database, write_conll, {lang: lines[lang] for lang in languages})
    plan = plan_of(database, tmp_path, aligner=Reversing())
    assert [projection.labelled for projection in plan.projections] == [
        "original" if languages[0] == "en" else "rendering"
    ]
    run_plan(database, plan)
    # Counted from the shorter side: the last English word has no counterpart from English, the first from German.
    shift = 0 if languages[0] == "en" else 1
    expected = [(4, 6, "PER"), (2, 3, "PER")] if not shift else [(5, 6, "PER"), (3, 4, "PER"), (0, 1, "LOC")]
    assert sorted(row[1:] for row in labels(database)) == sorted(expected)


def test_only_the_listed_labels_are_projected(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(4), "de": german(4)})
    run_plan(sqlite_database, plan_of(sqlite_database, tmp_path, top='labels = ["LOC"]\n'))
    assert {row[3] for row in labels(sqlite_database)} == {"LOC"}


def test_labels_are_renamed_before_they_are_projected(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(4), "de": german(4)})
    run_plan(sqlite_database, plan_of(sqlite_database, tmp_path, top='labels = { PER = "PERSON" }\n'))
    assert {row[1:] for row in labels(sqlite_database)} == {(0, 2, "PERSON")}


def test_where_there_are_no_labels_the_outcome_says_why(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    english_lines = ["Anna/B-PER slept", "Nobody slept", "They all went to Turin/B-LOC"]
    import_sample(database, write_conll, {"en": english_lines, "de": ["Anna schlief", "Niemand schlief", "Alle weg"]})
    run_plan(database, plan_of(database, tmp_path))
    expected = [("ok", None), ("empty", "no-entities"), ("empty", "no-candidates")]
    for kind in ("score", "project"):
        result = outcomes(database, kind)
        assert [result[key] for key in sorted(result)] == expected


class _Blind(Diagonal):
    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        return [Links(np.empty((0, 2), np.int32), np.empty(0, np.float32)) for _ in pairs]


def test_sentences_without_links_are_done_and_empty(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(database, write_conll, {"en": english(5), "de": german(5)})
    run_plan(database, plan_of(database, tmp_path, '[[scorer]]\ntype = "link_dice"\n', aligner=_Blind()))
    assert set(outcomes(database, "align").values()) == {("empty", "no-links")}
    result = outcomes(database, "project")
    reasons = [result[key] for key in sorted(result)]
    assert reasons == [("empty", "no-candidates")] * 4 + [("empty", "no-entities")]
