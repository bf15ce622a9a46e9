"""Merge sentences and translations, matched by their ids and by what they were created from."""

from __future__ import annotations

from sqlalchemy import Connection, Table

from xprojdb.db import bulk
from xprojdb.db.tables import sentence, translation
from xprojdb.errors import DatabaseError
from xprojdb.maintenance.merging.keys import execute, make_map, number, renew_statistics
from xprojdb.maintenance.merging.records import Records

#: what a sentence is, apart from its keys
_CONTENT = ("n_words", "words", "text", "offsets", "split")


def merge_sentences(records: Records) -> set[int]:
    """Merge sentences.

    :returns: the keys in the source of the steps that have a different result for the same sentence in the target.
    :raises DatabaseError: when an imported sentence differs from the target's, or has the id of one from another file.
    """
    connection, theirs = records.connection, records.source.name("sentence")
    make_map(connection, "sentence")
    left: set[int] = set()
    if number(connection, "SELECT count(*) FROM map_source_file WHERE fresh = 0"):
        _match_imported(records, theirs)
        left = _match_made(connection, theirs)
    _number_fresh(connection, sentence, theirs, _not_of(left))
    while left and execute(connection, _orphans(theirs)):
        pass
    renew_statistics(connection, "sentence")
    _check_ids(records, theirs)
    records.added["sentence"] += execute(connection, _insert_sentences(theirs))
    bulk.raise_id(connection, sentence, number(connection, "SELECT max(new) FROM map_sentence"))
    return left


def _match_imported(records: Records, theirs: str) -> None:
    connection = records.connection
    matched = execute(
        connection,
        f"INSERT INTO map_sentence (old, new, fresh) SELECT r.id, h.id, 0 FROM {theirs} AS r"
        " JOIN map_source_file AS f ON f.old = r.source_file_id AND f.fresh = 0"
        " JOIN sentence AS h ON h.corpus_id = (SELECT c.new FROM map_corpus AS c WHERE c.old = r.corpus_id)"
        " AND h.lang = r.lang AND h.external_id = r.external_id AND h.source_file_id = f.new",
    )
    wanted = number(
        connection,
        f"SELECT count(*) FROM {theirs} AS r JOIN map_source_file AS f ON f.old = r.source_file_id AND f.fresh = 0",
    )
    differing = connection.exec_driver_sql(_differing(connection, theirs, "r.step_id IS NULL", "r.external_id")).first()
    if differing is not None or matched != wanted:
        name = differing[0] if differing is not None else None
        raise DatabaseError(
            f"{records.source.url} and the target have the same files, and not the same sentences of them"
            + (f": {name!r} differs" if name else f": {wanted - matched:,} have no id or another one"),
            hint="run 'verify' on both",
            sentence=name,
            missing=wanted - matched,
        )


def _differing(connection: Connection, theirs: str, condition: str, wanted: str) -> str:
    """A query for sentences that differ between the databases."""
    same = same_values(connection, "r", "h", _CONTENT)
    return (
        f"SELECT DISTINCT {wanted} FROM {theirs} AS r JOIN map_sentence AS m ON m.old = r.id AND m.fresh = 0"
        f" JOIN sentence AS h ON h.id = m.new WHERE {condition} AND NOT ({same})"
    )


def same_values(connection: Connection, one: str, other: str, columns: tuple[str, ...]) -> str:
    """The condition that two rows have equal values, or that both have none."""
    equal = "IS" if connection.dialect.name == "sqlite" else "IS NOT DISTINCT FROM"
    return " AND ".join(f"{one}.{name} {equal} {other}.{name}" for name in columns) or "1 = 1"


def _match_made(connection: Connection, theirs: str) -> set[int]:
    # Sentences created from these follow in the next round.
    while execute(
        connection,
        f"INSERT INTO map_sentence (old, new, fresh) SELECT r.id, h.id, 0 FROM {theirs} AS r"
        " JOIN map_sentence AS p ON p.old = r.parent_id AND p.fresh = 0 JOIN map_step AS s ON s.old = r.step_id"
        " JOIN sentence AS h ON h.parent_id = p.new AND h.step_id = s.new"
        " WHERE NOT EXISTS (SELECT 1 FROM map_sentence AS m WHERE m.old = r.id)",
    ):
        pass
    query = _differing(connection, theirs, "r.step_id IS NOT NULL", "r.step_id")
    return {step for (step,) in connection.exec_driver_sql(query)}


def _not_of(left: set[int]) -> str:
    """The condition that a row was created by none of some steps."""
    return f"coalesce(r.step_id NOT IN ({', '.join(map(str, sorted(left)))}), 1 = 1)" if left else "1 = 1"


