"""A real browser for tests, where one is installed; a server in a process of its own for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
XPROJDB = Path(sys.executable).with_name("xprojdb")


def chromium() -> str:
    """The program of a browser; skips where there is none."""
    names = (os.environ.get("XPROJDB_TEST_BROWSER"), "chromium", "chromium-browser", "google-chrome")
    result = next((path for name in names if name and (path := shutil.which(name))), None)
    if result is None:
        pytest.skip("no Chromium is installed; name one in XPROJDB_TEST_BROWSER")
    return result


@contextmanager
def launched() -> Iterator[Any]:
    """A browser of Playwright."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = chromium()
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def served(database: str, *arguments: str, env: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The real command on a free port, and the addresses that it printed."""
    command = [str(XPROJDB), "--db", database, *arguments, "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**env, "PYTHONUNBUFFERED": "1"})
    try:
        assert process.stdout is not None
        addresses: list[str] = []
        while True:
            line = process.stdout.readline()
            assert line, "the server ended"
            addresses += [word for word in line.split() if word.startswith("http://")]
            if "once" in line:
                break
        yield process, addresses
    finally:
        process.kill()
        process.wait()


def entered(context: Any, address: str, complaints: list[str]) -> Any:
    """A page of a browser that used a one-time address; what its console says is kept."""
    page = context.new_page()
    page.on("console", lambda told: complaints.append(told.text) if told.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    page.wait_for_url(lambda url: "/enter" not in url)
    return page
