"""Predictions and translations made elsewhere are taggers and translators of recipes, and are told as what they are."""

import json

import pytest
from sqlalchemy import select

import xprojdb as xp
from xprojdb.db.tables import sentence, translation
from xprojdb.errors import UsageError
from xprojdb.importing.corpus_files import ImportRefused

ENGLISH = ["Amina went to Nairobi today .", "The market was closed .", "Otieno met Amina ."]
SWAHILI = ["Amina alikwenda Nairobi leo .", "Soko lilifungwa .", "Otieno alikutana na Amina ."]
#: what a tagger found in the English ones
TAGS = ["B-PER O O B-LOC O O", "O O O O O", "B-PER O B-PER O"]
RECIPE = {
    "name": "news",
    "corpora": ["news"],
    "source": ["en"],
    "target": ["sw"],
    "align": {"aligner": "equal_words"},
    # Without what learns from a draft: every stored label is a final one.
    "scorer": [{"type": "link_mass"}],
}


@pytest.fixture
def db(database):
    return xp.Database(database)


def text(path, lines):
    path.write_text("".join(line + "\n" for line in lines))
    return path


def conll(path, sentences, tags):
    blocks = [zip(words.split(), tag.split(), strict=True) for words, tag in zip(sentences, tags, strict=True)]
    path.write_text("\n".join("".join(f"{word}\t{tag}\n" for word, tag in block) for block in blocks) + "\n")
    return path


def phrases(db):
    rows = db.query(
        "SELECT s.external_id, s.words, l.start_word, l.end_word, l.label FROM label l JOIN sentence s ON s.id ="
        " l.sentence_id ORDER BY s.id, l.ordinal"
    ).to_dict()
    return [
        (row["external_id"].split("@")[0], " ".join(json.loads(row["words"])[row["start_word"] : row["end_word"]]),
         row["label"])
        for row in rows
    ]  # fmt: skip


def parallel(db, tmp_path):
    db.import_parallel("news", en=text(tmp_path / "en.txt", ENGLISH), sw=text(tmp_path / "sw.txt", SWAHILI))


def test_predictions_are_a_tagger(db, tmp_path):
    parallel(db, tmp_path)
    path = conll(tmp_path / "pred.conll", ENGLISH, TAGS)
    report = db.import_tags(path, name="mine", lang="en").report
    assert (report.sentences, report.added, report.entities, report.pending) == (3, 3, 4, 0)
    assert db.import_tags(path, name="mine", lang="en").report.added == 0
    db.run(xp.Recipe(**RECIPE, tag={"model": "imported:mine"}))
    assert phrases(db) == [("all-1", "Amina", "PER"), ("all-1", "Nairobi", "LOC"), ("all-3", "Otieno", "PER"),
                           ("all-3", "Amina", "PER")]  # fmt: skip
    assert "imported:mine" in json.dumps(db.explain("news/sw/all-1").to_json())


def test_some_predictions_wait_and_are_told(db, tmp_path):
    parallel(db, tmp_path)
    db.import_tags(conll(tmp_path / "pred.conll", ENGLISH[:2], TAGS[:2]), name="mine", lang="en")
    recipe = xp.Recipe(**RECIPE, tag={"model": "imported:mine"})
    run = db.run(recipe).run.report
    (line,) = run.waiting
    assert line.startswith("1 sentences of tag en as imported (mine) wait for tags of mine: xprojdb import tags")
    again = db.run(recipe).run
    assert again.report.run_id is None
    assert again.report.waiting == [line]
    db.import_tags(conll(tmp_path / "rest.conll", ENGLISH[2:], TAGS[2:]), name="mine", lang="en")
    assert db.run(recipe).run.report.waiting == []
    assert len(phrases(db)) == 4


def test_other_predictions_under_the_same_name_are_refused(db, tmp_path):
    parallel(db, tmp_path)
    db.import_tags(conll(tmp_path / "pred.conll", ENGLISH, TAGS), name="mine", lang="en")
    with pytest.raises(ImportRefused) as caught:
        db.import_tags(conll(tmp_path / "b.conll", ENGLISH, [*TAGS[:2], "O O O O"]), name="mine", lang="en")
    assert caught.value.line == 14
    db.import_tags(tmp_path / "b.conll", name="yours", lang="en")


def test_a_misspelt_name_is_an_error_and_names_the_right_one(db, tmp_path):
    parallel(db, tmp_path)
    db.import_tags(conll(tmp_path / "pred.conll", ENGLISH, TAGS), name="mine", lang="en")
    with pytest.raises(UsageError) as caught:
        db.run(xp.Recipe(**RECIPE, tag={"model": "imported:mime"}))
    assert (caught.value.name, caught.value.known, caught.value.items) == ("mime", ("mine",), 3)


