"""Files of a parallel import that are machine translations, stored in the transaction of the import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import Connection

    from xprojdb.importing.onto.translations import TranslationsReport
    from xprojdb.readers import Format


@dataclass
class TranslatedFiles:
    """Machine translations of one file.

    :param machine: the name of the translator.
    :param lang: of the original, by any of its codes.
    :param files: the language, path and reader options of each translated file.
    """

    machine: str
    corpus: str
    lang: str
    part: str | None
    files: Sequence[tuple[str, str | Path, Mapping[str, Any]]]
    format: Format
    reports: list[TranslationsReport] = field(default_factory=list)

    def store(self, part: str, connection: Connection) -> int:
        """Store them, by their ids if they have any, otherwise line by line.

        :param part: of the original.
        :returns: how many are new.
        """
        from xprojdb.api.corrections.exchange import translated_file
        from xprojdb.importing.onto.translations import store_translations
        from xprojdb.readers.notes import Notes

        self.reports = []
        for lang, file, reading in self.files:
            described = translated_file(file, self.lang, self.corpus, part, self.format, False, reading)
            first = next(described.records(Notes(), lang), None)
            if first is not None and first.external_id is None:
                described = replace(described, by="line")
            self.reports.append(store_translations(connection, described, lang, self.machine, "import parallel"))
        return sum(report.added for report in self.reports)
