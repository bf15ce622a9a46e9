"""The methods of a database that correct a corpus."""

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
    """Correcting a corpus: what was made of the rest stays."""

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
        """Withdraw sentences of a corpus: they go, with their translations and everything made from them.

        What was learned from the corpus as a whole stays as it is.

        :param corpus: its name.
        :param ids: of sentences, as they were imported or exported; empty: all of the part.
        :param lang: only in this language, by any code; by default in all.
        :param part: only of this part.
        :param dry_run: only find out what would be deleted.
        :param end_runs: end the runs that are under way first; what they have written is kept.
        :raises RunsAlive: while runs are under way.
        :raises UsageError: when there is no such corpus, part or id, or neither ids nor a part are named.
        """
        from xprojdb.api.results.corrections import ErrataResult
        from xprojdb.errors import UsageError
        from xprojdb.maintenance.errata.withdrawal import Withdrawn, withdraw
        from xprojdb.text.languages import language

        if not ids and part is None:
            raise UsageError("which sentences?", hint=f"name ids or a part; xprojdb corpus delete {corpus} deletes all")
        wanted = Withdrawn(corpus, tuple(ids), language(lang).code if lang else None, part)
        with ended_runs(self.store.engine, end_runs and not dry_run) as ended:
            result = ErrataResult(withdraw(self.store, wanted, dry_run=dry_run), dry_run)
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
        """Replace a file of a corpus by a corrected version of it.

        Sentences are compared by id, or by number where they have none. Unchanged ones keep everything made from
        them; changed ones are stored anew, and those that the file lacks are withdrawn.

        :param corpus: its name.
        :param lang: of the file, by any code.
        :param part: of the corpus; by default the split.
        :param split: by default from the file's name.
        :param format: of the file, by the name of a reader; ``auto`` goes by the content.
        :param reading: options of the format's reader.
        :param dry_run: only find out what would change.
        :param end_runs: end the runs that are under way first; what they have written is kept.
        :raises RunsAlive: while runs are under way.
        :raises InputError: when the file cannot be read; nothing is changed then.
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
