"""What the library's default costs: ``python benchmarks/default_cost.py [--sentences 1000] [--pair en-lug]``.

CPU seconds of one process for 1 000 pairs of MasakhaNER2 with an offline tagger, without and with the vote of a tagger
that learns from the projection, and with an encoder in 8 bits, each in a database of its own and with an empty cache of
word vectors. Loading models is part of it; loading libraries and importing sentences is not. "Forward pass" is what the
layers of the encoder take of the whole, in whichever part. Reads ``$XPROJDB_DATA`` or ``../shared/data``.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import masakhaner2
import platformdirs
from rich.console import Console
from rich.table import Table

from xprojdb.config.recipe import parse_recipe
from xprojdb.db import open_database
from xprojdb.execution.run import run_plan
from xprojdb.models.encoders.hidden_states import HiddenStates
from xprojdb.models.encoders.int8 import Int8States
from xprojdb.planning.planner import plan_recipe

MODELS = Path(os.environ.get("XPROJDB_CACHE") or platformdirs.user_cache_path("xprojdb"))
OFF = "[vote]\ntaggers = []\n"
INT8 = '[align]\nprecision = "int8"\n'
FORWARD = "forward pass"
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
    for more in ("", INT8):
        cost(args.pair, 20, more)  # loads the libraries, and converts the encoder to 8 bits
    table = Table("CPU seconds for 1 000 pairs", *PARTS, "project", "whole", FORWARD, title=args.pair)
    whole = {}
    for name, more in (("without the vote", OFF), ("the default", ""), ("the default, int8", INT8)):
        seconds, pairs = cost(args.pair, args.sentences, more)
        forward = seconds.pop(FORWARD)
        whole[name] = seconds.total()
        values = [*(seconds[part] for part in (*PARTS, "project")), whole[name], forward]
        table.add_row(name, *(f"{1000 * value / pairs:.1f}" for value in values))
        table.add_row("share", *(f"{100 * value / whole[name]:.0f} %" for value in values))
    Console(width=120).print(table)
    for name, total in whole.items():
        print(f"{name}: {total / whole['without the vote']:.2f} times as much as without the vote")


def cost(pair: str, most: int, more: str) -> tuple[Counter[str], int]:
    """The CPU seconds of each part and of the encoder's layers, and the number of pairs."""
    seconds: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, open_database(Path(folder) / "cost.db", create=True) as database:
        _use_cache(Path(folder) / "cache")
        masakhaner2.import_pair(database, pair, most, Path(folder))
        source, target = pair.split("-")
        head = f'name = "cost"\ncorpora = ["{pair}"]\nsource = ["{source}"]\ntarget = ["{target}"]\n'
        rest = masakhaner2.TAGGED[masakhaner2.TAGGED.index("labels =") :]
        plan = plan_recipe(database, parse_recipe(head + rest + more))
        pairs = 0
        for stage in plan.stages:
            began = _used()
            with _clocked(seconds):
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


@contextmanager
def _clocked(seconds: Counter[str]) -> Iterator[None]:
    """Add up what the layers of encoders take, on whatever threads."""

    def clocked(call: Any) -> Any:
        def states(self: Any, *given: Any) -> Any:
            began = time.process_time()
            result = call(self, *given)
            seconds[FORWARD] += time.process_time() - began
            return result

        return states

    with (
        mock.patch.object(HiddenStates, "__call__", clocked(HiddenStates.__call__)),
        mock.patch.object(Int8States, "__call__", clocked(Int8States.__call__)),
    ):
        yield


def _used() -> float:
    """CPU seconds of this process and of those that it has started."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


if __name__ == "__main__":
    main()
