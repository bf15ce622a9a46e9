"""Import labels: gold, a second annotator's labels or corrections onto sentences that are stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from xprojdb.db import Database, bulk
from xprojdb.db.runs import begin_run, end_run
from xprojdb.importing.onto.reading import LabelReading, LaterFile
from xprojdb.readers.notes import Note, Notes
from xprojdb.review.freezing import FrozenReviews, freeze_set
from xprojdb.review.imported import LabelStore


@dataclass(slots=True)
class LabelsReport:
    """What an import of labels did.

    :param rows: of the file.
    :param sentences: that were found, by words alone those of ``by_words``.
    :param added, removed: labels that the annotator had not given before, or gives no more.
    :param frozen: the step that holds what the annotators of the set agree on; None when that is nothing.
    :param left_out: why rows were left out, and what was mended, by the code of the reason.
    """

    name: str
    annotator: str
    file: str
    rows: int = 0
    sentences: int = 0
    by_words: int = 0
    added: int = 0
    removed: int = 0
    frozen: FrozenReviews | None = None
    left_out: dict[str, Note] = field(default_factory=dict)

    @property
    def unchanged(self) -> bool:
        """Whether everything was stored before."""
        return not self.added and not self.removed and self.frozen is not None and self.frozen.known


def import_labels(
    database: Database,
    file: LaterFile,
    name: str,
    annotator: str,
    *,
    command: str = "import labels",
    watch: Callable[[int], None] | None = None,
) -> LabelsReport:
    """Put the labels of a file onto stored sentences, and freeze what the annotators of the set agree on.

    Rows that are no stored sentence are counted. The same labels again add nothing.

    :param name: of the set that the labels are put into.
    :param annotator: whose they are.
    :param watch: told, after each block, how many rows were read.
    :raises ReadError: when the file cannot be read; nothing is stored then.
    :raises ImportRefused: when a label cuts a stored word; fields ``file``, ``line`` and ``external_id``.
    :raises UsageError: when the language is unknown or has no sentences, the name is that of a campaign with a queue,
        or no row is a stored sentence.
    """
    report, notes = LabelsReport(name, annotator, str(file.path)), Notes()
    with database.write() as connection, bulk.uncollected():
        reading = LabelReading(file, file.finder(connection), notes)
        store = LabelStore.open(connection, name, annotator)
        run_id = begin_run(connection, command)
        for sentences, _ in reading.blocks():
            stored = store.add(sentences)
            report.added += stored.added
            report.removed += stored.removed
            if watch is not None:
                watch(reading.rows)
        if not reading.sentences:
            raise file.nothing(reading.rows, notes)
        report.rows, report.sentences, report.by_words = reading.rows, reading.sentences, reading.by_words
        report.left_out = dict(notes)
        report.frozen = freeze_set(connection, store.close())
        if report.unchanged:
            connection.rollback()
        else:
            end_run(connection, run_id, "done", {"sentences": report.sentences, "labels": report.added})
    return report
