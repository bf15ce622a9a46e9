"""Import labels for stored sentences: gold labels, those of a second annotator, or corrections."""

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

    :param rows: rows in the file.
    :param sentences: how many were found, of which ``by_words`` by their words only.
    :param added, removed: labels that the annotator did not give before, or no longer gives.
    :param frozen: the step with the labels that the annotators of the set agree on, if there are any.
    :param left_out: why rows were left out, and what was repaired, by reason code.
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
    """Store the labels of a file for stored sentences, and freeze those that the annotators of the set agree on.

    Rows without a stored sentence are counted. Importing the same labels again adds nothing.

    :param name: the set to add the labels to.
    :param annotator: who made the labels.
    :param watch: called after each block with the number of rows read so far.
    :raises ReadError: when the file cannot be read; then nothing is stored.
    :raises ImportRefused: when a label cuts a stored word; fields ``file``, ``line`` and ``external_id``.
    :raises UsageError: when the language is unknown or has no sentences, the name is that of a campaign with a queue,
        or no row belongs to a stored sentence.
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
        report.frozen = freeze_set(connection, store.close(), store.gold)
        if report.unchanged:
            connection.rollback()
        else:
            end_run(connection, run_id, "done", {"sentences": report.sentences, "labels": report.added})
    return report
