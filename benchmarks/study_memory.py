"""The memory of a study by the number of its cells: ``python benchmarks/study_memory.py``.

The small study of ``study_kills.py`` with one, three and nine orders of the pool, each in a process of its own; prints
models, cells and the highest resident memory.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from studies import import_entities
from study_kills import LANGS, STUDY, TRAIN

import xprojdb as xp


def main(given: list[str]) -> None:
    """Start the processes, or be one of them."""
    if given:
        with tempfile.TemporaryDirectory() as folder, xp.open(Path(folder) / "study.db", create=True) as database:
            import_entities(database, Path(folder), LANGS)
            study = {**STUDY, "orders": int(given[0])}
            recipe = xp.TrainingRecipe(
                name="memory", corpora=["masakhaner2"], labels=["PER", "ORG", "LOC"], train=TRAIN, study=study
            )
            report = database.study(recipe).report
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{report.cells:4} cells, {report.trainings:4} models: at most {peak:,.0f} MB", flush=True)
        return
    for orders in (1, 3, 9):
        subprocess.run([sys.executable, __file__, str(orders)], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