def test_a_misspelt_name_of_links_is_an_error(db, tmp_path):
    db.import_parallel(
        "news", en=conll(tmp_path / "en.conll", ENGLISH, TAGS), sw=text(tmp_path / "sw.txt", SWAHILI)
    )  # fmt: skip
    links = text(tmp_path / "links.txt", ["0-0 3-2", "1-0", "0-0 2-3"])
    db.import_alignments(links, corpus="news", langs=["en", "sw"], name="fast")
    with pytest.raises(UsageError) as caught:
        db.run(xp.Recipe(**{**RECIPE, "align": {"aligner": "imported", "name": "fats"}}))
    assert (caught.value.name, caught.value.known) == ("fats", ("fast",))


def test_translations_by_id_come_back_as_what_a_machine_made(db, tmp_path):
    db.import_text(text(tmp_path / "sw.txt", SWAHILI), corpus="news", lang="sw")
    out = tmp_path / "out.tsv"
    assert db.export_text(out, corpus="news", lang="sw").report.sentences == 3
    rows = [line.split("\t") for line in out.read_text().splitlines()]
    assert rows[0] == ["id", "text"]
    english = dict(zip([name for name, _ in rows[1:]], ENGLISH, strict=True))
    back = text(tmp_path / "back.tsv", ["id\ttext", *(f"{name}\t{english[name]}" for name in ("all-3", "all-1"))])
    report = db.import_translations(back, name="mt", source="sw", lang="en").report
    assert (report.sentences, report.added, report.pending) == (2, 2, 1)
    left = tmp_path / "left.tsv"
    db.export_text(left, corpus="news", lang="sw", untranslated="mt", to="en")
    assert left.read_text().splitlines()[1:] == [f"all-2\t{SWAHILI[1]}"]
    with db.store.read() as connection:
        execute = connection.execute(select(translation.c.kind, translation.c.original_lang)).all()
        ids = list(connection.execute(select(sentence.c.external_id).where(sentence.c.lang == "en")).scalars())
    assert [tuple(row) for row in execute] == [("machine", "sw")] * 2
    path = text(
        tmp_path / "tags.jsonl",
        [
            json.dumps({"id": name, "tokens": english[name.split("@")[0]].split(), "ner_tags": TAGS[k].split()})
            for name in ids
            for k in [ENGLISH.index(english[name.split("@")[0]])]
        ],
    )
    db.import_tags(path, name="mine", lang="en")
    recipe = xp.Recipe(**RECIPE, translate={"model": "imported:mt"}, tag={"models": {"en": "imported:mine"}})
    run = db.run(recipe).run.report
    assert [line.split(" wait")[0] for line in run.waiting] == ["1 sentences of translate sw → en as imported (mt)"]
    assert len(phrases(db)) == 4
    assert "machine" in json.dumps(db.explain("news/sw/all-1").to_json())
    assert [c for c in db.verify().report.checks if c.count] == []
    assert db.gc().report.steps == []


def test_lines_of_a_text_may_be_missing(db, tmp_path):
    db.import_text(text(tmp_path / "sw.txt", SWAHILI), corpus="news", lang="sw")
    back = text(tmp_path / "back.txt", [ENGLISH[0], "", ENGLISH[2]])
    report = db.import_translations(back, name="mt", source="sw", lang="en").report
    assert (report.sentences, report.added, report.pending) == (2, 2, 1)
    with db.store.read() as connection:
        parents = select(sentence.c.parent_id, sentence.c.text).where(sentence.c.lang == "en")
        keys = list(connection.execute(select(sentence.c.id).where(sentence.c.lang == "sw")).scalars())
        assert dict(connection.execute(parents).all()) == {keys[0]: ENGLISH[0], keys[2]: ENGLISH[2]}
    assert db.import_translations(back, name="mt", source="sw", lang="en").report.added == 0
    with pytest.raises(ImportRefused) as caught:
        db.import_translations(text(tmp_path / "other.txt", ["Something else ."]), name="mt", source="sw", lang="en")
    assert caught.value.line == 1


