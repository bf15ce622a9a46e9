"""Parallel corpora: files in several languages whose n-th sentences are translations of each other."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from xprojdb.readers.records import ReadError, Record


def read_parallel(
    readers: Mapping[str, Iterator[Record]], files: Mapping[str, str | os.PathLike[str]] | None = None
) -> Iterator[dict[str, Record]]:
    """Iterate over several readers in lockstep.

    Nothing may be left out on one side, so use readers that refuse blank lines. Only at the end is it known whether all
    have the same length, so discard everything (roll back) if this raises.

    :param readers: a reader for each language.
    :param files: the file of each reader, for error messages; by default they name the language.
    :returns: for each sentence, its record in each language.
    :raises ReadError: when one reader ends before another, with ``count``, ``other`` and ``other_count`` in its fields,
        or when two records at the same position have different external ids.
    """
    names = {code: os.fspath((files or {}).get(code, code)) for code in readers}
    count = 0
    while True:
        records = {code: next(reader, None) for code, reader in readers.items()}
        whole = {code: record for code, record in records.items() if record is not None}
        if not whole:
            return
        if len(whole) < len(records):
            raise _uneven(readers, names, records, count)
        _check_ids(names, whole)
        count += 1
        yield whole


def _uneven(
    readers: Mapping[str, Iterator[Record]],
    names: Mapping[str, str],
    records: Mapping[str, Record | None],
    count: int,
) -> ReadError:
    """Report which file is shorter; the longest one is counted to its end, for the message."""
    totals = {code: count if records[code] is None else count + 1 + sum(1 for _ in readers[code]) for code in readers}
    short = min(totals, key=totals.__getitem__)
    longest = max(totals, key=totals.__getitem__)
    message = f"{totals[short]} sentences, but {names[longest]} has {totals[longest]}"
    hint = "parallel files need the same number of sentences: look for the place where they diverge"
    fields: dict[str, Any] = {"count": totals[short], "other": names[longest], "other_count": totals[longest]}
    return ReadError.at(names[short], "short", message, hint=hint, **fields)


def _check_ids(names: Mapping[str, str], records: Mapping[str, Record]) -> None:
    records_with_ids = [(code, record) for code, record in records.items() if record.external_id is not None]
    for code, record in records_with_ids[1:]:
        first_code, first = records_with_ids[0]
        if record.external_id == first.external_id:
            continue
        message = f"the id {record.external_id!r}, but {names[first_code]} has {first.external_id!r}"
        hint = "one of the files has an additional or missing sentence before this one"
        fields: dict[str, Any] = {"id": record.external_id, "other": names[first_code], "other_id": first.external_id}
        raise ReadError.at(names[code], "ids", message, line=record.line, hint=hint, **fields)
