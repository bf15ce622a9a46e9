"""Labels that come later: onto stored sentences, from every format, found by id, by words or by line."""

import json

import pytest

import xprojdb as xp
from xprojdb.db import bulk
from xprojdb.db.tables import entity, sentence
from xprojdb.errors import UsageError
from xprojdb.importing.corpus_files import ImportRefused
from xprojdb.steps.reviewed import find_frozen
from xprojdb.text.spans import Span

SENTENCES = {
    "s1": "Juma alikwenda Mombasa jana .",
    "s2": "Soko la Kariakoo lilifungwa .",
    "s3": "Hakuna aliyefika .",
    "s4": "Hakuna aliyefika .",
}
#: what annotators say: words as they are stored, half-open
GOLD = {"s1": [Span(0, 1, "PER"), Span(2, 3, "LOC")], "s2": [Span(0, 3, "LOC")], "s3": []}


@pytest.fixture
def db(database, tmp_path):
    path = tmp_path / "news.conll"
    path.write_text(
        "".join(
            f"# id = {name}\n" + "".join(f"{word}\tO\n" for word in text.split()) + "\n"
            for name, text in SENTENCES.items()
        )
    )
    db = xp.Database(database)
    db.import_conll(path, corpus="news", lang="sw")
    return db


def gold(db, name="gold"):
    """What a set holds now, by the ids of sentences."""
    with db.store.read() as connection:
        step = find_frozen(connection, name)
        from xprojdb.db.tables import outcome

        ids = dict(bulk.fetch(connection, sentence.select().with_only_columns(sentence.c.id, sentence.c.external_id)))
        done = outcome.select().with_only_columns(outcome.c.item_id).where(outcome.c.step_id == step)
        by_name = {ids[key]: [] for (key,) in bulk.fetch(connection, done)}
        columns = (entity.c.sentence_id, entity.c.start_word, entity.c.end_word, entity.c.label)
        query = entity.select().with_only_columns(*columns).where(entity.c.step_id == step)
        for key, *span in bulk.fetch(connection, query.order_by(entity.c.sentence_id, entity.c.ordinal)):
            by_name[ids[key]].append(Span(*span))
    return by_name