def test_parallel_files_of_a_machine_are_published_as_its_work(db, tmp_path):
    files = {"en": conll(tmp_path / "en.conll", ENGLISH, TAGS), "sw": text(tmp_path / "sw.txt", SWAHILI)}
    result = db.import_parallel("news", files, machine="mt")
    assert [built.added for built in result.translations] == [3]
    assert not db.import_parallel("news", files, machine="mt").translations[0].added
    assert [check for check in db.verify().report.checks if check.count] == []
    recipe = xp.Recipe(**RECIPE, translate={"direction": "translate-train", "model": "imported:mt"})
    done = db.run(recipe)
    assert len(phrases(db)) == 4
    done.export(tmp_path / "data", format="hf")
    card = (tmp_path / "data" / "README.md").read_text()
    assert "language_creators:\n- machine-generated\n" in card.replace("  - ", "- ")
    assert "translations by a model called mt (its output was imported)" in card


def memory(path, form, ids):
    """English and Swahili as TMX or XLIFF; a unit without a translation comes second."""
    units = [(ENGLISH[0], SWAHILI[0]), ("Nobody translated this .", ""), *zip(ENGLISH[1:], SWAHILI[1:], strict=True)]
    names = [f' id="u{number}"' if ids else "" for number in range(len(units))]
    if form == "xliff":
        body = "".join(
            f"<trans-unit{name or ' '}><source>{source}</source><target>{target}</target></trans-unit>"
            for name, (source, target) in zip(names, units, strict=True)
        )
        text_ = (
            f'<xliff version="1.2"><file source-language="en" target-language="sw"><body>{body}</body></file></xliff>'
        )
    else:
        body = "".join(
            f"<tu{name.replace('id=', 'tuid=')}>"
            f'<tuv xml:lang="en"><seg>{source}</seg></tuv><tuv xml:lang="sw"><seg>{target}</seg></tuv></tu>'
            for name, (source, target) in zip(names, units, strict=True)
        )
        text_ = f'<tmx version="1.4"><header/><body>{body}</body></tmx>'
    path.write_text(text_, encoding="utf-8")
    return path


@pytest.mark.parametrize("ids", [True, False])
@pytest.mark.parametrize("form", ["tmx", "xliff"])
def test_a_memory_of_a_machine_is_stored_as_its_work(db, tmp_path, form, ids):
    file = memory(tmp_path / f"mt.{form}", form, ids)
    for added in (3, 0):
        result = db.import_multilingual(file, corpus="news", langs=["en", "sw"], machine="mt")
        assert [(built.added, built.pending, built.source, built.lang) for built in result.translations] == [
            (added, 0, "en", "sw")
        ]
    with db.store.read() as connection:
        other = sentence.alias()
        query = select(sentence.c.text, other.c.text, translation.c.kind)
        query = query.join(translation, translation.c.original_id == sentence.c.id)
        query = query.join(other, other.c.id == translation.c.rendering_id).order_by(sentence.c.id)
        expected = [(*pair, "machine") for pair in zip(ENGLISH, SWAHILI, strict=True)]
        assert [tuple(row) for row in connection.execute(query)] == expected
    assert [check for check in db.verify().report.checks if check.count] == []


def test_a_table_does_not_say_what_a_machine_made(db, tmp_path):
    path = tmp_path / "both.csv"
    path.write_text("en,sw\nMara rests,Mara anapumzika\n")
    with pytest.raises(UsageError, match="which column a machine made"):
        db.import_multilingual(path, corpus="news", langs=["en", "sw"], machine="mt")


def test_one_missing_pair_costs_only_its_own_part(db, tmp_path):
    db.import_parallel("news", en=conll(tmp_path / "en.conll", ENGLISH, TAGS), sw=text(tmp_path / "sw.txt", SWAHILI))
    run = db.run(xp.Recipe(**{**RECIPE, "target": ["sw", "de"]})).run
    assert run.report.missing == ["no translations connect en with de in news"]
    assert len(phrases(db)) == 4
    assert db.dry_run(xp.Recipe(**{**RECIPE, "target": ["sw", "de"]})).missing == run.report.missing
    again = db.run(xp.Recipe(**{**RECIPE, "target": ["sw", "de"]})).run
    assert again.to_json()["missing"] == run.report.missing


def test_one_missing_model_costs_only_its_own_part(db, tmp_path):
    files = {"en": text(tmp_path / "en.txt", ENGLISH), "fr": text(tmp_path / "fr.txt", ENGLISH)}
    db.import_parallel("news", {**files, "sw": text(tmp_path / "sw.txt", SWAHILI)})
    db.import_tags(conll(tmp_path / "pred.conll", ENGLISH, TAGS), name="mine", lang="en")
    recipe = {**RECIPE, "source": ["en", "fr"], "tag": {"models": {"en": "imported:mine", "fr": "spacy:fr_nowhere"}}}
    with pytest.raises(xp.XprojdbError) as caught:
        db.run(xp.Recipe(**recipe))
    assert caught.value.langs == ("fr", "sw")
    assert len(phrases(db)) == 4


