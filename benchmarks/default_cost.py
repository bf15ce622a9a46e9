"""What the library's default costs: ``python benchmarks/default_cost.py [--sentences 1000] [--pair en-lug]``.

CPU seconds of one process for 1 000 pairs of MasakhaNER2 with an offline tagger, without and with the vote of a tagger
that learns from the projection, each in a database of its own and with an empty cache of word vectors. Loading models
is part of it; loading libraries and importing sentences is not. Reads ``$XPROJDB_DATA`` or ``../shared/data``.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
from collections import Counter
from pathlib import Path

import masakhaner2
import platformdirs
from rich.console import Console
from rich.table import Table

from xprojdb.config.recipe import parse_recipe
from xprojdb.db import open_database
from xprojdb.execution.run import run_plan
from xprojdb.planning.planner import plan_recipe

MODELS = Path(os.environ.get("XPROJDB_CACHE") or platformdirs.user_cache_path("xprojdb"))
OFF = "[vote]\ntaggers = []\n"
#: the parts of the default, and the kinds of their steps; others project
PARTS = {
    "tag": ("tag", "names", "gazetteer"),
    "align": ("align",),
    "score": ("score", "habits", "frequencies", "terms"),
    "vote": ("target-tagger", "vote-evidence", "revise"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--pair", default="en-lug", choices=masakhaner2.PAIRS)
    args = parser.parse_args()
    cost(args.pair, 20, "")  # loads the libraries
    without, once = cost(args.pair, args.sentences, OFF)
    votes, pairs = cost(args.pair, args.sentences, "")
    table = Table("CPU seconds for 1 000 pairs", *PARTS, "project", "whole", title=f"{args.pair}, {pairs} pairs")
    for name, seconds in (("without the vote", without), ("the default", votes)):
        values = [*(seconds[part] for part in PARTS), seconds["project"], sum(seconds.values())]
        table.add_row(name, *(f"{1000 * value / once:.1f}" for value in values))
    shares = [votes[part] / sum(votes.values()) for part in (*PARTS, "project")]
    table.add_row("share", *(f"{100 * share:.0f} %" for share in shares), "100 %")
    Console(width=120).print(table)
    print(f"with the vote: {sum(votes.values()) / sum(without.values()):.2f} times as much")


def cost(pair: str, most: int, vote: str) -> tuple[Counter[str], int]:
    """The CPU seconds of each part, and the number of pairs."""
    seconds: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, open_database(Path(folder) / "cost.db", create=True) as database:
        _use_cache(Path(folder) / "cache")
        masakhaner2.import_pair(database, pair, most, Path(folder))
        source, target = pair.split("-")
        head = f'name = "cost"\ncorpora = ["{pair}"]\nsource = ["{source}"]\ntarget = ["{target}"]\n'
        rest = masakhaner2.TAGGED[masakhaner2.TAGGED.index("labels =") :]
        plan = plan_recipe(database, parse_recipe(head + rest + vote))
        pairs = 0
        for stage in plan.stages:
            began = _used()
            report = run_plan(database, plan, only=[stage.spec.digest])
            part = next((name for name, kinds in PARTS.items() if stage.spec.kind in kinds), "project")
            seconds[part] += _used() - began
            pairs = report.done if stage.spec.kind == "align" else pairs
    return seconds, pairs


def _use_cache(folder: Path) -> None:
    """Use a cache that has the models at hand, and no word vectors."""
    models = (MODELS / "models").resolve()
    folder.mkdir()
    (folder / "models").symlink_to(models)
    os.environ["XPROJDB_CACHE"] = str(folder)


def _used() -> float:
    """CPU seconds of this process and of those that it has started."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


if __name__ == "__main__":
    main()