def _number_fresh(connection: Connection, table: Table, theirs: str, condition: str) -> None:
    """Assign new keys, in the order of the old ones, to rows that the target lacks."""
    last, name = bulk.last_id(connection, table), table.name
    execute(
        connection,
        f"INSERT INTO map_{name} (old, new, fresh) SELECT r.id, {last} + row_number() OVER (ORDER BY r.id), 1"
        f" FROM {theirs} AS r WHERE NOT EXISTS (SELECT 1 FROM map_{name} AS m WHERE m.old = r.id) AND {condition}",
    )


def _orphans(theirs: str) -> str:
    """Drop the keys of sentences created from sentences that are not merged."""
    return (
        f"DELETE FROM map_sentence WHERE fresh = 1 AND old IN (SELECT r.id FROM {theirs} AS r"
        " WHERE r.parent_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM map_sentence AS p WHERE p.old = r.parent_id))"
    )


def _check_ids(records: Records, theirs: str) -> None:
    """Check ids.

    :raises DatabaseError: when a sentence of a new file has an id that the corpus already has from another file.
    """
    known = sorted(set(records.corpora) - records.fresh["corpus"])
    if not known:
        return
    clash = records.connection.exec_driver_sql(
        f"SELECT r.lang, r.external_id FROM {theirs} AS r JOIN map_sentence AS m ON m.old = r.id AND m.fresh = 1"
        " JOIN map_corpus AS c ON c.old = r.corpus_id AND c.fresh = 0"
        " JOIN sentence AS h ON h.corpus_id = c.new AND h.lang = r.lang AND h.external_id = r.external_id LIMIT 1"
    ).first()
    if clash is not None:
        raise DatabaseError(
            f"{records.source.url}: another file of the corpus has a {clash[0]} sentence with the id {clash[1]!r} here",
            hint="import the files of one database under another --part or corpus name",
            lang=clash[0],
            external_id=clash[1],
        )


def _insert_sentences(theirs: str) -> str:
    columns = [column.name for column in sentence.columns]
    mapped = {"id": "m.new", "corpus_id": "c.new", "source_file_id": "f.new", "parent_id": "p.new", "step_id": "s.new"}
    values = ", ".join(mapped.get(name, f"r.{name}") for name in columns)
    return (
        f"INSERT INTO sentence ({', '.join(columns)}) SELECT {values} FROM {theirs} AS r"
        " JOIN map_sentence AS m ON m.old = r.id AND m.fresh = 1 JOIN map_corpus AS c ON c.old = r.corpus_id"
        " LEFT JOIN map_source_file AS f ON f.old = r.source_file_id LEFT JOIN map_sentence AS p ON p.old = r.parent_id"
        " LEFT JOIN map_step AS s ON s.old = r.step_id ORDER BY r.id"
    )


def merge_translations(records: Records, left: set[int]) -> None:
    """Merge translations.

    :param left: steps of the source that are not merged.
    """
    connection, theirs = records.connection, records.source.name("translation")
    make_map(connection, "translation")
    sides = (
        f"FROM {theirs} AS r JOIN map_sentence AS a ON a.old = r.original_id"
        " JOIN map_sentence AS b ON b.old = r.rendering_id JOIN map_step AS s ON s.old = r.step_id"
    )
    if number(connection, "SELECT count(*) FROM map_sentence WHERE fresh = 0"):
        execute(
            connection,
            f"INSERT INTO map_translation (old, new, fresh) SELECT r.id, h.id, 0 {sides} JOIN translation AS h"
            " ON h.original_id = a.new AND h.rendering_id = b.new AND h.step_id = s.new"
            f" WHERE a.fresh = 0 AND b.fresh = 0 AND {_not_of(left)}",
        )
    whole = (
        "EXISTS (SELECT 1 FROM map_sentence AS a WHERE a.old = r.original_id)"
        " AND EXISTS (SELECT 1 FROM map_sentence AS b WHERE b.old = r.rendering_id)"
    )
    _number_fresh(connection, translation, theirs, f"{_not_of(left)} AND {whole}" if left else "1 = 1")
    columns = [column.name for column in translation.columns]
    mapped = {"id": "m.new", "corpus_id": "c.new", "step_id": "s.new", "original_id": "a.new", "rendering_id": "b.new"}
    values = ", ".join(mapped.get(name, f"r.{name}") for name in columns)
    renew_statistics(connection, "translation")
    records.added["translation"] += execute(
        connection,
        f"INSERT INTO translation ({', '.join(columns)}) SELECT {values} {sides}"
        " JOIN map_translation AS m ON m.old = r.id AND m.fresh = 1 JOIN map_corpus AS c ON c.old = r.corpus_id"
        " ORDER BY r.id",
    )
    bulk.raise_id(connection, translation, number(connection, "SELECT max(new) FROM map_translation"))
    # Rows that rest on several translations have 0 there.
    execute(connection, "INSERT INTO map_translation (old, new, fresh) VALUES (0, 0, 0)")
