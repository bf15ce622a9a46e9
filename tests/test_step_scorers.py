"""Scorers and candidates in the database: what they store is what the words, links and counts say."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from projection_sample import Diagonal, english, german, import_sample, outcomes, plan_of
from sqlalchemy import select
from test_step_score import Noisy

from xprojdb.config.canonical import score_role
from xprojdb.config.recipe import RecipeError
from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.errors import UsageError
from xprojdb.execution.run import run_plan
from xprojdb.planning.planner import Plan
from xprojdb.steps.fit.stage import read_artifact
from xprojdb.steps.score.candidates import origin_names
from xprojdb.steps.tag import spacy as spacy_variant
from xprojdb.steps.tag.stage import Tag
from xprojdb.text.normalization import edit_similarity, fold
from xprojdb.text.spans import Span

Key = tuple[int, int, int, int]
Write = Callable[..., Path]


@pytest.fixture
def sample(database: Database, write_conll: Write) -> Database:
    import_sample(database, write_conll, {"en": english(12), "de": german(12)})
    return database


def _stored(database: Database, plan: Plan, called: str) -> dict[Key, float]:
    """The candidates of the scorer of a plan: translation, entity, start, end, and their values."""
    step_id = plan.projections[-1].step.input_ids[score_role(called)]
    columns = (t.candidate.c.translation_id, t.candidate.c.entity_ordinal, t.candidate.c.start_word)
    query = select(*columns, t.candidate.c.end_word, t.candidate.c.score).where(t.candidate.c.step_id == step_id)
    with database.read() as connection:
        return {(i, o, s, e): value for i, o, s, e, value in connection.execute(query)}


def _sides(database: Database) -> dict[int, tuple[list[str], list[str]]]:
    """The words of both sides of each translation from English."""
    query = select(t.translation.c.id, t.translation.c.original_id, t.translation.c.rendering_id)
    with database.read() as connection:
        words = {key: json.loads(text) for key, text in connection.execute(select(t.sentence.c.id, t.sentence.c.words))}
        links = connection.execute(query.where(t.translation.c.original_lang == "en")).all()
    return {key: (words[left], words[right]) for key, left, right in links}


def _entities(database: Database) -> dict[tuple[int, int], tuple[int, int]]:
    """The span of each entity by translation and ordinal."""
    query = select(t.translation.c.id, t.entity.c.ordinal, t.entity.c.start_word, t.entity.c.end_word).join(
        t.entity, t.entity.c.sentence_id == t.translation.c.original_id
    )
    with database.read() as connection:
        return {(key, ordinal): (start, end) for key, ordinal, start, end in connection.execute(query)}


def _every_ngram(database: Database, longest: int) -> list[Key]:
    sides = _sides(database)
    return [
        (key, ordinal, start, end)
        for key, ordinal in _entities(database)
        for start in range(len(sides[key][1]))
        for end in range(start + 1, min(start + longest, len(sides[key][1])) + 1)
    ]


def test_surface_is_how_alike_the_letters_are(sample: Database, tmp_path: Path) -> None:
    plan = plan_of(
        sample, tmp_path, '[[scorer]]\ntype = "edit_similarity"\ncandidates = "ngram"\nmax_length = 3\noffset = 0.4\n'
    )
    run_plan(sample, plan)
    sides, entities = _sides(sample), _entities(sample)
    expected: dict[Key, float] = {}
    for key, ordinal, start, end in _every_ngram(sample, 3):
        begin, until = entities[key, ordinal]
        source, target = (
            " ".join(map(fold, words)) for words in (sides[key][0][begin:until], sides[key][1][start:end])
        )
        value = max(edit_similarity(source, target) - 0.4, 0) / 0.6
        expected |= {(key, ordinal, start, end): value} if value > 0 else {}
    assert _stored(sample, plan, "edit_similarity:ngram") == pytest.approx(expected)
    assert len(expected) > 20


def test_word_weights_and_power_change_soft_scores(sample: Database, tmp_path: Path) -> None:
    settings = '[[scorer]]\ncandidates = "ngram"\nmax_length = 2\nmin_score = 0.01\npower = 2.0\nword_weights = 0.5\n'
    plan = plan_of(sample, tmp_path, settings, aligner=Noisy())
    run_plan(sample, plan)
    sides, entities = _sides(sample), _entities(sample)
    weights = [_weights([words[side] for words in sides.values()]) for side in (0, 1)]
    result = _stored(sample, plan, "link_mass:ngram")
    for key, ordinal, start, end in _every_ngram(sample, 2):
        source, target = sides[key]
        links = Noisy()._links(len(source), len(target), len(" ".join(source)))
        inside = both = 0.0
        for (x, y), score in zip(links.pairs.tolist(), links.scores.tolist(), strict=True):
            mass = score * math.sqrt(weights[0][source[x].lower()] * weights[1][target[y].lower()])
            in_entity, in_span = entities[key, ordinal][0] <= x < entities[key, ordinal][1], start <= y < end
            inside, both = inside + mass * (in_entity and in_span), both + mass * in_entity + mass * in_span
        value = (2 * inside / both) ** 2 if both else 0.0
        assert result.get((key, ordinal, start, end), 0.0) == pytest.approx(value if value > 0.01 else 0, abs=2e-3)
    assert len(result) > 20


def _weights(sentences: Sequence[Sequence[str]]) -> dict[str, float]:
    counts = Counter(word.lower() for words in sentences for word in words)
    return {word: (min(-math.log(count / counts.total()), 8) / 8) ** 0.5 for word, count in counts.items()}


def test_edges_score_what_another_scorer_kept(sample: Database, tmp_path: Path) -> None:
    settings = (
        '[[scorer]]\nname = "links"\n[[scorer]]\ntype = "boundary"\ncandidates = "scored"\n'
        "max_frequency = 0.1\nweight = 0.1\n"
    )
    plan = plan_of(sample, tmp_path, settings, aligner=Noisy())
    run_plan(sample, plan)
    links, edges, sides = _stored(sample, plan, "links"), _stored(sample, plan, "boundary:scored"), _sides(sample)
    counts = Counter(word.lower() for _, target in sides.values() for word in target)
    common = {word for word, count in counts.items() if count / counts.total() > 0.1}
    assert edges == {place: 1.0 for place in links if sides[place[0]][1][place[2]].lower() not in common}
    assert 0 < len(edges) < len(links)


def test_the_candidates_of_several_scorers_are_united(sample: Database, tmp_path: Path) -> None:
    settings = (
        '[[scorer]]\nname = "links"\nmax_length = 1\n'
        '[[scorer]]\nname = "letters"\ntype = "edit_similarity"\ncandidates = "ngram"\nmax_length = 2\noffset = 0.5\n'
        '[[scorer]]\nname = "both"\ntype = "boundary"\nrule = "capitals"\n'
        'candidates = "scored"\nscorers = ["links", "letters"]\n'
    )
    plan = plan_of(sample, tmp_path, settings, aligner=Noisy())
    run_plan(sample, plan)
    links, letters, both = (_stored(sample, plan, name) for name in ("links", "letters", "both"))
    sides = _sides(sample)
    ends = {place: (sides[place[0]][1][place[2]], sides[place[0]][1][place[3] - 1]) for place in links | letters}
    named = {place: sum(word[0].isupper() or word[0].isdigit() for word in words) / 2 for place, words in ends.items()}
    assert both == {place: share for place, share in named.items() if share}
    assert links.keys() - letters.keys() and letters.keys() - links.keys()


def _origins(database: Database, plan: Plan, called: str) -> dict[Key, int | None]:
    """The origin of each candidate that a scorer stored."""
    step_id = plan.projections[-1].step.input_ids[score_role(called)]
    query = select(t.candidate).where(t.candidate.c.step_id == step_id)
    with database.read() as connection:
        return {tuple(row)[1:5]: row.origin for row in connection.execute(query)}  # type: ignore[misc]


UNITED = (
    '[[scorer]]\nname = "links"\nmax_length = 1\n'
    '[[scorer]]\nname = "letters"\ntype = "edit_similarity"\ncandidates = "ngram"\nmax_length = 2\noffset = 0.5\n'
    '[[scorer]]\nname = "both"\ntype = "boundary"\nrule = "capitals"\n'
    'candidates = ["aligned", "scored"]\nscorers = ["links", "letters"]\nmax_length = 3\n'
)


def test_the_origin_of_united_candidates_is_stored(sample: Database, tmp_path: Path) -> None:
    plan = plan_of(sample, tmp_path, UNITED, aligner=Noisy())
    run_plan(sample, plan)
    links, letters = (_origins(sample, plan, name) for name in ("links", "letters"))
    assert {*links.values(), *letters.values()} == {None}
    united = _origins(sample, plan, "both")
    assert origin_names(plan.projections[-1].step.spec.inputs["score:both"]) == ("aligned", "letters", "links")
    for place, origin in united.items():
        assert origin is not None
        assert (bool(origin & 2), bool(origin & 4)) == (place in letters, place in links)
    # Whatever the scorer of links kept, its own sub-ranges of links have, too.
    assert all(origin & 1 for origin in united.values() if origin and origin & 4)
    assert {1, 2} <= set(united.values())


def test_nine_sets_of_candidates_are_too_many(sample: Database, tmp_path: Path) -> None:
    names = [f"links{n}" for n in range(9)]
    scorers = "".join(f'[[scorer]]\nname = "{name}"\n' for name in names)
    with pytest.raises(UsageError) as caught:
        plan_of(sample, tmp_path, f'{scorers}[[scorer]]\nname = "all"\ncandidates = "scored"\nscorers = {names}\n')
    assert (caught.value.scorer, len(caught.value.scorers)) == ("all", 9)


def test_stop_words_and_limits_of_a_language(sqlite_database: Database, write_conll: Write, tmp_path: Path) -> None:
    lines = ["Anna/B-PER Berg/I-PER met people"]
    sides = {"en": lines, "de": ["Anna ! Berg traf Leute"], "it": ["Anna Berg ha visto gente"]}
    import_sample(sqlite_database, write_conll, sides)
    settings = (
        '[[scorer]]\ntype = "edit_similarity"\ncandidates = "ngram"\nmax_length = 3\nmax_length_by = { ita = 2 }\n'
    )
    plan = plan_of(sqlite_database, tmp_path, settings, top='source = ["en"]\ntarget = ["de", "it"]\n')
    run_plan(sqlite_database, plan)
    results = {}
    for projection in plan.projections:
        query = select(t.candidate.c.start_word, t.candidate.c.end_word, t.translation.c.rendering_lang)
        query = query.join(t.translation, t.translation.c.id == t.candidate.c.translation_id)
        with sqlite_database.read() as connection:
            rows = connection.execute(query).all()
        results[projection.target] = {(start, end) for start, end, lang in rows if lang == projection.target}
    assert {(0, 1), (2, 3)} < results["de"]
    assert not any(start <= 1 < end for start, end in results["de"])
    assert (2, 5) in results["de"]
    assert max(end - start for start, end in results["it"]) == 2


class _Capitals:
    """A tagger that takes runs of capitalised words for names."""

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[tuple[Span, ...]]:
        results = []
        for words in sentences:
            marks = [word[0].isupper() for word in words] + [False]
            starts = [n for n, mark in enumerate(marks) if mark and not (n and marks[n - 1])]
            results.append(tuple(Span(n, marks.index(False, n), "PER") for n in starts))
        return results


@pytest.mark.parametrize("subspans", [False, True])
def test_tagged_candidates_are_what_the_tagger_found(
    sample: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subspans: bool
) -> None:
    monkeypatch.setattr(spacy_variant, "spacy_revision", lambda _: "1")
    settings = (
        f'[[scorer]]\ntype = "boundary"\nrule = "capitals"\ncandidates = "tagged"\nsubspans = {str(subspans).lower()}\n'
    )
    plan = plan_of(sample, tmp_path, f'{settings}[tag]\nmodels = {{ de = "spacy:none" }}\n')
    plan.stages = [
        Tag(stage.spec, partial(lambda given: given, _Capitals())) if isinstance(stage, Tag) else stage
        for stage in plan.stages
    ]
    run_plan(sample, plan)
    sides, expected = _sides(sample), set()
    for key, ordinal in _entities(sample):
        for start, end, _ in _Capitals().tag([sides[key][1]])[0]:
            inner = [(a, b) for a in range(start, end) for b in range(a + 1, end + 1)]
            expected |= {(key, ordinal, *place) for place in (inner if subspans else [(start, end)])}
    assert _stored(sample, plan, "boundary:tagged").keys() == expected


def test_tagged_candidates_need_a_tagger(sample: Database, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        plan_of(sample, tmp_path, '[[scorer]]\ncandidates = "tagged"\n')
    assert (caught.value.scorer, caught.value.lang) == ("link_mass:tagged", "de")


TWO_PASSES = (
    '[[scorer]]\nname = "links"\n[[scorer]]\nname = "memory"\ntype = "term_consistency"\n'
    'candidates = "scored"\nweight = 0.3\n'
)


def test_memory_is_what_the_first_pass_projected_elsewhere(sample: Database, tmp_path: Path) -> None:
    plan = plan_of(sample, tmp_path, TWO_PASSES)
    kinds = [stage.spec.kind for stage in plan.stages]
    assert kinds == ["align", "score", "project", "terms", "score", "project"]
    run_plan(sample, plan)
    assert [(projection.source, projection.target) for projection in plan.projections] == [("en", "de")]
    sides, draft = _sides(sample), plan.stages[2].step_id
    query = select(t.label.c.translation_id, t.label.c.start_word, t.label.c.end_word).where(t.label.c.step_id == draft)
    with sample.read() as connection:
        first = [(i, " ".join(sides[i][1][s:e]).lower()) for i, s, e in connection.execute(query)]
    result = _stored(sample, plan, "memory")
    assert result
    for key, ordinal, start, end in _stored(sample, plan, "links"):
        text = " ".join(sides[key][1][start:end]).lower()
        chosen = sum(i != key and own == text for i, own in first)
        occurs = sum(f" {' '.join(words[1]).lower()} ".count(f" {text} ") for i, words in sides.items() if i != key)
        share = chosen / (occurs + 1)
        assert result.get((key, ordinal, start, end), 0.0) == pytest.approx(share)


def test_memory_alone_is_refused(sample: Database, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        plan_of(sample, tmp_path, '[[scorer]]\ntype = "term_consistency"\n')
    assert caught.value.scorer == "term_consistency:aligned"


def test_sentences_that_come_later_use_what_was_learned(sample: Database, write_conll: Write, tmp_path: Path) -> None:
    settings = "[[scorer]]\nword_weights = 1.0\n"
    plan = plan_of(sample, tmp_path, settings)
    run_plan(sample, plan)
    (source,) = (stage for stage in plan.stages if stage.spec.params.get("lang") == "en")
    with sample.read() as connection:
        corpus_id = connection.execute(select(t.corpus.c.id)).scalar_one()
        before = read_artifact(connection, source.step_id, corpus_id)
    assert before["counts"]["turin"] == sum("Turin" in line for line in english(12))
    import_sample(sample, write_conll, {"en": english(20), "de": german(20)})
    report = run_plan(sample, plan_of(sample, tmp_path, settings))
    assert [step.done for step in report.steps if step.title.startswith("count")] == [0, 0]
    assert report.steps[-1].done == 8
    with sample.read() as connection:
        assert read_artifact(connection, source.step_id, corpus_id) == before
    assert {status for status, _ in outcomes(sample, "project").values()} == {"ok", "empty"}


def test_a_scorer_is_not_before_itself(sample: Database, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        plan_of(sample, tmp_path, '[[scorer]]\nname = "x"\ncandidates = "scored"\nscorers = ["y"]\n')
    assert (caught.value.scorer, caught.value.scorers) == ("x", ("y",))


@pytest.mark.parametrize("key", ["offset = 0.3", "edges = 'capitals'"])
def test_a_key_of_another_scorer_is_refused(sample: Database, tmp_path: Path, key: str) -> None:
    with pytest.raises(RecipeError):
        plan_of(sample, tmp_path, f"[[scorer]]\n{key}\n")


class _Centred(Diagonal):
    """Tells which means it was given, and links as the plain aligner does."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[tuple[float, float]] = []

    def mean(self, sentences: Sequence[Sequence[str]]) -> Any:
        import numpy as np

        return np.array([sum(map(len, sentences))], np.float32)

    def centred(self, left: Any, right: Any) -> _Centred:
        self.given.append((left.item(), right.item()))
        return self


