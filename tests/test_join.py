import random
from itertools import combinations

import pytest
from sqlalchemy import select

from xprojdb.db import bulk
from xprojdb.db.tables import corpus, sentence, translation
from xprojdb.errors import UsageError
from xprojdb.importing import join
from xprojdb.importing.join import link_corpus
from xprojdb.steps.spec import GOLD, find_step

COLUMNS = ("id", "corpus_id", "lang", "external_id", "n_words", "words")


def store(connection, rows, corpus_id=1):
    """Store sentences given as (language, id)."""
    first = bulk.next_id(connection, sentence)
    values = [(key, corpus_id, lang, name, 1, '["w"]') for key, (lang, name) in enumerate(rows, first)]
    assert bulk.insert(connection, sentence, COLUMNS, values) == len(values)


@pytest.fixture
def connection(database):
    with database.write() as connection:
        connection.execute(corpus.insert().values([{"name": "c"}, {"name": "d"}]))
        yield connection


def links(connection):
    left, right = sentence.alias(), sentence.alias()
    query = (
        select(
            left.c.lang, left.c.external_id, right.c.lang, right.c.external_id,
            translation.c.original_lang, translation.c.rendering_lang, translation.c.kind, translation.c.corpus_id,
            translation.c.step_id,
        )
        .join(left, left.c.id == translation.c.original_id)
        .join(right, right.c.id == translation.c.rendering_id)
        .order_by(translation.c.id)
    )  # fmt: skip
    return bulk.fetch(connection, query)


def test_joined_by_id_and_never_by_position(connection):
    store(connection, [("en", "1"), ("en", "2"), ("en", "3"), ("de", "3"), ("de", "9"), ("de", "1")])
    assert link_corpus(connection, "c", ["en", "de"]) == 2
    step = find_step(connection, GOLD)
    assert links(connection) == [("en", key, "de", key, "en", "de", "human", 1, step) for key in ("1", "3")]


@pytest.mark.parametrize("block", [1, 2, 100])
def test_renderings_of_a_sentence_are_neighbours(connection, monkeypatch, block):
    monkeypatch.setattr(join, "BLOCK", block)
    store(connection, [(lang, str(key)) for lang in ("en", "de", "fr") for key in range(3)])
    assert link_corpus(connection, "c", ["en", "de", "fr"]) == 9
    assert [row[:3] for row in links(connection)][:6] == [
        ("en", str(key), to) for key in range(3) for to in ("de", "fr")
    ]


def test_again_adds_nothing_and_new_sentences_are_linked(connection):
    store(connection, [("en", "1"), ("de", "1"), ("de", "2")])
    assert link_corpus(connection, "c", ["en", "de"]) == 1
    assert link_corpus(connection, "c", ["en", "de"]) == 0
    store(connection, [("en", "2"), ("en", "7")])
    assert link_corpus(connection, "c", ["en", "de"]) == 1
    assert link_corpus(connection, "c", ["en", "de"]) == 0


def test_what_is_linked_one_way_is_not_linked_the_other_way(connection):
    store(connection, [("en", "1"), ("de", "1")])
    assert link_corpus(connection, "c", ["en", "de"]) == 1
    store(connection, [("en", "2"), ("de", "2")])
    assert link_corpus(connection, "c", ["de", "en"]) == 1
    assert [row[0] for row in links(connection)] == ["en", "de"]


def test_other_corpora_and_sentences_without_an_id_are_left_alone(connection):
    store(connection, [("en", "1"), ("de", None), ("de", None), ("en", None)])
    store(connection, [("de", "1")], corpus_id=2)
    with pytest.raises(UsageError):
        link_corpus(connection, "c", ["en", "de"])
    store(connection, [("de", "5")])
    assert link_corpus(connection, "c", ["en", "de"]) == 0
    assert links(connection) == []


@pytest.mark.parametrize("seed", range(6))
def test_against_a_loop_over_all_pairs(connection, monkeypatch, seed):
    monkeypatch.setattr(join, "BLOCK", 1 + 4 * seed)
    draw = random.Random(seed)
    langs = ["en", "de", "fr"]
    stored: dict[str, set[str]] = {lang: set() for lang in langs}
    expected = set()
    for _ in range(4):
        new = [(lang, str(key)) for lang in langs for key in range(12) if draw.random() < 0.4]
        new = [(lang, key) for lang, key in new if key not in stored[lang]]
        for lang, key in new:
            stored[lang].add(key)
        store(connection, draw.sample(new, len(new)))
        order = draw.sample(langs, draw.choice((2, 3)))
        if not all(stored[lang] for lang in order):
            continue
        before = len(expected)
        for left, right in combinations(order, 2):
            expected |= {(frozenset((left, right)), key) for key in stored[left] & stored[right]}
        assert link_corpus(connection, "c", order) == len(expected) - before
        values = [(frozenset((left, right)), key) for left, key, right, other, *_ in links(connection) if key == other]
        assert len(values) == len(links(connection))
        assert sorted(values, key=str) == sorted(expected, key=str)


@pytest.mark.parametrize(
    ("name", "langs", "field"),
    [("x", ["en", "de"], "corpus"), ("c", ["en", "it"], "lang"), ("c", ["en"], "langs"), ("c", ["en", "en"], "langs")],
)
def test_refusals(connection, name, langs, field):
    store(connection, [("en", "1"), ("de", "1")])
    with pytest.raises(UsageError) as caught:
        link_corpus(connection, name, langs)
    assert field in caught.value.fields
    assert links(connection) == []


@pytest.mark.slow
def test_the_command(run_cli, address, write_conll):
    for lang in ("en", "de"):
        path = write_conll(f"{lang}.conll", "Ana/B-PER", "Berlin/B-LOC")
        assert run_cli("--db", address, "import", "conll", path, "--lang", lang, "--corpus", "c").code == 0
    first = run_cli("--db", address, "join", "c", "--langs", "eng, deu")
    assert (first.code, first.stdout) == (0, "c: 2 new links between en, de\n")
    assert run_cli("--db", address, "join", "c", "--langs", "en,de").stdout.startswith("c: 0 new links")
    assert run_cli("--db", address, "join", "c", "--langs", "en,it").code == 2
