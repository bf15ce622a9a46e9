"""Database methods that correct a corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xprojdb.api.end_runs import ended_runs
from xprojdb.api.opened import Opened

if TYPE_CHECKING:
    from xprojdb.api.results.corrections import ErrataResult
    from xprojdb.readers import Format


class Errata(Opened):
    """Correcting a corpus, while keeping what was derived from the rest."""

    def withdraw(
        self,
        corpus: str,
        *,
        ids: Sequence[str] = (),
        lang: str | None = None,
        part: str | None = None,
        dry_run: bool = False,
        end_runs: bool = False,
    ) -> ErrataResult:
        """Withdraw sentences of a corpus with their translations and everything derived from them.

        What was learned from the whole corpus stays as it is.

        :param corpus: the name of the corpus.
        :param ids: of sentences, as they were imported or exported; empty: all of the part.
        :param lang: only in this language, by any of its codes; by default in all.
        :param part: only in this part.
        :param dry_run: only report what would be deleted.
        :param end_runs: first end the runs in progress; what they have written is kept.
        :raises RunsAlive: while runs are in progress.
        :raises UsageError: when there is no such corpus, part or id, or neither ids nor a part are given.
        """
        from xprojdb.api.results.corrections import ErrataResult
        from xprojdb.errors import UsageError
        from xprojdb.maintenance.errata.withdrawal import Withdrawn, withdraw
        from xprojdb.text.languages import language

        if not ids and part is None:
            raise UsageError(
                "no sentences were selected",
                hint=f"use --id, --ids-from or --part; xprojdb corpus delete {corpus} deletes all",
            )
        selected = Withdrawn(corpus, tuple(ids), language(lang).code if lang else None, part)
        with ended_runs(self.store.engine, end_runs and not dry_run) as ended:
            result = ErrataResult(withdraw(self.store, selected, dry_run=dry_run), dry_run)
        result.ended = ended
        return result

    def replace(
        self,
        corpus: str,
        file: str | Path,
        *,
        lang: str,
        part: str | None = None,
        split: str | None = None,
        format: Format = "auto",
        reading: Mapping[str, Any] | None = None,
        dry_run: bool = False,
        end_runs: bool = False,
    ) -> ErrataResult:
        """Replace a file of a corpus with a corrected version.

        Sentences are compared by id, or by number if they have none. Unchanged ones keep everything derived from them;
        changed ones stay where they were, new ones come last, and those missing from the file are withdrawn.

        :param corpus: the name of the corpus.
        :param lang: of the file, by any of its codes.
        :param part: of the corpus; by default the split.
        :param split: by default from the file's name, else that of the sentences that it replaces.
        :param format: of the file, by the name of a reader; ``auto``: by the content.
        :param reading: options of the reader.
        :param dry_run: only report what would change.
        :param end_runs: first end the runs in progress; what they have written is kept.
        :raises RunsAlive: while runs are in progress.
        :raises InputError: when the file cannot be read; then nothing is changed.
        :raises UsageError: when there is no such corpus, or no such file was imported.
        """
        from xprojdb.api.results.corrections import ErrataResult
        from xprojdb.importing.corpus_files import corpus_file
        from xprojdb.maintenance.errata.replacement import replace_file

        described = corpus_file(Path(file), lang, form=format, split=split, part=part, **(reading or {}))
        with ended_runs(self.store.engine, end_runs and not dry_run) as ended:
            result = ErrataResult(replace_file(self.store, corpus, described, dry_run=dry_run), dry_run)
        result.ended = ended
        return result
