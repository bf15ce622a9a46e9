"""What changed between two exports; needs no database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xprojdb.api.results.changelog import ChangelogResult


def changelog(first: str | Path, second: str | Path, *, examples: int = 3) -> ChangelogResult:
    """Report what changed between two exports of a data set, sentence by sentence.

    :param first: an exported folder: ``hf``, ``jsonl``, or ``conll`` with ids.
    :param second: a later export of it.
    :param examples: ids to name for each kind of change.
    :raises InputError, ExportError: when a folder is not an exported data set, or a sentence has no id.
    """
    from xprojdb.api.results.changelog import ChangelogResult
    from xprojdb.exports.changelog.comparing import compare_exports

    return ChangelogResult(compare_exports(Path(first), Path(second), examples=examples))
