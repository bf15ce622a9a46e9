"""Kill real runs at random moments and go on: ``python benchmarks/kill_runs.py [kills]``.

A database with generated sentences and a recipe with a tiny random encoder are made; ``xprojdb run`` is killed with
SIGKILL and started again until the recipe is done. Then every row of every table must be that of a run left alone, the
keys and times of runs aside. Exits with 1 when one is not.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sqlite3
import string
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from xprojdb.db import bulk, open_database
from xprojdb.db.tables import metadata

XPROJDB = Path(sys.executable).with_name("xprojdb")
RECIPE = """
name = "killed"
corpora = ["generated"]
source = ["en"]
target = ["de"]

[align]
model = "{model}"
layer = 1
temperature = 0.1

[[score]]
[[score]]
candidates = "ngram"
weight = 0.5
"""
TRIES = 400


def write_checkpoint(folder: Path) -> None:
    """A random BERT of one small layer that spells words in letters."""
    import tokenizers
    import torch
    import transformers

    letters = [*string.ascii_lowercase, *(f"##{letter}" for letter in string.ascii_lowercase)]
    pieces = {piece: i for i, piece in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters])}
    made = tokenizers.Tokenizer(tokenizers.models.WordPiece(pieces, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    made.post_processor = tokenizers.processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=128, **special)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(7)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = transformers.BertConfig(vocab_size=len(pieces), max_position_embeddings=128, **sizes)
    transformers.BertModel(config).save_pretrained(folder)


def write_sentences(folder: Path, count: int, seed: int) -> list[str]:
    """Two parallel CoNLL files of random words, some of them entities; returns what the import is told."""
    chance = random.Random(seed)
    lines: dict[str, list[str]] = {"en": [], "de": []}
    for _ in range(count):
        words = ["".join(chance.choices("aeinorst", k=chance.randint(2, 6))) for _ in range(chance.randint(5, 20))]
        tags = ["B-PER" if chance.random() < 0.1 else "O" for _ in words]
        lines["en"] += [f"{word}\t{tag}\n" for word, tag in zip(words, tags, strict=True)] + ["\n"]
        lines["de"] += [f"{word}\tO\n" for word in chance.sample(words, len(words))] + ["\n"]
    for lang, rows in lines.items():
        (folder / f"{lang}.conll").write_text("".join(rows), encoding="utf-8")
    return [f"{lang}={folder / lang}.conll" for lang in lines]


def command(database: Path, *arguments: str) -> list[str]:
    return [str(XPROJDB), "--db", str(database), *arguments]


def start(database: Path, recipe: Path) -> subprocess.Popen[bytes]:
    """A run in a process of its own."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command(database, "run", str(recipe)), env={**os.environ, "OMP_NUM_THREADS": "1"}, **quiet)


def finished_items(database: Path) -> int:
    """How many items have an outcome."""
    connection = sqlite3.connect(database, timeout=60)
    try:
        return int(connection.execute("SELECT count(*) FROM outcome").fetchone()[0])
    finally:
        connection.close()


def until_it_writes(database: Path, child: subprocess.Popen[bytes], before: int) -> None:
    """Wait until a run has stored something, or ended."""
    while child.poll() is None and finished_items(database) == before:
        time.sleep(0.02)


def alone(database: Path, recipe: Path) -> float:
    """Run without any harm; returns the seconds from the first rows to the end."""
    child, before = start(database, recipe), finished_items(database)
    until_it_writes(database, child, before)
    begin = time.monotonic()
    if child.wait() != 0:
        raise SystemExit("the run that was left alone failed")
    return time.monotonic() - begin


def killed(database: Path, recipe: Path, seconds: float, chance: random.Random) -> tuple[str, int] | None:
    """Start a run and kill it: where that was and how many items the run had finished; None when it ended before."""
    before = finished_items(database)
    child = start(database, recipe)
    if chance.random() < 0.8:
        until_it_writes(database, child, before)
        where = "at work"
    else:
        where = "starting"
    time.sleep(chance.uniform(0, seconds))
    if child.poll() is not None:
        if child.returncode != 0:
            raise SystemExit(f"a run failed by itself, with exit code {child.returncode}")
        return None
    child.kill()
    child.wait()
    return where, finished_items(database) - before


def rows(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All tables without the keys and records of runs."""
    with open_database(database) as opened, opened.read() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        found = {}
        for name, table in metadata.tables.items():
            columns = [column for column in table.columns if column.name != "run_id"]
            if name != "run":
                found[name] = sorted(bulk.fetch(connection, select(*columns)), key=repr)
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", type=int, nargs="?", default=20)
    parser.add_argument("--sentences", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base, whole, broken, recipe = (folder / file for file in ("base.db", "whole.db", "broken.db", "recipe.toml"))
        write_checkpoint(folder / "model")
        recipe.write_text(RECIPE.format(model=folder / "model"), encoding="utf-8")
        files = write_sentences(folder, options.sentences, options.seed)
        subprocess.run(command(base, "import", "parallel", *files, "--corpus", "generated"), check=True)
        shutil.copyfile(base, whole)
        seconds = alone(whole, recipe)
        expected = rows(whole)
        table = Table("kill", "when", "items finished by that run", title=f"{options.sentences} sentences")
        different: set[str] = set()
        done = rounds = 0
        shutil.copyfile(base, broken)
        for _ in range(TRIES):
            if done == options.kills:
                break
            told = killed(broken, recipe, 1.5 * seconds / options.kills, chance)
            if told is not None:
                done += 1
                table.add_row(str(done), told[0], str(told[1]))
                continue
            rounds += 1
            different |= compare(broken, expected)
            restore(base, broken)
        alone(broken, recipe)
        different |= compare(broken, expected)
    console = Console(width=100)
    console.print(table)
    counts = ", ".join(f"{len(found):,} {name}" for name, found in expected.items() if found)
    console.print(f"{done} kills in {rounds + 1} database(s); rows: {counts}")
    console.print(f"different: {', '.join(sorted(different))}" if different else "all tables identical")
    raise SystemExit(1 if different or done < options.kills else 0)


def compare(database: Path, expected: dict[str, list[tuple[Any, ...]]]) -> set[str]:
    """The names of the tables that differ."""
    found = rows(database)
    return {name for name in expected if found[name] != expected[name]}


def restore(base: Path, database: Path) -> None:
    """Begin again with an untouched copy."""
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    shutil.copyfile(base, database)


if __name__ == "__main__":
    main()
