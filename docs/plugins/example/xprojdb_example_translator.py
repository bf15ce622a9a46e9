"""A translator: word by word, by a glossary, ``glossary:FILE``: a word, a tab and its translation on each line."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xprojdb.plugins import ModelError, Placement, Translated, Translator, TranslatorPlugin


@dataclass(frozen=True)
class GlossaryConfig:
    """``[translate]`` with ``glossary:``.

    :param unknown: what stands for a word without a translation; by default the word itself.
    """

    unknown: str | None = None


class Glossary(TranslatorPlugin):
    """The plug-in ``glossary``."""

    name = "glossary"
    Config = GlossaryConfig
    metavar = "FILE"

    def revision(self, model: str, revision: str | None, direction: tuple[str, str] | None) -> str:  # noqa: ARG002
        own = hashlib.sha256(_content(model)).hexdigest()[:12]
        if revision not in (None, own):
            raise ModelError(f"{model} has the revision {own}, not {revision}", hint="restore the file")
        return own

    def load(self, model: str, options: GlossaryConfig, revision: str | None, placement: Placement) -> Translator:  # noqa: ARG002
        lines = _content(model).decode("utf-8").splitlines()
        return GlossaryTranslator(dict(line.split("\t", 1) for line in lines if "\t" in line), options.unknown)


def _content(model: str) -> bytes:
    try:
        return Path(model).read_bytes()
    except OSError as error:
        raise ModelError(f"{model} cannot be read: {error.strerror}", hint="check the path") from error


class GlossaryTranslator:
    """Translates batches of sentences."""

    def __init__(self, table: dict[str, str], unknown: str | None) -> None:
        self.table, self.unknown = table, unknown

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[Translated]:  # noqa: ARG002
        return [Translated(" ".join(map(self._word, text.split()))) for text in sentences]

    def _word(self, word: str) -> str:
        return self.table.get(word, word if self.unknown is None else self.unknown)
