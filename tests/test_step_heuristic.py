"""The heuristic as a project step: as a naive one labels, and a reason for every entity without a label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gold_sample import SENTENCES, import_gold
from projection_sample import Diagonal, english, german, import_sample, labels, outcomes, plan_of
from sqlalchemy import select
from test_matching_heuristic import naive, naive_runs

from xprojdb.config.recipe import RecipeError
from xprojdb.db import Database
from xprojdb.db.tables import label
from xprojdb.execution.run import run_plan
from xprojdb.execution.status.database import read_status
from xprojdb.matching import DEFAULT, REFERENCE, Heuristic, Reason
from xprojdb.models.aligners.encoder import SentencePair
from xprojdb.models.aligners.word_links import Links
from xprojdb.provenance.explain import explain_sentence
from xprojdb.steps.project.heuristic import ProjectHeuristically
from xprojdb.steps.project.stage import entity_reason, reason_codes

LINES = (
    "Anna/B-PER Berg/I-PER met Lin/B-PER Mai/I-PER Sato/I-PER in Turin/B-LOC",
    "the Red/B-ORG Harbour/I-ORG Club/I-ORG sails to Oslo/B-LOC",
    "nobody saw Mira/B-PER there",
    "rain fell all night",
    "Kofi/B-PER and Ama/B-PER left Accra/B-LOC for Lagos/B-LOC",
)


class Sparse(Diagonal):
    """Links made from the words alone, with scores: near the diagonal, some missing."""

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        return [self.links(left, right) for left, right in pairs]

    @staticmethod
    def links(left: Sequence[str], right: Sequence[str]) -> Links:
        random = np.random.default_rng(len(" ".join(left)) * 7919 + len(" ".join(right)))
        near = np.abs(np.arange(len(left))[:, None] - np.arange(len(right))) < 3
        cells = np.argwhere(near & (random.random(near.shape) < 0.3)).astype(np.int32)
        return Links(cells, random.uniform(0.05, 1, len(cells)).astype(np.float32))


CASES = {
    "default": ("", DEFAULT, 0.0),
    "reference": ('preset = "reference"', REFERENCE, 0.0),
    "weak links left out": ("min_link_score = 0.5", DEFAULT, 0.5),
    "min-max and filters": (
        "[project.heuristic]\nminmax = true\ncomp_src = true\nrestr_tgt = true\nmax_ratio = 2",
        Heuristic(minmax=True, comp_src=True, restr_tgt=True, max_ratio=2.0),
        0.0,
    ),
    "training": (
        'preset = "reference"\n[project.heuristic]\ncomp_ins = true\ncomp_tgt = true\nonly_i = true\n'
        "merge_distance = 2\nmin_ratio = 0.3\ntop_k = 1",
        replace(REFERENCE, comp_ins=True, comp_tgt=True, only_i=True, merge_distance=2, min_ratio=0.3, top_k=1),
        0.0,
    ),
}


def _parsed(line: str) -> tuple[list[str], list[tuple[int, int, str]]]:
    """The words and the entities of a line ``word/tag``."""
    words, spans = [], []
    for place, token in enumerate(line.split()):
        word, _, tag = token.partition("/")
        words.append(word)
        if tag.startswith("B-"):
            spans.append((place, place + 1, tag[2:]))
        elif tag:
            spans[-1] = (spans[-1][0], place + 1, spans[-1][2])
    return words, spans


def _variants(count: int) -> tuple[list[str], list[str]]:
    """Many pairs that differ in length, so that their links differ."""
    lines = [f"{LINES[n % len(LINES)]} {'x' * (n // len(LINES))}".strip() for n in range(count)]
    return lines, [f"{' '.join(_parsed(line)[0])} {'y' * (n % 3)}".strip() for n, line in enumerate(lines)]


def _mass(links: dict[tuple[int, int], float], entity: tuple[int, int], span: tuple[int, int]) -> float:
    """The soft score, written out."""
    out = sum(m for (x, _), m in links.items() if entity[0] <= x < entity[1])
    into = sum(m for (_, y), m in links.items() if span[0] <= y < span[1])
    both = sum(m for (x, y), m in links.items() if entity[0] <= x < entity[1] and span[0] <= y < span[1])
    return 2 * both / (out + into) if both else 0.0


@pytest.mark.slow
@pytest.mark.parametrize(("settings", "rules", "least"), CASES.values(), ids=CASES)
def test_labels_and_reasons_are_those_of_the_naive_projection(
    database: Database,
    write_conll: Callable[..., Path],
    tmp_path: Path,
    settings: str,
    rules: Heuristic,
    least: float,
) -> None:
    lines, translated = _variants(60)
    import_sample(database, write_conll, {"en": lines, "de": translated})
    settings = f'[project]\nmethod = "heuristic"\nmin_link_score = 0.0\n{settings}'
    settings = settings.replace("min_link_score = 0.0\n", "") if "min_link_score = 0.5" in settings else settings
    report = run_plan(database, plan_of(database, tmp_path, settings, aligner=Sparse()))
    assert [step.failed for step in report.steps] == [0, 0]
    result = outcomes(database, "heuristic")
    with database.read() as connection:
        rows = connection.execute(select(label)).all()
    seen = set()
    for key, line, right in zip(sorted(result), lines, translated, strict=True):
        words, entities = _parsed(line)
        links = Sparse.links(words, right.split())
        mass = {
            (x, y): float(np.float32(f"{score:.4g}"))
            for (x, y), score in zip(links.pairs.tolist(), links.scores.tolist(), strict=True)
        }
        mass = {link: score for link, score in mass.items() if np.float32(score) >= np.float32(least)}
        item = (len(words), len(right.split()), [span[:2] for span in entities], list(mass))
        spans, reasons, _ = naive(item, rules, [kind for *_, kind in entities])
        own = [row for row in rows if row.translation_id == key]
        assert sorted((row.start_word, row.end_word, row.label, row.entity_ordinal) for row in own) == sorted(
            (*span, entities[j][2], j) for j, mine in enumerate(spans) for span in mine
        )
        for j, reason in enumerate(reasons):
            message = None if reason == Reason.PROJECTED else reason.name.lower().replace("_", "-")
            assert entity_reason(result[key][1], j) == message
            seen.add(reason)
        assert result[key][0] == _expected_status(own, reasons)
        loose = replace(rules, comp_src=False, comp_tgt=False, restr_tgt=False)
        for row in own:
            entity = entities[row.entity_ordinal][:2]
            _check_score(row, entity, mass, spans[row.entity_ordinal], loose)
    assert {Reason.PROJECTED, Reason.UNALIGNED, Reason.LENGTH} & seen >= {Reason.PROJECTED}
    assert len(seen) > 2


def _expected_status(own: Sequence[object], reasons: Sequence[Reason]) -> str:
    if own:
        return "ok"
    filters = {Reason.COMP_SRC, Reason.COMP_TGT, Reason.COMP_INS, Reason.RESTR_TGT}
    return "filtered" if filters & set(reasons) else "empty"


def _check_score(row, entity, mass, chosen, loose) -> None:  # type: ignore[no-untyped-def]
    score = _mass(mass, entity, (row.start_word, row.end_word))
    assert row.score == pytest.approx(score, rel=1e-5)
    every = replace(loose, min_ratio=0.0, strict=False, max_ratio=np.inf, top_k=1 << 30)
    runs, _ = naive_runs(entity, list(mass), every)
    others = [_mass(mass, entity, tuple(run)) for run in runs if tuple(run) not in chosen]
    assert row.margin == pytest.approx(score - max(others, default=0.0), abs=1e-5)


def test_no_scorer_runs_for_it(database: Database, write_conll: Callable[..., Path], tmp_path: Path) -> None:
    import_sample(database, write_conll, {"en": english(5), "de": german(5)})
    plan = plan_of(database, tmp_path, '[project]\nmethod = "heuristic"\n')
    assert [stage.spec.kind for stage in plan.stages] == ["align", "heuristic"]
    run_plan(database, plan)
    assert [row[1:] for row in labels(database)] == [(0, 2, "PER"), (6, 7, "LOC")] * 4
    assert sorted(outcomes(database, "heuristic").values(), key=str)[0] == ("empty", "no-entities")


def test_a_language_has_its_own_ratio(database: Database, write_conll: Callable[..., Path], tmp_path: Path) -> None:
    import_gold(database, write_conll, SENTENCES, split="train")
    settings = (
        '[project]\nmethod = "heuristic"\n[project.heuristic]\nmin_ratio = 0.5\nmin_ratio_by = { deu = 0.7 }\n'
        "max_ratio_by = { de = 4 }\n"
    )
    plan = plan_of(database, tmp_path, settings, top='source = ["en"]\ntarget = ["de", "es"]')
    by_name = {projection.target: projection.step for projection in plan.projections}
    assert isinstance(by_name["de"], ProjectHeuristically)
    assert isinstance(by_name["es"], ProjectHeuristically)
    assert (by_name["de"].rules.min_ratio, by_name["de"].rules.max_ratio) == (0.7, 4.0)
    assert (by_name["es"].rules.min_ratio, by_name["es"].rules.max_ratio) == (0.5, 3.0)
    assert by_name["es"].min_link_score == 0.2, "soft links need a bound"


def test_explain_and_status_tell_why_an_entity_has_no_label(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_gold(database, write_conll, SENTENCES, split="train")
    aligner = _Without("Lin", "Mira")
    settings = '[project]\nmethod = "heuristic"\n[project.heuristic]\ncomp_src = true\n'
    plan = plan_of(database, tmp_path, settings, aligner=aligner)
    run_plan(database, plan)
    [projection] = explain_sentence(database, plan, "news/de/train-1").projections
    assert [entity.reason for entity in projection.entities] == [None, "unaligned", None]
    assert [entity.projected is None for entity in projection.entities] == [False, True, False]
    assert projection.outcome == "ok"
    [_, step] = read_status(database).recipes["sample"]
    assert step.reasons == {"unaligned": 2, "no-entities": 1}


class _Without(Diagonal):
    def __init__(self, *unknown: str) -> None:
        super().__init__()
        self.unknown = unknown

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        results = []
        for (left, _), links in zip(pairs, super().align(pairs), strict=True):
            kept = np.array([left[x] not in self.unknown for x, _ in links.pairs.tolist()], np.bool_)
            results.append(Links(links.pairs[kept], links.scores[kept]))
        return results


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ('method = "heuristic"\nmin_score = 0.5', "project"),
        ('preset = "reference"', "project"),
        ('method = "heuristic"\n[project.heuristic]\nmin_ratios = 0.5', "project.heuristic.min_ratios"),
        ('method = "heuristic"\n[project.heuristic]\nmin_ratio = nan', "project.heuristic.min_ratio"),
        ('method = "heuristic"\nmin_link_score = -0.1', "project.min_link_score"),
        ('method = "heuristic"\n[project.heuristic.min_ratio_by]\nxx1 = 0.5', "project.heuristic.min_ratio_by"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    sqlite_database: Database, tmp_path: Path, settings: str, key: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        plan_of(sqlite_database, tmp_path, f"[project]\n{settings}\n")
    assert caught.value.key == key


def test_ratios_that_exclude_every_run_are_refused(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(1), "de": german(1)})
    with pytest.raises(RecipeError) as caught:
        plan_of(sqlite_database, tmp_path, '[project]\nmethod = "heuristic"\n[project.heuristic]\nmin_ratio = 4\n')
    assert caught.value.key == "project.heuristic"


def test_codes_of_a_reason() -> None:
    reason = "not-proven-optimal:bound=3.5 comp-src:0,12 length:1"
    assert reason_codes(reason) == ["not-proven-optimal", "comp-src", "length"]
    assert [entity_reason(reason, ordinal) for ordinal in (0, 1, 2, 12)] == ["comp-src", "length", None, "comp-src"]
