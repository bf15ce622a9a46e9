"""Errata: what was made of a withdrawn or corrected sentence goes, and everything else stays."""

import json
from random import Random

import pytest
from sqlalchemy import func, select

import xprojdb as xp
from xprojdb.db.live import live_runs
from xprojdb.db.runs import begin_run
from xprojdb.db.tables import label, outcome, sentence, source_file, translation
from xprojdb.errors import RunsAlive, UsageError
from xprojdb.importing.corpus_files import ImportRefused

ENGLISH = {"s1": "Amina went to Nairobi .", "s2": "Otieno met Amina .", "s3": "Nairobi is far ."}
SWAHILI = {"s1": "Amina alikwenda Nairobi .", "s2": "Otieno alikutana na Amina .", "s3": "Nairobi ni mbali ."}
TAGS = {"s1": "B-PER O O B-LOC O", "s2": "B-PER O B-PER O", "s3": "B-LOC O O O"}
RECIPE = {
    "name": "news",
    "corpora": ["news"],
    "source": ["en"],
    "target": ["sw"],
    "align": {"aligner": "equal_words"},
    # Without what learns from a draft: every stored label is a final one.
    "scorer": [{"type": "link_mass"}],
}


def rows(texts, tags=None):
    return "".join(
        json.dumps({"id": name, "tokens": text.split(), **({"ner_tags": tags[name].split()} if tags else {})}) + "\n"
        for name, text in texts.items()
    )


@pytest.fixture
def db(database, tmp_path):
    db = xp.Database(database)
    (tmp_path / "en.jsonl").write_text(rows(ENGLISH, TAGS))
    (tmp_path / "sw.jsonl").write_text(rows(SWAHILI))
    db.import_parallel("news", en=tmp_path / "en.jsonl", sw=tmp_path / "sw.jsonl")
    db.run(xp.Recipe(**RECIPE))
    return db


def kept(db):
    """The keys of sentences and the labels on them, by id."""
    with db.store.read() as connection:
        query = select(sentence.c.external_id, sentence.c.id).where(sentence.c.lang == "sw")
        keys = dict(connection.execute(query).all())
        counts = select(label.c.sentence_id, func.count()).group_by(label.c.sentence_id)
        labels = dict(connection.execute(counts).all())
    return {name: (key, labels.get(key, 0)) for name, key in keys.items()}


def count(db, table):
    with db.store.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_a_sentence_is_withdrawn_in_all_languages(db):
    before, outcomes = kept(db), count(db, outcome)
    dry = db.withdraw("news", ids=["s2"], dry_run=True)
    assert kept(db) == before
    done = db.withdraw("news", ids=["s2"])
    assert done.report == dry.report
    assert (done.report.withdrawn, done.report.rows["sentence"], done.report.rows["label"]) == (2, 2, 2)
    assert kept(db) == {name: before[name] for name in ("s1", "s3")}
    assert count(db, outcome) < outcomes
    assert db.verify().sound
    assert db.run(xp.Recipe(**RECIPE)).run.report.run_id is None


def test_a_sentence_is_withdrawn_in_one_language(db):
    done = db.withdraw("news", ids=["news/sw/s2"])
    assert done.report.withdrawn == 1
    with db.store.read() as connection:
        ids = list(connection.execute(select(sentence.c.external_id).where(sentence.c.lang == "en")).scalars())
    assert ids == ["s1", "s2", "s3"]
    assert set(kept(db)) == {"s1", "s3"}


def test_a_part_is_withdrawn_and_can_come_anew(db, tmp_path):
    assert db.withdraw("news", part="all", lang="sw").report.withdrawn == 3
    with db.store.read() as connection:
        assert list(connection.execute(select(source_file.c.lang)).scalars()) == ["en"]
    db.import_parallel("news", en=tmp_path / "en.jsonl", sw=tmp_path / "sw.jsonl")
    db.run(xp.Recipe(**RECIPE))
    assert [labels for _, labels in kept(db).values()] == [2, 2, 1]


def test_a_corrected_file_costs_only_what_changed(db, tmp_path):
    before = kept(db)
    corrected = {"s1": SWAHILI["s1"], "s2": "Otieno alimwona Amina .", "s4": "Otieno ni mbali ."}
    (tmp_path / "sw.jsonl").write_text(rows(corrected))
    dry = db.replace("news", tmp_path / "sw.jsonl", lang="sw", dry_run=True).report
    assert kept(db) == before
    done = db.replace("news", tmp_path / "sw.jsonl", lang="sw").report
    assert done == dry
    assert (done.unchanged, done.replaced, done.withdrawn, done.added, done.links) == (1, 1, 1, 1, 0)
    after = kept(db)
    assert after["s1"] == before["s1"]
    assert after["s2"] == (before["s2"][0], 0)
    assert set(after) == {"s1", "s2", "s4"}
    assert after["s4"][0] > max(key for key, _ in before.values())
    db.run(xp.Recipe(**RECIPE))
    assert kept(db)["s2"][1] == 2
    assert db.replace("news", tmp_path / "sw.jsonl", lang="sw").report.unchanged == 3
    assert db.verify().sound