def test_means_of_both_languages_reach_the_aligner(sample: Database, tmp_path: Path) -> None:
    from xprojdb.steps.align.stage import AlignCentred
    from xprojdb.steps.fit.mean_vectors import MeanVectors

    plan, aligner = plan_of(sample, tmp_path, align='transform = "centre-language"\n'), _Centred()
    assert [stage.spec.kind for stage in plan.stages] == ["mean", "mean", "align", "score", "project"]
    plan.stages[:2] = [MeanVectors(stage.spec, lambda: aligner) for stage in plan.stages[:2]]
    plan.stages[2] = AlignCentred(plan.stages[2].spec, lambda: aligner)
    run_plan(sample, plan)
    totals = [sum(len(words[side]) for words in _sides(sample).values()) for side in (0, 1)]
    assert set(aligner.given) == {tuple(map(float, totals))}
    assert len(outcomes(sample, "align")) == 12


def test_each_corpus_has_its_own_counts(sample: Database, write_conll: Write, tmp_path: Path) -> None:
    lines = {"en": ["Anna/B-PER met Anna/B-PER and Ida/B-PER"] * 3, "de": ["Anna traf Anna und Ida"] * 3}
    import_sample(sample, write_conll, lines, corpus="talk")
    settings = '[[scorer]]\n[[scorer]]\ntype = "boundary"\ncandidates = "scored"\nmax_frequency = 0.3\n'
    both = plan_of(sample, tmp_path, settings)
    with sample.read() as connection:
        talk = connection.execute(select(t.corpus.c.id).where(t.corpus.c.name == "talk")).scalar_one()
    for pairs in both.pairs.values():
        pairs.append(pairs[0]._replace(corpus_id=talk))
    run_plan(sample, both)
    sides = _sides(sample)
    starts = {(place[0], sides[place[0]][1][place[2]]) for place in _stored(sample, both, "boundary:scored")}
    # Two of five words of one corpus are Anna: a function word there, and a name in the other.
    anna = {key for key, (_, target) in sides.items() if target[0] == "Anna" and len(target) > 5}
    assert {key for key, word in starts if word == "Anna"} == anna
    assert sum(word == "Ida" for _, word in starts) == 3
