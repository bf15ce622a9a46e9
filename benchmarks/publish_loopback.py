"""Cut, publish, load back, explain: a data set of projected labels on a stand-in Hub, from end to end.

    python benchmarks/publish_loopback.py europarl.db [--recipe NAME] [--min-margin 0.1]

The database is that of the README ("What it reaches"). A copy of it is used, so that nothing is recorded in it; the Hub
is ``tests/loopback_hub.py``, on the loopback; the clients are the real ``huggingface_hub`` and ``datasets``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from loopback_hub import LoopbackHub, loopback_hub

REPO = "ana/europarl-projected"
XPROJDB = str(Path(sys.executable).with_name("xprojdb"))
LOAD = """
import json, sys, datasets
datasets.disable_progress_bars()
data = datasets.load_dataset(sys.argv[1], "all", split="test")
names = data.features["ner_tags"].feature.names
row = min((row for row in data if row["margins"]), key=lambda row: min(row["margins"]))
langs = {lang: data["lang"].count(lang) for lang in sorted(set(data["lang"]))}
tags = [names[tag] for tag in row["ner_tags"]]
print(json.dumps({"rows": len(data), "langs": langs, "least certain": row | {"ner_tags": tags}}))
"""


def run(shown: str, command: list[str], environment: dict[str, str]) -> str:
    """Run a command and print it with the time it took; ends the program when it fails."""
    begun = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False)
    print(f"$ {shown}   ({time.perf_counter() - begun:.1f} s)")
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def publish(hub: LoopbackHub, environment: dict[str, str], cut: list[str], folder: Path) -> None:
    """Export the cut, push it, and push it once more."""
    print(run(f"xprojdb export hf out {' '.join(cut)}", [XPROJDB, "export", "hf", str(folder), *cut], environment))
    for _ in range(2):
        seen = len(hub.requests)
        command = [XPROJDB, "push", REPO, "--folder", str(folder)]
        print(run(f"xprojdb push {REPO} --folder out", command, environment), end="")
        files = sum(request.startswith("PUT") for request in hub.sent(seen))
        print(f"{len(hub.requests) - seen} requests, {files} large files sent\n")


def load(environment: dict[str, str]) -> dict[str, Any]:
    """What a reader gets, in a process of its own."""
    shown = f'datasets.load_dataset("{REPO}", "all", split="test")'
    answer: dict[str, Any] = json.loads(run(shown, [sys.executable, "-c", LOAD, REPO], environment))
    print(f"{answer['rows']:,} rows: {', '.join(f'{lang} {count:,}' for lang, count in answer['langs'].items())}")
    row = answer["least certain"]
    print(f"the least certain: {row['id']}, margins {[round(margin, 3) for margin in row['margins']]}")
    print("  " + " ".join(f"{w}/{t}" if t != "O" else w for w, t in zip(row["tokens"], row["ner_tags"], strict=True)))
    print()
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("database", type=Path)
    parser.add_argument("--recipe")
    parser.add_argument("--min-margin", default="0.1")
    args = parser.parse_args()
    recipe = ["--recipe", args.recipe] if args.recipe else []
    with tempfile.TemporaryDirectory() as scratch, loopback_hub() as hub:
        copy = shutil.copyfile(args.database, Path(scratch) / "copy.db")
        environment = {**os.environ, "XPROJDB_DB": str(copy), **hub.environment(f"{scratch}/hf")}
        publish(hub, environment, [*recipe, "--min-margin", args.min_margin], Path(scratch) / "out")
        row = load(environment)["least certain"]
        result = run(f"xprojdb explain {row['id']}", [XPROJDB, "explain", row["id"], *recipe], environment)
        print(result)


if __name__ == "__main__":
    main()