def test_a_corrected_file_keeps_its_split(db, tmp_path):
    for number in (1, 2):
        path = tmp_path / f"more{number}.jsonl"
        path.write_text(rows({f"t{number}": "Amina ni Nairobi ."}))
        db.import_jsonl(path, corpus="news", lang="sw", split="test" if number == 1 else "train")
    assert db.replace("news", tmp_path / "more1.jsonl", lang="sw", part="test").report.unchanged == 1
    done = db.replace("news", tmp_path / "more1.jsonl", lang="sw", part="test", split="validation").report
    assert (done.replaced, done.unchanged) == (1, 0)
    with db.store.read() as connection:
        splits = dict(connection.execute(select(sentence.c.external_id, sentence.c.split)).all())
    assert (splits["t1"], splits["t2"]) == ("validation", "train")


def test_corrected_gold_makes_its_projections_anew(db, tmp_path):
    (tmp_path / "en.jsonl").write_text(rows(ENGLISH, {**TAGS, "s3": "O O O O"}))
    done = db.replace("news", tmp_path / "en.jsonl", lang="en").report
    assert (done.unchanged, done.replaced, done.links) == (2, 1, 0)
    db.run(xp.Recipe(**RECIPE))
    assert [labels for _, labels in kept(db).values()] == [2, 2, 0]
    assert count(db, translation) == 3


def exported(db, folder):
    """The ids and words of an export, in order."""
    db.export(folder, "jsonl", recipe="news")
    lines = [json.loads(line) for path in sorted(folder.rglob("*.jsonl")) for line in path.read_text().splitlines()]
    return [(line["id"], " ".join(line["tokens"])) for line in lines]


def test_a_corrected_sentence_stays_in_its_place(db, tmp_path):
    before = exported(db, tmp_path / "out")
    corrected = {**SWAHILI, "s1": "Amina aliondoka Nairobi ."}
    (tmp_path / "sw.jsonl").write_text(rows(corrected))
    db.replace("news", tmp_path / "sw.jsonl", lang="sw")
    db.run(xp.Recipe(**RECIPE))
    after = exported(db, tmp_path / "out")
    assert after == [("news/sw/s1", "Amina aliondoka Nairobi ."), *before[1:]]
    # In the same order as the file, which may therefore grow.
    (tmp_path / "sw.jsonl").write_text(rows({**corrected, "s4": "Otieno ni mbali ."}))
    assert db.import_jsonl(tmp_path / "sw.jsonl", corpus="news", lang="sw").report.added == 1


def test_lines_are_in_the_order_of_the_corrected_file(sqlite_database, tmp_path):
    db, path, text, chance = xp.Database(sqlite_database), tmp_path / "sw.txt", tmp_path / "out.txt", Random(5)
    for number in range(8):
        corpus = f"news{number}"
        before, after = ([chance.choice("abc") for _ in range(chance.randint(1, 8))] for _ in range(2))
        path.write_text("".join(f"{word} mbali .\n" for word in before))
        db.import_text(path, corpus=corpus, lang="sw")
        path.write_text("".join(f"{word} mbali .\n" for word in after))
        done = db.replace(corpus, path, lang="sw").report
        differing = sum(one != other for one, other in zip(before, after, strict=False))
        lengths = max(len(before) - len(after), 0), max(len(after) - len(before), 0)
        assert (done.replaced, done.withdrawn, done.added) == (differing, *lengths)
        db.export_text(text, corpus=corpus, lang="sw", format="plain")
        assert text.read_text() == path.read_text()
    assert db.verify().sound


def test_gold_that_was_imported_again_is_whole(db, tmp_path):
    labels = tmp_path / "labels.jsonl"
    labels.write_text(rows(SWAHILI, {"s1": "B-PER O B-LOC O", "s2": "B-PER O O B-PER O", "s3": "B-LOC O O O"}))
    first = db.import_labels(labels, corpus="news", lang="sw", name="checked", annotator="one").report
    (tmp_path / "sw.jsonl").write_text(rows({**SWAHILI, "s2": "Otieno alionana na Amina ."}))
    db.replace("news", tmp_path / "sw.jsonl", lang="sw")
    labels.write_text(labels.read_text().replace("alikutana", "alionana"))
    again = db.import_labels(labels, corpus="news", lang="sw", name="checked", annotator="one").report
    assert (again.added, again.frozen.step_id) == (2, first.frozen.step_id)
    with db.store.read() as connection:
        done = select(func.count()).where(outcome.c.step_id == again.frozen.step_id)
        assert connection.execute(done).scalar_one() == 3
    assert db.verify().sound


