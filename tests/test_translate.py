"""Recipes that translate: the original's labels from its translation, the translation's from its original, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from projection_sample import english, german, import_sample, outcomes, plan_of, results
from several_sample import combined_plan
from sqlalchemy import func, insert, select
from toy_tagger import toy_tagger

from xprojdb.config.recipe import RecipeError, parse_recipe
from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.errors import ServiceError, UsageError
from xprojdb.execution.dry_run import preview_plan
from xprojdb.execution.run import run_plan
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.maintenance.garbage_collection import find_garbage
from xprojdb.maintenance.verify import verify
from xprojdb.models.aligners.word_links import Links
from xprojdb.models.translators.text_tokens import Translated
from xprojdb.planning.planner import Plan
from xprojdb.planning.store import bind_plan
from xprojdb.provenance.explain import explain_sentence
from xprojdb.steps.translate import plan as translate_plan
from xprojdb.steps.translate import variant as translator_variant

GERMAN = {"traf": "met", "in": "in", "sah": "saw", "niemand": "nobody", "Regen": "rain", "fiel": "fell"}
TEST = 'source = ["en"]\ntarget = ["de"]'
TRAIN = 'source = ["de"]\ntarget = ["en"]'


class Dictionary:
    """Word for word; what is not in it stays as it is. ``says`` has whole sentences that it knows better."""

    def __init__(self, says: Mapping[str, Translated] | None = None) -> None:
        self.says = says or {}
        self.asked: list[str] = []

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[Translated]:
        self.asked += sentences
        words = GERMAN if source == "de" else {to: word for word, to in GERMAN.items()}
        return [self.says.get(text) or Translated(_by(words, text, target)) for text in sentences]


def _by(words: Mapping[str, str], text: str, target: str) -> str:
    spaced = text.replace("[", "[ ").replace("]", " ]").split()
    # A language that says a little more, so that words move; but not of names alone.
    more = ["well", "then"] if target == "en" and any(word in words for word in spaced) else []
    return " ".join([*more, *(words.get(word, word) for word in spaced)])


@pytest.fixture
def dictionary(monkeypatch: pytest.MonkeyPatch) -> Dictionary:
    result = Dictionary()
    monkeypatch.setattr(translator_variant, "load_translator", lambda *_: result)
    monkeypatch.setattr(translate_plan, "translator_revision", lambda *_, **__: "1")
    return result


def _import(database: Database, write_conll: Callable[..., Path], *lines: str, labelled: bool = True) -> None:
    path = write_conll("news.de.conll", *lines)
    import_files(database, CorpusInfo("news"), [corpus_file(path, "de", form="conll", labelled=labelled)])


def _plan(database: Database, folder: Path, top: str, translate: str = "", rest: str = "", **more: Any) -> Plan:
    table = f'[translate]\nmodel = "hf:toy"\n{translate}\n'
    return plan_of(database, folder, table + rest, top=top, **more)


def _tagger(*langs: str) -> str:
    return "[tag]\nmodels = { " + ", ".join(f'{lang} = "hf:{toy_tagger()}"' for lang in langs) + " }\n"


def _labels(database: Database) -> list[tuple[str, str, str]]:
    """Projected spans: language, words, label."""
    query = select(t.sentence.c.lang, t.sentence.c.words, t.label.c.start_word, t.label.c.end_word, t.label.c.label)
    query = query.join(t.label, t.label.c.sentence_id == t.sentence.c.id).order_by(t.sentence.c.id, t.label.c.ordinal)
    with database.read() as connection:
        rows = connection.execute(query).all()
    return [(lang, " ".join(json.loads(words)[start:end]), label) for lang, words, start, end, label in rows]


class Shifted:
    """Links each German word to its English one, which stands two words on."""

    def align(self, pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> list[Any]:
        collected = []
        for left, right in pairs:
            shift = 2 if right[:1] == ["well"] else 0
            here = np.arange(len(left), dtype=np.int32)
            here = here[here + shift < len(right)]
            collected.append(Links(np.stack([here, here + shift], 1), np.full(len(here), 0.9, np.float32)))
        return collected


LINES = ("Anna traf Berta in Turin", "niemand sah Regen", "Nora/B-LOC sah Cora/B-PER")


@pytest.mark.slow
def test_labels_come_back_from_the_translation(
    database: Database, tmp_path: Path, write_conll: Callable[..., Path], dictionary: Dictionary
) -> None:
    _import(database, write_conll, *LINES)
    plan = _plan(database, tmp_path, TEST, rest=_tagger("en"), aligner=Shifted())
    run_plan(database, plan)
    assert dictionary.asked == ["Anna traf Berta in Turin", "niemand sah Regen", "Nora sah Cora"]
    assert _labels(database) == [
        ("de", "Anna", "PER"), ("de", "Berta", "PER"), ("de", "Turin", "LOC"), ("de", "Nora", "LOC"),
        ("de", "Cora", "PER"),
    ]  # fmt: skip
    assert set(outcomes(database, "translate").values()) == {("ok", None)}


def test_only_new_sentences_are_translated_later(
    database: Database, tmp_path: Path, write_conll: Callable[..., Path], dictionary: Dictionary
) -> None:
    _import(database, write_conll, *LINES[:2])
    plan = _plan(database, tmp_path, TEST, rest=_tagger("en"), aligner=Shifted())
    run_plan(database, plan)
    assert run_plan(database, plan).run_id is None
    _import(database, write_conll, *LINES)
    run_plan(database, plan)
    assert dictionary.asked[2:] == ["Nora sah Cora"]
    assert _labels(database)[-2:] == [("de", "Nora", "LOC"), ("de", "Cora", "PER")]


def test_what_would_be_translated_is_told_before(
    database: Database, tmp_path: Path, write_conll: Callable[..., Path], dictionary: Dictionary
) -> None:
    _import(database, write_conll, *LINES)
    plan = _plan(database, tmp_path, TEST, rest=_tagger("en"), aligner=Shifted())
    pending = [entry.pending for entry in preview_plan(database, plan)]
    assert pending == [3, 3, 3, 3, 3]
    assert dictionary.asked == []


@pytest.mark.usefixtures("dictionary")
def test_labelled_sentences_become_training_data(
    database: Database, tmp_path: Path, write_conll: Callable[..., Path]
) -> None:
    _import(database, write_conll, "Anna/B-PER traf Turin/B-LOC", "Regen fiel")
    plan = _plan(database, tmp_path, TRAIN, 'direction = "translate-train"', aligner=Shifted())
    run_plan(database, plan)
    assert _labels(database) == [("en", "Anna", "PER"), ("en", "Turin", "LOC")]
    with database.read() as connection:
        query = select(t.sentence.c.external_id, t.sentence.c.split, t.sentence.c.text).where(t.sentence.c.lang == "en")
        ids, _, texts = zip(*connection.execute(query.order_by(t.sentence.c.id)).all(), strict=True)
    assert texts == ("well then Anna met Turin", "well then rain fell")
    assert [name.partition("@")[0] for name in ids] == ["all-1", "all-2"]


def test_the_round_trip_projects_from_the_sentence_s_own_language(
    database: Database, tmp_path: Path, write_conll: Callable[..., Path], dictionary: Dictionary
) -> None:
    _import(database, write_conll, *LINES)
    plan = _plan(database, tmp_path, TEST, 'direction = "round-trip"', rest=_tagger("en"))
    run_plan(database, plan)
    assert "well then [Anna] met [Berta] in [Turin]" in dictionary.asked
    assert not any("rain" in asked for asked in dictionary.asked[3:])
    with database.read() as connection:
        query = select(t.translation.c.kind, t.translation.c.original_lang, t.translation.c.rendering_lang)
        assert (
            sorted(map(tuple, connection.execute(query))) == [("back", "de", "de")] * 3 + [("machine", "de", "en")] * 3
        )
    # The way back leaves the two words that the way there had added, and the aligner links word n to word n.
    assert ("de", "Turin", "LOC") not in _labels(database)
    assert outcomes(database, "project")[5] == ("empty", "no-entities")


def test_entities_travel_inside_the_translation(
    database: Database, tmp_path: Path, write_conll: Callable[..., Path], dictionary: Dictionary
) -> None:
    _import(database, write_conll, "Anna/B-PER Berg/I-PER traf Turin/B-LOC", "Regen fiel", "Nora/B-LOC sah")
    dictionary.says = {"[Nora] sah": Translated("nobody saw")}
    plan = _plan(database, tmp_path, TRAIN, 'direction = "translate-train"', rest='[project]\nmethod = "markers"\n')
    run_plan(database, plan)
    assert _labels(database) == [("en", "Anna Berg", "PER"), ("en", "Turin", "LOC")]
    assert sorted(outcomes(database, "carry").values(), key=repr) == [
        ("filtered", "no-brackets:0"), ("ok", None), ("ok", None)
    ]  # fmt: skip
    assert run_plan(database, plan).run_id is None


def test_entities_travel_in_tags(
    database: Database, tmp_path: Path, write_conll: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    says = {
        "<a>Anna Berg</a> traf <b>Turin</b>": Translated("In <b>Turin</b> was met < a >Anna Berg< /a >"),
        "Regen fiel": Translated("rain fell"),
        "<a>Nora</a> sah": Translated("<a>Nora saw"),
    }
    tagged = Dictionary(says)
    monkeypatch.setattr(translator_variant, "load_translator", lambda *_: tagged)
    monkeypatch.setattr(translate_plan, "translator_revision", lambda *_, **__: "1")
    _import(database, write_conll, "Anna/B-PER Berg/I-PER traf Turin/B-LOC", "Regen fiel", "Nora/B-LOC sah")
    table = 'direction = "translate-train"\nmarkers = "xml"'
    plan = _plan(database, tmp_path, TRAIN, table, rest='[project]\nmethod = "markers"\n')
    assert "in XML tags" in plan.stages[0].title
    assert (
        plan.stages[0].spec.digest
        != _plan(database, tmp_path, TRAIN, table.splitlines()[0], rest='[project]\nmethod = "markers"\n')
        .stages[0]
        .spec.digest
    )
    run_plan(database, plan)
    assert sorted(tagged.asked) == sorted(says)
    assert _labels(database) == [("en", "Turin", "LOC"), ("en", "Anna Berg", "PER")]
    assert sorted(outcomes(database, "carry").values(), key=repr) == [
        ("filtered", "unclosed:0"), ("ok", None), ("ok", None)
    ]  # fmt: skip


def test_what_is_no_translation_labels_nothing(
    database: Database, tmp_path: Path, write_conll: Callable[..., Path], dictionary: Dictionary
) -> None:
    _import(database, write_conll, *LINES)
    dictionary.says = {
        LINES[0]: Translated(""), LINES[1]: Translated("nobody saw", "output"), "Nora sah Cora": Translated("Nora saw")
    }  # fmt: skip
    run_plan(database, _plan(database, tmp_path, TEST, rest=_tagger("en"), aligner=Shifted()))
    assert sorted(outcomes(database, "translate").values(), key=repr) == [
        ("filtered", "empty"), ("filtered", "output-cut"), ("ok", None)
    ]  # fmt: skip
    assert len(results(database, ("alignment",))["alignment"]) == 1
    kept = _plan(database, tmp_path, TEST, "keep_truncated = true", rest=_tagger("en"), aligner=Shifted())
    run_plan(database, kept)
    assert ("ok", "output-cut") in outcomes(database, "translate").values()


@pytest.mark.usefixtures("dictionary")
def test_a_sentence_that_waits_for_a_translation_is_not_combined(
    database: Database, tmp_path: Path, write_conll: Callable[..., Path]
) -> None:
    _import(database, write_conll, *LINES)
    top = 'source = ["en", "es"]\ntarget = ["de"]'
    table = '[translate]\nmodel = "hf:toy"\n' + _tagger("en", "es")
    plan = combined_plan(database, tmp_path, 'method = "majority"\n' + table, top=top, aligner=Shifted())
    first = Plan(plan.recipe, plan.stages, plan.pairs)
    # As a run that was stopped: of the translations into Spanish there are none yet.
    first.stages = [stage for stage in plan.stages if getattr(stage, "lang", "") != "es"]
    bind_plan(database, plan)
    run_plan(database, first)
    assert outcomes(database, "combine") == {}
    run_plan(database, plan)
    assert len(outcomes(database, "combine")) == 3


@pytest.mark.usefixtures("dictionary")
@pytest.mark.parametrize("missing", ["translate", "carry"])
def test_a_sentence_that_waits_for_another_recipe_s_round_trip_is_not_combined(
    missing: str, database: Database, tmp_path: Path, write_conll: Callable[..., Path]
) -> None:
    _import(database, write_conll, *LINES)
    other = _plan(database, tmp_path, TEST, 'direction = "round-trip"', rest=_tagger("en"))
    other.recipe = type(other.recipe)("other", other.recipe.digest, other.recipe.text)
    bind_plan(database, other)
    stopped = Plan(other.recipe, [stage for stage in other.stages if stage.spec.kind != missing], other.pairs)
    run_plan(database, stopped)
    top = 'source = ["es"]\ntarget = ["de"]'
    table = 'method = "majority"\nrecipes = ["other"]\n[translate]\nmodel = "hf:toy"\n' + _tagger("es")
    plan = combined_plan(database, tmp_path, table, top=top, aligner=Shifted())
    run_plan(database, plan)
    assert outcomes(database, "combine") == {}
    run_plan(database, other)
    run_plan(database, plan)
    assert len(outcomes(database, "combine")) == 3


@pytest.mark.usefixtures("dictionary")
def test_a_round_trip_votes_with_the_tagger_of_its_language(
    database: Database, tmp_path: Path, write_conll: Callable[..., Path]
) -> None:
    _import(database, write_conll, *LINES)
    combine = 'method = "majority"\ntransfer = true\n[translate]\nmodel = "hf:toy"\ndirection = "round-trip"\n'
    plan = combined_plan(database, tmp_path, combine + _tagger("en", "de"), top=TEST, aligner=Shifted())
    run_plan(database, plan)
    assert len(outcomes(database, "combine")) == 3
    assert [consensus.sources for consensus in plan.consensuses] == [("de", "transfer")]


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ('[translate]\nmodel = "nllb"', "translate.model"),
        ('[translate]\nmodel = "apertium"\nback_model = "apertium"', "translate.back_model"),
        ('[project]\nmethod = "markers"', "project.method"),
        ('[translate]\nmodel = "apertium"\ndirection = "round-trip"', "translate"),
        ('[translate]\nmodel = "apertium"\nmarkers = "xml"', "translate.markers"),
        ('[translate]\nmodel = "apertium"\ndirection = "translate-train"\nmarkers = "xml"', "translate.markers"),
    ],
)
def test_a_recipe_that_cannot_be_translated_by_is_refused(table: str, key: str) -> None:
    with pytest.raises(RecipeError) as refused:
        parse_recipe(f'name = "x"\ncorpora = ["news"]\n{TEST}\n{table}')
    assert refused.value.key == key


@pytest.mark.usefixtures("dictionary")
def test_without_a_sentence_to_translate_nothing_is_planned(
    database: Database, tmp_path: Path, write_conll: Callable[..., Path]
) -> None:
    _import(database, write_conll, *LINES)
    with pytest.raises(UsageError) as refused:
        _plan(database, tmp_path, 'source = ["en"]\ntarget = ["fr"]', rest=_tagger("en"))
    assert refused.value.corpora == ("news",)


def test_an_explanation_goes_down_to_the_translator(
    database: Database, tmp_path: Path, write_conll: Callable[..., Path], dictionary: Dictionary
) -> None:
    _import(database, write_conll, *LINES)
    plan = _plan(database, tmp_path, TEST, 'direction = "round-trip"', rest=_tagger("en"))
    run_plan(database, plan)
    (projection,) = explain_sentence(database, plan, "news/de/all-1").projections
    assert projection.kind == "back"
    by_name = {built.kind: (built.role, built.model, built.outcome) for built in projection.made_by}
    assert by_name["translate"] == ("sentences", "hf:toy", "ok")
    assert by_name["carry"] == ("translation", "hf:toy", "ok")
    assert {outcome for _, _, outcome in by_name.values()} == {"ok"}
    assert len(dictionary.asked) > 3


def test_a_server_that_does_not_answer_leaves_its_batch_pending_and_the_rest_goes_on(
    database: Database,
    tmp_path: Path,
    write_conll: Callable[..., Path],
    dictionary: Dictionary,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _import(database, write_conll, *LINES)
    top = 'source = ["en", "es"]\ntarget = ["de"]'
    plan = _plan(database, tmp_path, top, rest=_tagger("en", "es"), aligner=Shifted())
    answers = dictionary.translate

    def translate(sentences: Sequence[str], source: str, target: str) -> list[Translated]:
        if target == "es":
            raise ServiceError("the server says nothing", again=True)
        return answers(sentences, source, target)

    monkeypatch.setattr(dictionary, "translate", translate)
    with pytest.raises(ServiceError) as refused:
        run_plan(database, plan)
    assert refused.value.again
    assert len(outcomes(database, "translate")) == 3
    assert len(outcomes(database, "project")) == 3
    monkeypatch.setattr(dictionary, "translate", answers)
    run_plan(database, plan)
    assert len(outcomes(database, "project")) == 6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("top", "settings"),
    [
        (TEST, 'direction = "translate-test"\nTAG'),
        (TEST, 'direction = "round-trip"\nTAG'),
        (TRAIN, 'direction = "translate-train"\n[project]\nmethod = "markers"\n'),
    ],
    ids=["test", "round trip", "markers"],
)
@pytest.mark.usefixtures("dictionary")
def test_what_is_made_passes_every_check_and_none_of_it_is_garbage(
    top: str, settings: str, database: Database, tmp_path: Path, write_conll: Callable[..., Path]
) -> None:
    _import(database, write_conll, "Anna/B-PER traf Berta/B-PER in Turin/B-LOC", "Regen fiel", "Nora/B-LOC sah")
    run_plan(database, _plan(database, tmp_path, top, settings.replace("TAG", _tagger("en"))))
    assert [check.name for check in verify(database).checks if check.count] == []
    assert find_garbage(database).steps == []


@pytest.mark.usefixtures("dictionary")
@pytest.mark.parametrize("method", ["match", "markers"])
def test_a_label_is_mapped_once(
    method: str, database: Database, tmp_path: Path, write_conll: Callable[..., Path]
) -> None:
    labels = '\nlabels = { PER = "PERSON" }'
    if method == "markers":
        _import(database, write_conll, "Anna/B-PER traf Turin/B-LOC")
        rest = '[project]\nmethod = "markers"\n'
        plan = _plan(database, tmp_path, TRAIN + labels, 'direction = "translate-train"', rest=rest)
    else:
        _import(database, write_conll, "Anna traf Turin")
        plan = _plan(database, tmp_path, TEST + labels, 'direction = "round-trip"', rest=_tagger("en"))
    run_plan(database, plan)
    assert {label for _, _, label in _labels(database)} == {"PERSON"}


@pytest.mark.usefixtures("dictionary")
def test_a_dry_run_counts_what_is_carried_once(
    database: Database, tmp_path: Path, write_conll: Callable[..., Path]
) -> None:
    lines = [f"Anna/B-PER traf Turin/B-LOC und {n}" for n in range(4)]
    _import(database, write_conll, *lines)
    plan = _plan(database, tmp_path, TRAIN, 'direction = "translate-train"', rest='[project]\nmethod = "markers"\n')
    run_plan(database, plan, only=["carry"])
    assert [entry.pending for entry in preview_plan(database, plan)] == [0, 4]
    run_plan(database, plan)
    assert [entry.pending for entry in preview_plan(database, plan)] == [0, 0]


def test_a_dry_run_leaves_out_the_translations_of_sentences_that_failed(
    database: Database, tmp_path: Path, write_conll: Callable[..., Path]
) -> None:
    """Keys of sentences and of translations are numbers of their own."""
    shift = write_conll("shift.de.conll", *["Regen fiel"] * 3)
    import_files(database, CorpusInfo("shift"), [corpus_file(shift, "de", form="conll")])
    import_sample(database, write_conll, {"en": english(3), "de": german(3)})
    plan = plan_of(database, tmp_path, _tagger("en"), top=TEST)
    bind_plan(database, plan)
    tag = next(stage for stage in plan.stages if stage.spec.kind == "tag")
    with database.write() as connection:
        last = connection.execute(select(func.max(t.sentence.c.id)).where(t.sentence.c.lang == "en")).scalar_one()
        collected = {"step_id": tag.step_id, "item_id": last, "status": "failed", "run_id": 1}
        connection.execute(insert(t.outcome).values(**collected))
    pending = {entry.title.split()[0]: entry.pending for entry in preview_plan(database, plan)}
    assert (pending["tag"], pending["align"], pending["score"]) == (2, 3, 2)
