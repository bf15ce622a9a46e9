"""Run the commands of pages again and put what they print now where it differs from what the pages show.

    python docs/tools/refresh.py docs/maintenance.md docs/python.md

The same commands and the same comparison as in ``tests/test_docs_commands.py``;
look at the difference before committing.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from docs_blocks import DEMO, InputFile, matches, read_page  # noqa: E402
from test_docs_commands import print_of, write_inputs  # noqa: E402


def main() -> None:
    for argument in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as folder:
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            environment = {"PATH": path, "HOME": home, "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "TERM": "dumb"}
            refresh(Path(argument), Path(folder), environment)


def refresh(page: Path, folder: Path, environment: Mapping[str, str]) -> None:
    """Run a page's commands in a folder, and rewrite the outputs that differ."""
    text = page.read_text(encoding="utf-8")
    write_inputs(folder)
    if DEMO in text:
        print_of("xprojdb demo", folder, environment)
        environment = {**environment, "XPROJDB_DB": "xprojdb-demo/demo.db"}
    for item in read_page(page):
        if isinstance(item, InputFile):
            (folder / item.name).write_text(item.content, encoding="utf-8")
            continue
        _, printed = print_of(item.text, folder, environment)
        if item.output is not None and not matches(item.output, printed):
            print(f"{page}, line {item.line}: {item.text}")
            shown = "\n".join(line.rstrip() for line in printed.strip().splitlines())
            text = text.replace(item.output.strip("\n"), shown, 1)
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
