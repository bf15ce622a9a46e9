"""The pictures of docs/browsing.md: ``python benchmarks/screenshots.py DEMO.db docs/``.

DEMO.db is that of ``xprojdb demo`` with a recipe ``multi`` of several sources; it is copied, and a campaign is drawn in
the copy. A Chromium takes them: ``chromium`` on the path, or the program that XPROJDB_TEST_BROWSER names.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync")
XPROJDB = Path(sys.executable).with_name("xprojdb")
#: file, address, colour scheme, width, height, keys
SHOTS = (
    ("browse-list.png", "/?recipe=multi&lang=sw&order=margin", "light", 1180, 820, ""),
    ("browse-sentence.png", "/sentence/demo/sw/test-8?recipe=multi", "light", 1180, 1180, "jjj"),
    ("browse-sentence-dark.png", "/sentence/demo/de/test-8?recipe=demo", "dark", 1180, 820, "jjj"),
    ("browse-overview.png", "/overview", "light", 1180, 820, ""),
    ("browse-narrow.png", "/sentence/demo/de/test-8?recipe=demo", "light", 520, 1180, "jjj"),
    ("review.png", "/review/1/1", "light", 1180, 820, "jj"),
)


@contextmanager
def served(database: Path) -> Iterator[str]:
    """The review server, and its one-time address."""
    command = [str(XPROJDB), "--db", str(database), "review", "start", "--reviewer", "ana", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    assert process.stdout is not None
    yield process.stdout.readline().split()[-1]
    process.terminate()
    process.wait()


def take(page: Page, origin: str, folder: Path) -> None:
    """Take all pictures."""
    for name, address, scheme, width, height, keys in SHOTS:
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.set_viewport_size({"width": width, "height": height})
        page.goto(origin + address)
        for key in keys:
            page.keyboard.press(key)
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=folder / name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", type=Path)
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    program = shutil.which(os.environ.get("XPROJDB_TEST_BROWSER", "chromium"))
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        copy = Path(temporary) / "demo.db"
        shutil.copyfile(asked.database, copy)
        drawn = ["review", "new", "swahili", "--recipe", "multi", "--size", "40"]
        subprocess.run([str(XPROJDB), "--db", str(copy), *drawn], check=True)
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        with served(copy) as address:
            page = browser.new_page()
            page.goto(address)
            page.wait_for_url(lambda url: "/enter" not in url)
            take(page, address.partition("/enter")[0], asked.folder)
        browser.close()


if __name__ == "__main__":
    main()