def tags(name):
    words = SENTENCES[name].split()
    built = ["O"] * len(words)
    for start, end, label in GOLD[name]:
        built[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
    return built


def offsets(name):
    """The labels in characters of the words joined by spaces."""
    words = SENTENCES[name].split()
    for start, end, label in GOLD[name]:
        first = len(" ".join([*words[:start], ""]))
        yield first, first + len(" ".join(words[start:end])), label


def conll(name):
    rows = zip(SENTENCES[name].split(), tags(name), strict=True)
    return f"# id = news/sw/{name}\n" + "".join(f"{word}\t{tag}\n" for word, tag in rows) + "\n"


def jsonl(name):
    return json.dumps({"id": name, "tokens": SENTENCES[name].split(), "ner_tags": tags(name)}) + "\n"


def doccano(name):
    return json.dumps({"id": name, "text": SENTENCES[name], "label": [list(offset) for offset in offsets(name)]}) + "\n"


def prodigy(name):
    spans = [{"start": start, "end": end, "label": label} for start, end, label in offsets(name)]
    return json.dumps({"text": SENTENCES[name], "spans": spans, "meta": {"id": name}, "answer": "accept"}) + "\n"


def conllu(name):
    lines = [f"# sent_id = {name}"]
    for number, (word, tag) in enumerate(zip(SENTENCES[name].split(), tags(name), strict=True), 1):
        lines.append("\t".join([str(number), word, *"______", "_", "_" if tag == "O" else f"NE={tag}"]))
    return "\n".join([*lines, "\n"])


def label_studio(names):
    return json.dumps(
        [
            {
                "id": number,
                "data": {"id": f"news/sw/{name}", "text": SENTENCES[name]},
                "annotations": [
                    {
                        "completed_by": 1,
                        "result": [
                            {
                                "from_name": "label",
                                "to_name": "text",
                                "type": "labels",
                                "value": {"start": start, "end": end, "labels": [label]},
                            }
                            for start, end, label in offsets(name)
                        ],
                    }
                ],
            }
            for number, name in enumerate(names)
        ]
    )


def webanno(names):
    lines = ["#FORMAT=WebAnno TSV 3.3", "#T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|identifier|value"]
    lines += ["", ""]
    place = 0
    for number, name in enumerate(names, 1):
        lines += [f"#Text={SENTENCES[name]}", f"#Sentence.id={name}"]
        marks = {}
        for mark, (start, end, label) in enumerate(GOLD[name], 1):
            message = label if end - start == 1 else f"{label}[{mark}]"
            star = "*" if end - start == 1 else f"*[{mark}]"
            marks |= dict.fromkeys(range(start, end), f"{star}\t{message}")
        for token, word in enumerate(SENTENCES[name].split()):
            mark = marks.get(token, "_\t_")
            lines.append(f"{number}-{token + 1}\t{place}-{place + len(word)}\t{word}\t{mark}\t")
            place += len(word) + 1
        lines.append("")
    return "\n".join(lines) + "\n"


def table(names):
    rows = ["id\ttext\ttags"]
    return "\n".join([*rows, *(f"{name}\t{SENTENCES[name]}\t{' '.join(tags(name))}" for name in names)]) + "\n"


def joined(one):
    return lambda names: "".join(map(one, names))


FORMATS = {
    "conll": (joined(conll), "gold.conll", {}),
    "jsonl": (joined(jsonl), "gold.jsonl", {}),
    "doccano": (joined(doccano), "doccano.jsonl", {}),
    "prodigy": (joined(prodigy), "prodigy.jsonl", {}),
    "conllu": (joined(conllu), "gold.conllu", {}),
    "label-studio": (label_studio, "tasks.json", {}),
    "webanno": (webanno, "gold.tsv", {}),
    "table": (table, "gold.csv", {"tags": "tags", "text": "text"}),
}


@pytest.mark.parametrize("form", FORMATS)
def test_labels_of_every_format_find_their_sentences(db, tmp_path, form):
    write, name, reading = FORMATS[form]
    path = tmp_path / name
    path.write_text(write(list(GOLD)))
    report = db.import_labels(path, name="gold", lang="sw", annotator="ana", reading=reading).report
    assert (report.sentences, report.added, report.removed) == (3, 3, 0)
    assert gold(db) == GOLD
    again = db.import_labels(path, name="gold", lang="swa", annotator="ana", reading=reading).report
    assert again.unchanged
    assert db.verify().sound


def test_brat_has_no_ids(db, tmp_path):
    text = "\n".join(SENTENCES[name] for name in ("s1", "s2")) + "\n"
    (tmp_path / "a.txt").write_text(text)
    start = text.index("Soko")
    (tmp_path / "a.ann").write_text(f"T1\tPER 0 4\tJuma\nT2\tLOC {start} {start + 16}\tSoko la Kariakoo\n")
    report = db.import_labels(tmp_path / "a.ann", name="gold", lang="sw").report
    assert (report.sentences, report.by_words) == (2, 2)
    assert gold(db) == {"s1": [Span(0, 1, "PER")], "s2": [Span(0, 3, "LOC")]}


def test_words_find_a_sentence_however_it_is_split(db, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"text": "Juma alikwenda Mombasa jana.", "label": [[15, 22, "LOC"]]}) + "\n")
    report = db.import_labels(path, name="gold", lang="sw").report
    assert (report.sentences, report.by_words) == (1, 1)
    assert gold(db) == {"s1": [Span(2, 3, "LOC")]}