def test_the_translator_may_differ_by_language():
    recipe = xp.Recipe(
        **{**RECIPE, "target": ["sw", "de"]},
        translate={"model": {"swa": "imported:one", "de-en": "imported:two"}},
    )
    assert recipe.translate.model_for("sw", "en") == "imported:one"
    assert recipe.translate.model_for("en", "sw") == "imported:one"
    assert recipe.translate.model_for("de", "en") == "imported:two"
    assert recipe.translate.model_for("en", "de") is None
    assert xp.Recipe.from_toml(recipe.to_toml()) == recipe


def test_gold_that_is_missing_is_said(db, tmp_path):
    parallel(db, tmp_path)
    run = db.run(xp.Recipe(**RECIPE)).run.report
    (line,) = run.waiting
    assert line.startswith("3 pairs of")


def test_a_command_that_leaves_items_waiting_does_not_end_with_0(sqlite_database, tmp_path, run_cli):
    path = sqlite_database.engine.url.database
    files = [f"{lang}={text(tmp_path / f'{lang}.txt', lines)}" for lang, lines in (("en", ENGLISH), ("sw", SWAHILI))]
    assert run_cli("--db", path, "import", "parallel", *files, "--corpus", "news").code == 0
    tags = ("--name", "mine", "--lang", "en")
    run_cli("--db", path, "import", "tags", conll(tmp_path / "some.conll", ENGLISH[:2], TAGS[:2]), *tags)
    recipe = tmp_path / "news.toml"
    recipe.write_text(
        'name = "news"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["sw"]\nalign = {aligner = "equal_words"}\n'
        '[tag]\nmodel = "imported:mine"\n'
    )
    for _ in range(2):
        done = run_cli("--db", path, "run", recipe)
        assert (done.code, "wait for tags of mine" in done.stdout) == (1, True), done.stderr
    run_cli("--db", path, "import", "tags", conll(tmp_path / "rest.conll", ENGLISH[2:], TAGS[2:]), *tags)
    assert run_cli("--db", path, "run", recipe).code == 0


def test_on_the_command_line(sqlite_database, tmp_path, run_cli):
    path = sqlite_database.engine.url.database
    files = [f"en={text(tmp_path / 'en.txt', ENGLISH)}", f"sw={text(tmp_path / 'sw.txt', SWAHILI[:2])}"]
    done = run_cli("--db", path, "import", "parallel", *files, "--corpus", "news", "--machine", "mt")
    assert done.code == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "1 sentences have no translation by mt yet"
    conll(tmp_path / "pred.conll", ENGLISH, TAGS)
    done = run_cli("--db", path, "import", "tags", tmp_path / "pred.conll", "--name", "mine", "--lang", "en")
    assert done.stdout.splitlines()[-1] == "imported:mine: 3 sentences are new, with 4 entities"
    recipe = tmp_path / "news.toml"
    recipe.write_text(
        'name = "news"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["sw", "de"]\nalign = {aligner = "equal_words"}\n'
        '[translate]\nmodel = {sw = "imported:mt", de = "imported:mt"}\ndirection = "translate-train"\n'
        '[tag]\nmodel = "imported:mine"\n'
    )
    done = run_cli("--db", path, "run", recipe)
    assert done.code == 2
    assert "no translations are imported as 'mt': 3 sentences of translate en → de" in done.stderr
    done = run_cli("--db", path, "export", "text", "-", "--corpus", "news", "--lang", "en", "--untranslated", "mt")
    assert (done.code, "Traceback" in done.stderr) == (2, False)
    out = ("export", "text", "/dev/stdout", "--corpus", "news", "--lang", "en", "--format", "plain")
    assert run_cli("--db", path, *out).stdout.splitlines() == ENGLISH


def test_a_score_without_gold_names_the_sets_that_have_some(db, tmp_path):
    files = {"en": conll(tmp_path / "en.conll", ENGLISH, TAGS), "sw": text(tmp_path / "sw.txt", SWAHILI)}
    db.import_parallel("news", files)
    db.run(xp.Recipe(**RECIPE))
    with pytest.raises(UsageError) as nothing:
        db.evaluate()
    assert "import gold labels" in nothing.value.hint
    corrected = conll(tmp_path / "fixed.conll", SWAHILI[:1], ["B-PER O B-LOC O O"])
    db.import_labels(corrected, name="fixed", lang="sw")
    with pytest.raises(UsageError) as unnamed:
        db.evaluate()
    assert "--gold: there are fixed" in unnamed.value.hint
    assert db.evaluate(gold="fixed", resamples=10).to_json()