def test_what_is_not_there_is_refused(db, tmp_path):
    with pytest.raises(UsageError) as caught:
        db.withdraw("news", ids=["s1", "s9"])
    assert caught.value.ids == ("s9",)
    with pytest.raises(UsageError) as caught:
        db.withdraw("news", part="nowhere")
    assert caught.value.part == "nowhere"
    with pytest.raises(UsageError):
        db.withdraw("news")
    with pytest.raises(UsageError) as caught:
        db.replace("news", tmp_path / "sw.jsonl", lang="de")
    assert caught.value.lang == "de"
    assert len(kept(db)) == 3


def test_nothing_is_withdrawn_under_a_run(db):
    with db.store.write() as connection:
        begin_run(connection, "run")
    with db.store.read() as connection:
        assert live_runs(connection)
    with pytest.raises(RunsAlive):
        db.withdraw("news", ids=["s1"])
    assert db.withdraw("news", ids=["s1"], end_runs=True).report.withdrawn == 2


def test_on_the_command_line(sqlite_database, tmp_path, run_cli):
    path = sqlite_database.engine.url.database
    (tmp_path / "sw.jsonl").write_text(rows(SWAHILI))
    run_cli("--db", path, "import", "jsonl", tmp_path / "sw.jsonl", "--corpus", "news", "--lang", "sw")
    done = run_cli("--db", path, "corpus", "withdraw", "news", "--id", "s1")
    assert done.stdout.splitlines()[-2:] == [
        "news: 1 would be withdrawn",
        "nothing was withdrawn: add --yes to withdraw them",
    ]
    (tmp_path / "ids.txt").write_text("s1\nnews/sw/s2\n")
    done = run_cli("--db", path, "corpus", "withdraw", "news", "--ids-from", tmp_path / "ids.txt", "--yes", "--json")
    assert json.loads(done.stdout)["withdrawn"] == 2
    done = run_cli("--db", path, "corpus", "replace", "news", tmp_path / "sw.jsonl", "--lang", "sw", "--yes")
    assert done.stdout.splitlines()[-2:] == ["news: 2 added", "1 sentences are unchanged"]


def test_files_with_ids_and_without_are_paired_by_line(database, tmp_path):
    """Labels of an annotation tool have its ids, and a text of translations has none."""
    (tmp_path / "en.jsonl").write_text(rows(ENGLISH, TAGS))
    (tmp_path / "sw.txt").write_text("".join(f"{text}\n" for text in SWAHILI.values()))
    files = {"en": tmp_path / "en.jsonl", "sw": tmp_path / "sw.txt"}
    db = xp.Database(database)
    with pytest.raises(ImportRefused) as refused:
        db.import_parallel("news", files)
    assert "--no-ids" in str(refused.value.hint)
    assert db.import_parallel("news", files, ids=False).report.links == len(ENGLISH)
    assert set(kept(db)) == {f"all-{n}" for n in range(1, len(ENGLISH) + 1)}
    assert db.import_parallel("news", files, ids=False).report.added == 0
    same = db.replace("news", tmp_path / "en.jsonl", lang="en")
    assert (same.report.replaced, same.report.withdrawn, same.report.added) == (0, 0, 0)
    with pytest.raises(UsageError, match="--no-ids"):
        db.import_parallel("other", files, ids=False, machine="mt")


def test_spans_of_parallel_files_grow_to_whole_words_where_asked(database, tmp_path):
    """Clitics are written together with names, and annotators leave them out."""
    (tmp_path / "en.txt").write_text("She sings in Nairobi .\n")
    (tmp_path / "am.jsonl").write_text(json.dumps({"text": "በናይሮቢ ትዘፍናለች", "label": [[1, 5, "LOC"]]}) + "\n")
    db, files = xp.Database(database), {"en": tmp_path / "en.txt", "am": tmp_path / "am.jsonl"}
    with pytest.raises(xp.XprojdbError, match="cuts a word") as cut:
        db.import_parallel("news", files)
    assert "--snap" in cut.value.hint
    report = db.import_parallel("news", files, snap=True).report
    assert [sorted(file.notes) for file in report.files] == [[], ["snapped-span"]]
    assert db.import_file(files["am"], corpus="alone", lang="am", snap=True).report.added == 1
    assert db.import_file(files["en"], corpus="alone", lang="en", snap=True).report.added == 1
