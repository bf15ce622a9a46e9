"""Write the generated parts of the documentation, or check that they are current.

python docs/tools/generate.py            write them
python docs/tools/generate.py --check    name those that are out of date; exit code 1 if there are any
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(Path(__file__).parent))

import commands  # noqa: E402 - the folder of this script is no package
import data_model  # noqa: E402


def main() -> int:
    """Compare each generated page with its file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing, name what is out of date")
    check = parser.parse_args().check
    pages = wanted()
    stale = [path for path, text in pages.items() if not _is_current(path, text)]
    stranded = [path for path in sorted((DOCS / "commands").glob("*.md")) if path not in pages]
    for path in (*stale, *stranded):
        print(path.relative_to(DOCS.parent), "is out of date" if path in pages else "belongs to no command")
    if not check:
        for path in stale:
            path.write_text(pages[path], encoding="utf-8")
    return 1 if stranded or (check and stale) else 0


def wanted() -> dict[Path, str]:
    """Every generated file and its content."""
    return dict([*commands.pages(DOCS), *data_model.pages(DOCS)])


def _is_current(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
