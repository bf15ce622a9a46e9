import gc
import random

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from xprojdb.db import bulk
from xprojdb.db.tables import candidate, corpus, entity, sentence

COLUMNS = ("step_id", "sentence_id", "ordinal", "start_word", "end_word", "label")
LABELS = ["PER", "ORG", "", "a\tb", "back\\slash", "\\N", "new\nline", "'quoted\"", "Łódź 東京 🙂", "%s {} ;--"]


def random_rows(draw, count):
    return [
        (draw.randint(1, 3), draw.randint(1, 2**40), draw.randint(0, 3), draw.randint(0, 9), 10, draw.choice(LABELS))
        for _ in range(count)
    ]


def stored(connection):
    query = select(*(entity.c[name] for name in COLUMNS))
    return {row[:3]: row[3:] for row in bulk.fetch(connection, query)}


@pytest.mark.parametrize("seed", range(8))
def test_insert_keeps_the_first_row_of_each_key_whatever_the_batches(database, seed):
    draw = random.Random(seed)
    expected = {}
    rows = random_rows(draw, 120)
    with database.write() as connection:
        for _ in range(12):
            batch = draw.choices(rows, k=draw.randint(0, 30)) + [(*row[:3], 0, 1, "X") for row in draw.sample(rows, 3)]
            new = {row[:3] for row in batch} - expected.keys()
            for row in batch:
                expected.setdefault(row[:3], row[3:])
            assert bulk.insert(connection, entity, COLUMNS, iter(batch)) == len(new)
            assert stored(connection) == expected
    with database.write() as connection:
        assert bulk.insert(connection, entity, COLUMNS, [key + rest for key, rest in expected.items()]) == 0
        assert stored(connection) == expected


@pytest.mark.parametrize("count", [0, 1, 165, 166, 167, 332, 1000])
def test_as_many_rows_arrive_as_are_given_however_they_fall_into_statements(database, count):
    rows = [(1, i, 0, i % 7, 10, LABELS[i % len(LABELS)]) for i in range(count)]
    with database.write() as connection:
        # The first of each hundred is there already, and each comes twice.
        before = bulk.insert(connection, entity, COLUMNS, rows[::100])
        assert bulk.insert(connection, entity, COLUMNS, iter(rows + rows)) == count - before
        assert stored(connection) == {row[:3]: row[3:] for row in rows}


def test_floats_come_back_bit_by_bit(database):
    draw = random.Random(0)
    values = [draw.random() * 10 ** draw.randint(-300, 300) for _ in range(500)] + [0.1, 1 / 3, 5e-324]
    columns = ("step_id", "translation_id", "entity_ordinal", "start_word", "end_word", "score")
    with database.write() as connection:
        bulk.insert(connection, candidate, columns, [(1, i, 0, 0, 1, value) for i, value in enumerate(values)])
        query = select(candidate.c.score).order_by(candidate.c.translation_id)
        assert [value for (value,) in bulk.fetch(connection, query)] == values


def test_a_broken_constraint_is_no_duplicate(database):
    row = (1, 1, 0, 0, 1, None)
    with pytest.raises(Exception, match=r"(?i)not.null") as caught, database.write() as connection:
        bulk.insert(connection, entity, COLUMNS, [row])
    assert not isinstance(caught.value, AssertionError)
    with database.read() as connection:
        assert stored(connection) == {}


def test_a_failing_source_of_rows_stores_nothing(database):
    def rows():
        yield (1, 1, 0, 0, 1, "PER")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), database.write() as connection:
        bulk.insert(connection, entity, COLUMNS, rows())
    with database.read() as connection:
        assert stored(connection) == {}


@pytest.fixture
def filled(database):
    with database.write() as connection:
        bulk.insert(connection, entity, COLUMNS, [(1, key, 0, 0, 1, "PER") for key in range(1, 1001)])
    return database


KEYS = select(entity.c.sentence_id).order_by(entity.c.sentence_id)
ALL = [(key,) for key in range(1, 1001)]


@pytest.mark.parametrize("block", [1, 7, 1000, 5000])
def test_stream_gives_every_row_in_blocks(filled, block):
    with filled.read() as connection:
        blocks = list(bulk.stream(connection, KEYS, block))
    assert [row for rows in blocks for row in rows] == ALL
    assert {len(rows) for rows in blocks[:-1]} <= {block}
    assert all(type(row) is tuple for rows in blocks for row in rows)


def test_fetch_after_stream_is_complete(filled):
    with filled.read() as connection:
        for _ in bulk.stream(connection, KEYS, 100):
            assert bulk.fetch(connection, KEYS) == ALL
        assert bulk.fetch(connection, KEYS) == ALL


def test_fetch_after_a_stream_that_was_left_early_is_complete(filled):
    with filled.read() as connection:
        stream = bulk.stream(connection, KEYS, 10)
        assert next(stream) == ALL[:10]
        stream.close()
        assert bulk.fetch(connection, KEYS) == ALL


def test_fetch_of_nothing(filled):
    with filled.read() as connection:
        assert bulk.fetch(connection, KEYS.where(entity.c.step_id == 2)) == []
        assert list(bulk.stream(connection, KEYS.where(entity.c.step_id == 2))) == []


@pytest.mark.slow
@pytest.mark.parametrize("ids", [[], [5], [5, 5, 2000], list(range(-40_000, 40_000))])
def test_among_takes_any_number_of_ids(filled, ids):
    with filled.read() as connection:
        query = KEYS.where(bulk.among(connection, entity.c.sentence_id, ids))
        assert bulk.fetch(connection, query) == [row for row in ALL if row[0] in set(ids)]


def test_next_id_counts_on_from_what_is_stored(database):
    columns = ("id", "corpus_id", "lang", "n_words", "words")
    with database.write() as connection:
        assert bulk.next_id(connection, sentence) == 1
        key = connection.execute(corpus.insert().values(name="c").returning(corpus.c.id)).scalar_one()
        bulk.insert(connection, sentence, columns, [(i, key, "en", 1, '["a"]') for i in (1, 2, 41)])
        assert bulk.next_id(connection, sentence) == 42
        assert connection.execute(select(func.count()).select_from(sentence)).scalar_one() == 3


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_sentence_without_an_id_is_refused_on_postgresql(database):
    """SQLite gives one out by itself; a PostgreSQL sequence would run into the ids that are given here."""
    with pytest.raises(DBAPIError), database.write() as connection:
        connection.exec_driver_sql("INSERT INTO corpus (name) VALUES ('c')")
        connection.exec_driver_sql(
            "INSERT INTO sentence (corpus_id, lang, n_words, words) SELECT id, 'en', 1, '[]' FROM corpus"
        )


def test_the_collector_runs_again_after_many_rows_whatever_happens():
    with pytest.raises(KeyError), bulk.uncollected():
        assert not gc.isenabled()
        raise KeyError
    assert gc.isenabled()
    gc.disable()
    try:
        with bulk.uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
