"""Apertium: rule-based translation by a separately installed program."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xprojdb.errors import ModelError
from xprojdb.models.translators.text_tokens import Translated
from xprojdb.text.languages import Language, language

BATCH_SENTENCES = 1000
"""Sentences per process, which takes a third of a second to start."""
_GAP = "\n\n"
#: characters that would break Apertium or the blank line between two sentences
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_DATA = "/usr/share/apertium"
_QUOTED = re.compile(r"'([^']+)'")


@dataclass(frozen=True)
class ApertiumParams:
    """Apertium has no parameters: its rules decide."""

    def to_json(self) -> dict[str, Any]:
        """An empty JSON object."""
        return {}


class Apertium:
    """Translates in every installed direction; see :class:`xprojdb.models.translators.translator.Translator`.

    A batch goes through one process as paragraphs separated by blank lines, the only format in which words do not
    move between sentences. If more or fewer paragraphs come back than went in, halves of the batch are
    tried, down to single sentences. Its part-of-speech tagger has a memory: about three sentences in a
    hundred differ in a word or two if others precede them.

    :param timeout: seconds a batch may take.
    :param revision: the revision that the data of a direction must have; see :func:`revision_of`.
    """

    def __init__(self, *, timeout: float = 300.0, revision: str | None = None) -> None:
        self._timeout, self._revision = timeout, revision
        self._modes: dict[tuple[str, str], str] = {}

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[Translated]:
        """Translate; see ``Translator``. The translation of an empty text is empty.

        :raises ModelError: when the program or the direction is not installed, when its data changed since the step
            was made, when it fails, or when it takes too long.
        """
        mode = self._mode(source, target)
        plain = [_BLANK.sub(" ", text).strip() for text in sentences]
        distinct = [text for text in dict.fromkeys(plain) if text]
        translations = {"": ""}
        for at in range(0, len(distinct), BATCH_SENTENCES):
            batch = distinct[at : at + BATCH_SENTENCES]
            translations.update(zip(batch, self._paragraphs(batch, mode), strict=True))
        return [Translated(translations[text]) for text in plain]

    def _mode(self, source: str, target: str) -> str:
        if (source, target) not in self._modes:
            if self._revision is not None:
                _check(self._revision, (source, target))
            self._modes[source, target] = mode_of(source, target)
        return self._modes[source, target]

    def _paragraphs(self, texts: list[str], mode: str) -> list[str]:
        written = self._run(_GAP.join(texts) + "\n", mode)
        # Not split at longer gaps: an empty translation is a paragraph too, and must not make up for one that was
        # split.
        paragraphs = [_BLANK.sub(" ", part).strip() for part in written.removesuffix("\n").split(_GAP)]
        if len(paragraphs) == len(texts):
            return paragraphs
        if len(texts) == 1:
            return [" ".join(" ".join(paragraphs).split())]
        half = len(texts) // 2
        return [*self._paragraphs(texts[:half], mode), *self._paragraphs(texts[half:], mode)]

    def _run(self, text: str, mode: str) -> str:
        # In its own session: it is a shell that starts a dozen programs, and a timeout must end all of them.
        process = subprocess.Popen(
            [_program(), "-u", mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            written, errors = process.communicate(text.encode(errors="replace"), timeout=self._timeout)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            if isinstance(error, subprocess.TimeoutExpired):
                raise _failed(mode, f"took more than {self._timeout:g} s", "timeout") from error
            raise
        if process.returncode:
            raise _failed(mode, errors.decode(errors="replace").strip() or f"ended with {process.returncode}", "failed")
        return written.decode(errors="replace")


def directions() -> list[str]:
    """The installed directions, such as ``eng-spa``.

    :raises ModelError: when Apertium is not installed.
    """
    listed = subprocess.run([_program(), "-l"], capture_output=True, text=True, timeout=60, check=False)
    return [line.strip() for line in listed.stdout.splitlines() if "-" in line]


def mode_of(source: str, target: str) -> str:
    """Apertium's name for a direction, such as ``eng-spa``.

    :param source, target: languages, as any code.
    :raises ModelError: when Apertium or the direction is not installed.
    """
    installed = directions()
    for left in _codes(language(source)):
        for right in _codes(language(target)):
            if f"{left}-{right}" in installed:
                return f"{left}-{right}"
    left, right = language(source).iso639_3, language(target).iso639_3
    first, second = sorted((left, right))
    raise ModelError(
        f"Apertium's direction {left}-{right} is not installed",
        hint=f"apt-get install apertium-{first}-{second}, if that pair exists: apt-cache search apertium",
        program="apertium",
        direction=f"{left}-{right}",
        installed=tuple(installed),
    )


def revision_of(direction: tuple[str, str] | None = None, revision: str | None = None) -> str:
    """A digest of the program's version and of the rules and dictionaries of a direction.

    :param direction: source and target; by default all installed directions.
    :param revision: the revision it must equal.
    :returns: ``sha256:…``.
    :raises ModelError: when Apertium or the direction is not installed, or the revision differs.
    """
    modes = sorted(directions()) if direction is None else [mode_of(*direction)]
    version = subprocess.run([_program(), "-V"], capture_output=True, timeout=60, check=False).stdout
    total = hashlib.sha256(version)
    for name, path in sorted({(mode, path) for mode in modes for path in _data_files(mode)}):
        with path.open("rb") as file:
            total.update(f"{name}\0{path.name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    digest = f"sha256:{total.hexdigest()}"
    if revision not in (None, digest):
        raise ModelError(
            f"Apertium's data have revision {digest} instead of {revision}",
            hint="plan the recipe again, or install the version it was planned with",
            model_id="apertium",
            revision=digest,
            wanted=revision,
        )
    return digest


def _check(revision: str, direction: tuple[str, str]) -> None:
    """Check a step's revision, which is that of its direction or that of all directions."""
    if revision != revision_of():
        revision_of(direction, revision)


def _data_files(mode: str) -> Iterator[Path]:
    """The files a direction reads, starting with its list of programs."""
    data = Path(os.environ.get("APERTIUM_DATADIR", _DATA))
    path = data / "modes" / f"{mode}.mode"
    if not path.is_file():
        return
    yield path
    named = (Path(name) for name in _QUOTED.findall(path.read_text(encoding="utf-8")))
    yield from (file for file in named if file.is_file())


def _codes(entry: Language) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for code in (entry.iso639_3, entry.iso639_1, entry.code) if code))


def _program() -> str:
    path = shutil.which("apertium")
    if path is None:
        hint = "apt-get install apertium and a language pair such as apertium-eng-spa"
        raise ModelError("the program apertium is not installed", hint=hint, program="apertium")
    return path


def _failed(mode: str, details: str, reason: str) -> ModelError:
    message, hint = f"apertium {mode} failed: {details.splitlines()[0]}", f"try: echo text | apertium -u {mode}"
    return ModelError(message, hint=hint, program="apertium", mode=mode, reason=reason)
