"""Parallel files that are out of step are told: names and numbers agree better with a neighbouring line."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import xprojdb
from xprojdb.db import Database
from xprojdb.text.line_shift import REACH, WINDOW, anchors, shift_of


def _lines(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """English and German lines that share a name or a number here and there."""
    rng, lines = random.Random(seed), []
    for _ in range(count):
        name = "".join(rng.choices("abdefgiklmnoprstu", k=6)).title() if rng.random() < 0.5 else "home"
        number = str(rng.randrange(10_000)) if rng.random() < 0.3 else "some"
        lines.append((f"They saw {number} birds near {name} today", f"Heute sahen sie {number} Vögel bei {name}"))
    return lines


def test_a_window_tells_by_how_much_it_is_late() -> None:
    for seed in range(20):
        lines = _lines(WINDOW + 2 * REACH, seed)
        left, right = ([anchors(line[side].split()) for line in lines] for side in (0, 1))
        for places in range(-REACH, REACH + 1):
            moved = right[REACH - places :][:WINDOW]
            assert shift_of(left[REACH:][:WINDOW], moved) == places


def test_texts_that_share_nothing_tell_nothing() -> None:
    rng = random.Random(1)
    left = [frozenset({str(rng.random())}) for _ in range(WINDOW)]
    right = [frozenset({str(rng.random())}) for _ in range(WINDOW)]
    assert shift_of(left, right) == 0
    # A name in every line agrees at any place.
    assert shift_of([own | {"nairobi"} for own in left], [own | {"nairobi"} for own in right]) == 0


@pytest.mark.parametrize("missing", [None, 130])
def test_an_import_tells_where_files_are_out_of_step(database: Database, tmp_path: Path, missing: int | None) -> None:
    lines = _lines(300)
    german = [line[1] for line in lines]
    if missing is not None:
        # One line is missing there, and another at the end of English.
        german = [*german[:missing], *german[missing + 1 :], "Und sonst nichts"]
    for lang, own in (("en", [line[0] for line in lines]), ("de", german)):
        (tmp_path / f"{lang}.txt").write_text("\n".join(own) + "\n")
    result = xprojdb.Database(database).import_parallel("news", en=tmp_path / "en.txt", de=tmp_path / "de.txt")
    assert result.report.links == 300
    english, other = result.report.files
    assert not english.notes
    told = {code: (note.count, note.message.partition(" (")[2]) for code, note in other.notes.items()}
    expected = {"out-of-step:-1": (150, "from about number 151 on; is a line missing there?)")}
    assert told == ({} if missing is None else expected)
    again = xprojdb.Database(database).import_parallel("news", en=tmp_path / "en.txt", de=tmp_path / "de.txt")
    assert not again.report.files[1].notes
