"""A demonstration of the whole product on the sample corpus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from xprojdb.api.database import Database, open

if TYPE_CHECKING:
    from xprojdb.api.results.base import Result
    from xprojdb.execution.progress import Progress, StopRequest

RECIPE = """\
name = "demo"
corpora = ["demo"]
source = ["en"]
target = ["de", "es", "sw"]
"""
_LEAST_CERTAIN = """\
SELECT sentence FROM v_label WHERE corpus = 'demo' AND lang = 'de' AND split = 'test' AND recipe = 'demo'
ORDER BY margin, sentence_id LIMIT 1"""


def demo(
    folder: str | Path, *, progress: Progress | None = None, stop: StopRequest | None = None
) -> Iterator[str | Result]:
    """Build, score and export a small data set from the sample corpus; this needs no network.

    The English gold entities of 160 news-like sentences in English, German, Spanish and Swahili are projected onto the
    other three languages over word alignments, and compared with the gold entities there. Afterwards the folder
    contains the database ``demo.db``, the recipe ``demo.toml``, and the data set as ``conll`` and ``hf``.

    :param folder: created if it does not exist.
    :param progress, stop: for the run; see :meth:`xprojdb.Database.run`.
    :returns: for each part a heading, then its results, as they are finished; it ends if the run is stopped.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    recipe = folder / "demo.toml"
    recipe.write_text(RECIPE, encoding="utf-8")
    with open(folder / "demo.db", create=True) as database:
        yield "import"
        yield from _import(database)
        yield "run: align, score, project"
        labels = database.run(recipe, progress=progress, stop=stop)
        assert labels.run is not None
        yield labels.run
        if labels.run.report.stopped:
            return
        yield "evaluate"
        yield labels.evaluate()
        yield "export"
        yield labels.export(folder / "conll", "conll")
        yield labels.export(folder / "hf", "hf")
        yield "explain: the least certain German label of the test sentences"
        ((sentence,),) = database.query(_LEAST_CERTAIN)
        yield labels.explain(sentence)


def _import(database: Database) -> Iterator[Result]:
    from xprojdb.readers.sample import LANGUAGES, SPLITS, sample_file

    for split in SPLITS:
        yield database.import_parallel(
            "demo",
            {lang: sample_file(lang, split) for lang in LANGUAGES},
            split=split,
            license="Apache-2.0",
            citation="The sample corpus of xprojdb.",
            scheme="masakhaner",
        )
