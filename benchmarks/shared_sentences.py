"""What it saves to encode a sentence once for all of its translations.

``python benchmarks/shared_sentences.py [--sentences 300]``: the English side of Europarl-NER is aligned with German,
Spanish and Italian that came one after the other, so that the translations of a sentence lie in different batches. CPU
seconds of aligning, loading the model included, with the vectors of shared sentences kept and without. Reads
``$XPROJDB_DATA`` or ``../shared/data``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from sqlalchemy import select

from xprojdb.config.recipe import parse_recipe
from xprojdb.db import open_database
from xprojdb.db.tables import alignment
from xprojdb.execution.run import run_plan
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.planning.planner import plan_recipe
from xprojdb.steps.align.recall import Recall
from xprojdb.steps.align.stage import Align
from xprojdb.steps.inputs import parse_links

DATA = Path(os.environ.get("XPROJDB_DATA", "../shared/data")) / "europarl-ner"
OTHERS = ("de", "es", "it")
RECIPE = """
name = "shared"
corpora = ["europarl"]
source = ["en"]
target = ["de", "es", "it"]
[vote]
taggers = []
"""


class Forgetful(Recall):
    """Recalls nothing."""

    def known(self, words: object) -> None: ...


def main() -> None:
    """Align both ways, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sentences", type=int, default=300)
    args = parser.parse_args()
    aligned(8)  # loads the libraries
    spent, links = {}, {}
    for name, recall in (("once for each translation", Forgetful), ("once", Recall)):
        Align.recall = recall
        spent[name], links[name] = aligned(args.sentences)
        print(f"{name:26} {spent[name]:6.1f} CPU s for {len(links[name])} pairs", flush=True)
    (*first, before), (*second, after) = map(parse_links, links.values())
    same = all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))
    assert before is not None and after is not None
    changed = before != after
    print(f"links are {'equal' if same else 'different'}; of {len(before)} scores, {changed.sum()} differ,", end=" ")
    print(f"by at most {(np.abs(before - after) / before).max():.1e} of the score")


def aligned(sentences: int) -> tuple[float, list[str]]:
    """CPU seconds to align, and the links."""
    with tempfile.TemporaryDirectory() as folder, open_database(Path(folder) / "s.db", create=True) as database:
        for other in OTHERS:
            paths = {lang: _first(lang, sentences, Path(folder)) for lang in ("en", other)}
            files = [corpus_file(path, lang, part="all", form="conll") for lang, path in paths.items()]
            import_files(database, CorpusInfo("europarl"), files, parallel=True)
        plan = plan_recipe(database, parse_recipe(RECIPE))
        align = [stage.spec.digest for stage in plan.stages if stage.spec.kind == "align"]
        began = time.process_time()
        run_plan(database, plan, only=align)
        spent = time.process_time() - began
        with database.read() as connection:
            return spent, list(
                connection.execute(select(alignment.c.links).order_by(alignment.c.translation_id)).scalars()
            )


def _first(lang: str, sentences: int, folder: Path) -> Path:
    text = (DATA / f"{lang}-europarl.test.conll02").read_text(encoding="utf-8")
    path = folder / f"{lang}.conll"
    path.write_text("\n\n".join(text.split("\n\n")[:sentences]) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
