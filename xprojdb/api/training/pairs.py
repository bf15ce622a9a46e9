"""The method of a database that reads sentence pairs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from xprojdb.api.opened import Opened

if TYPE_CHECKING:
    from xprojdb.api.results.training import PairsResult


class ImportingPairs(Opened):
    """Reading sentence pairs into the database."""

    def import_nli(
        self,
        corpus: str,
        files: Sequence[tuple[str | None, str | Path]],
        *,
        split: str | None = None,
        origin: Literal["human", "machine"] | None = None,
        version: str | None = None,
        license: str | None = None,
        citation: str | None = None,
        url: str | None = None,
    ) -> PairsResult:
        """Import pairs of a premise and a hypothesis: XNLI, AfriXNLI, AmericasNLI, myXNLI, as TSV or Parquet.

        The same file again adds nothing.

        :param corpus: its name; created if it is new.
        :param files: language and path of each; None: a column of the file says the language.
        :param split: ``train``, ``validation`` or ``test``; by default from each file's name.
        :param origin: who translated them, for reports.
        :param version: of the corpus, as ``license`` (an SPDX name), ``citation`` and ``url``.
        :raises InputError: when a file cannot be read, lacks a column, or has another label.
        :raises ImportRefused: when a pair contradicts the one that is stored under its id.
        """
        from xprojdb.api.results.training import PairsResult
        from xprojdb.importing.corpus_files import CorpusInfo
        from xprojdb.importing.pairs.importing import import_pairs

        info = CorpusInfo(corpus, version, license, citation, url)
        paths = [(lang, Path(file)) for lang, file in files]
        return PairsResult(import_pairs(self.store, info, paths, split=split, origin=origin))