def test_what_is_left_out_is_counted_with_its_place(db, tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [
        {"id": "s1", "tokens": SENTENCES["s1"].split(), "ner_tags": tags("s1")},
        {"id": "elsewhere", "tokens": SENTENCES["s3"].split(), "ner_tags": ["O", "O", "O"]},
        {"id": "s2", "tokens": ["Another", "one"], "ner_tags": ["O", "O"]},
        {"id": "s9", "tokens": ["Unknown", "words"], "ner_tags": ["O", "O"]},
        {"id": "s1", "tokens": SENTENCES["s1"].split(), "ner_tags": ["O"] * 5},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = db.import_labels(path, name="gold", lang="sw").report
    assert (report.rows, report.sentences) == (5, 1)
    by_name = {code: (note.count, note.line) for code, note in report.left_out.items()}
    assert by_name == {"ambiguous": (1, 2), "other-words": (1, 3), "no-sentence": (1, 4), "again": (1, 5)}
    assert gold(db) == {"s1": GOLD["s1"]}


def test_lines_tell_apart_what_words_do_not(db, tmp_path):
    path = tmp_path / "a.conll"
    path.write_text(
        "".join(conll(name).split("\n", 1)[1] for name in (*GOLD, "s3")).replace("Hakuna\tO", "Hakuna\tB-X")
    )
    report = db.import_labels(path, name="gold", lang="sw", by_line=True).report
    assert (report.sentences, report.left_out) == (4, {})
    assert gold(db)["s4"] == [Span(0, 1, "X")]


def test_a_file_about_nothing_that_is_stored_is_refused(db, tmp_path):
    path = tmp_path / "a.conll"
    path.write_text("Foo\tB-PER\n\n")
    with pytest.raises(UsageError) as caught:
        db.import_labels(path, name="gold", lang="sw")
    assert caught.value.rows == 1
    with pytest.raises(UsageError) as caught:
        db.import_labels(path, name="gold", lang="de")
    assert caught.value.lang == "de"
    with db.store.read() as connection, pytest.raises(UsageError):
        find_frozen(connection, "gold")


@pytest.mark.parametrize("snap", [False, True])
def test_a_label_that_cuts_a_stored_word(database, tmp_path, snap):
    db = xp.Database(database)
    (tmp_path / "a.txt").write_text("Dar-es-Salaam ilikua\n")
    db.import_text(tmp_path / "a.txt", corpus="news", lang="sw", pretokenized=True)
    path = tmp_path / "b.conll"
    path.write_text("Dar\tB-LOC\n-es-Salaam\tO\nilikua\tO\n\n")
    if not snap:
        with pytest.raises(ImportRefused) as caught:
            db.import_labels(path, name="gold", lang="sw")
        assert (caught.value.line, caught.value.span) == (1, Span(0, 1, "LOC"))
        return
    report = db.import_labels(path, name="gold", lang="sw", snap=True).report
    assert report.left_out["snapped"].count == 1
    assert list(gold(db).values()) == [[Span(0, 1, "LOC")]]


def test_annotators_stand_side_by_side(db, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(map(jsonl, GOLD)))
    db.import_labels(path, name="gold", lang="sw", annotator="ana")
    other = tmp_path / "b.jsonl"
    other.write_text(jsonl("s1").replace("B-PER", "B-ORG") + jsonl("s2"))
    report = db.import_labels(other, name="gold", lang="sw", annotator="ben").report
    assert report.frozen is not None
    assert (report.frozen.sentences, report.frozen.disputed) == (2, 1)
    assert gold(db) == {"s2": GOLD["s2"], "s3": []}
    # Corrected, the second annotator agrees; then takes it back: what held before holds again.
    other.write_text(jsonl("s1") + jsonl("s2"))
    report = db.import_labels(other, name="gold", lang="sw", annotator="ben").report
    assert (report.added, report.removed) == (1, 1)
    assert gold(db) == GOLD
    other.write_text(jsonl("s1").replace("B-PER", "B-ORG"))
    db.import_labels(other, name="gold", lang="sw", annotator="ben")
    assert gold(db) == {"s2": GOLD["s2"], "s3": []}


def test_two_corpora_with_the_same_id(db, tmp_path):
    (tmp_path / "other.conll").write_text(conll("s1").replace("news/sw/", ""))
    db.import_conll(tmp_path / "other.conll", corpus="other", lang="sw")
    path = tmp_path / "a.jsonl"
    path.write_text(jsonl("s1"))
    with pytest.raises(UsageError) as caught:
        db.import_labels(path, name="gold", lang="sw")
    assert set(caught.value.left_out) == {"ambiguous"}
    assert db.import_labels(path, name="gold", lang="sw", corpus="other").report.sentences == 1


def test_on_the_command_line(sqlite_database, tmp_path, run_cli):
    path = sqlite_database.engine.url.database
    (tmp_path / "sw.conll").write_text("".join(map(conll, GOLD)).replace("news/sw/", ""))
    (tmp_path / "gold.csv").write_text(table(GOLD))
    run_cli("--db", path, "import", "conll", tmp_path / "sw.conll", "--corpus", "news", "--lang", "sw", "--unlabelled")
    done = run_cli(
        "--db", path, "import", "labels", tmp_path / "gold.csv", "--name", "gold", "--lang", "sw", "--tags", "tags",
        "--annotator", "ana",
    )  # fmt: skip
    assert done.code == 0, done.stderr
    assert done.stdout.splitlines() == [
        "gold: 3 of 3 rows belong to stored sentences",
        "ana: 3 labels added, 0 removed",
        "gold.csv: lines with names of columns left out: 1, the first at line 1",
        "gold gold: 3 sentences, 3 labels",
    ]
