"""Write a folder that ``datasets.load_dataset(folder)`` opens: Parquet files, a card and a manifest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from xprojdb.errors import UsageError
from xprojdb.exports.card.front_matter import front_matter
from xprojdb.exports.errors import ExportError
from xprojdb.exports.formats.parquet import ShardedSplit
from xprojdb.exports.manifest import MANIFEST_NAME, Manifest, SplitSummary
from xprojdb.exports.replaced_folder import CARD_NAME, new_folder
from xprojdb.exports.rows.schema import ExportSchema, class_names, export_schema
from xprojdb.exports.rows.sentences import ExportRow
from xprojdb.file_names import SPLIT_HINT, is_split
from xprojdb.text.spans import tags_from_spans

_CONFIG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")

Card = Callable[[Manifest, str | None], str]


class SplitRows(NamedTuple):
    """The rows of one split.

    :param split: ``"train"``, ``"validation"``, ``"test"`` or another name of letters, digits and underscores.
    :param batches: mappings of columns (``id``, ``tokens``, ``ner_tags`` as numbers, ``lang``, and those declared),
        or Arrow record batches or tables; read once.
    :param config: the configuration, such as a language; ``None`` for a data set with only one configuration.
    """

    split: str
    batches: Iterable[Any]
    config: str | None = None


def write_dataset(
    path: Path | str,
    splits: Iterable[SplitRows],
    *,
    labels: Sequence[str],
    recipe_digest: str,
    query: Any,
    columns: Mapping[str, Any] | None = None,
    card: Card | None = None,
    rows_per_group: int = 20_000,
    rows_per_shard: int = 1_000_000,
) -> Manifest:
    """Write a data set as a folder, which appears once everything in it is written.

    Rows are streamed, one row group at a time. The same rows give the same bytes, however they are batched. Files that
    an earlier export did not write (your own notes, a ``.git`` folder) are carried over to the new folder.

    :param path: the folder to create, or an earlier export to replace.
    :param splits: the rows, split by split. If there are configurations, the card also describes a configuration
        ``all`` that unites them without storing anything twice.
    :param labels: entity types, in the order that numbers the tags: ``O`` is 0, ``B-`` of the first label 1, ``I-`` 2.
    :param recipe_digest: digest of the recipe that produced the labels, for the manifest.
    :param query: the selection that is exported, as JSON values, for the manifest.
    :param columns: further columns: an Arrow type or its name, such as ``"string"``, by column.
    :param card: renders ``README.md`` from the manifest and the text of the existing card, if any; without it, the card
        consists of its front matter.
    :param rows_per_group: sentences held in memory and written as one Parquet row group.
    :param rows_per_shard: sentences per file.
    :returns: the manifest, as written to ``xprojdb-export.json``.
    :raises ExportError: when the folder was not written by an export, a batch does not match the schema, there are no
        sentences, or the disk is full. An existing export is left as it was.
    :raises UsageError: when a split or configuration has an impossible name or comes twice.
    :raises MissingExtra: when pyarrow is not installed.
    """
    path = Path(path).resolve()
    if rows_per_group < 1 or rows_per_shard < 1:
        raise UsageError("a row group and a file hold at least one sentence", hint="use the default sizes")
    schema = export_schema(labels, columns)
    with new_folder(path) as folder:
        draft = _Draft(folder.new, schema, rows_per_group, rows_per_shard)
        for rows in splits:
            draft.add(rows)
        draft.check(path)
        manifest = Manifest(recipe_digest, query, tuple(labels), schema.features, draft.configs)
        text = card(manifest, folder.old_card) if card else front_matter(manifest) + "\n"
        manifest = replace(manifest, files={**draft.sha256, **folder.write(CARD_NAME, text.encode())})
        folder.write(MANIFEST_NAME, manifest.to_json())
    return manifest


def columnar(rows: Iterable[ExportRow], labels: Sequence[str], size: int = 10_000) -> Iterator[dict[str, list[Any]]]:
    """Turn sentences into the batches that :func:`write_dataset` takes.

    :param rows: sentences with spans, all with the same further columns.
    :param labels: as given to :func:`write_dataset`.
    :param size: sentences per batch.
    :raises ExportError: when a span has a label that is not among them.
    :raises SpanError: when spans overlap or leave the sentence.
    """
    numbers = {name: number for number, name in enumerate(class_names(labels))}
    rows = iter(rows)
    while batch := list(islice(rows, size)):
        yield {
            "id": [row.id for row in batch],
            "tokens": [list(row.words) for row in batch],
            "ner_tags": [_numbered(row, numbers) for row in batch],
            "lang": [row.lang for row in batch],
            **{name: [row.columns[name] for row in batch] for name in batch[0].columns},
        }


def _numbered(row: ExportRow, numbers: Mapping[str, int]) -> list[int]:
    try:
        return [numbers[tag] for tag in tags_from_spans(len(row.words), row.spans)]
    except KeyError as error:
        label = str(error.args[0])[2:]
        raise ExportError(
            f"sentence {row.id} has the label {label}, which is not exported",
            hint="add it to --labels, or map it to one of them when importing",
            id=row.id,
            label=label,
        ) from None


@dataclass
class _Draft:
    """The splits written so far."""

    folder: Path
    schema: ExportSchema
    rows_per_group: int
    rows_per_shard: int
    configs: dict[str, dict[str, SplitSummary]] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)
    named: bool | None = None

    def add(self, rows: SplitRows) -> None:
        self._check_names(rows)
        folder = "data" if rows.config is None else rows.config
        sizes = (self.rows_per_group, self.rows_per_shard)
        split = ShardedSplit(self.folder, folder, rows.split, self.schema, *sizes)
        self.configs.setdefault(rows.config or "default", {})[rows.split] = split.write(rows.batches)
        self.sha256 |= split.sha256

    def check(self, path: Path) -> None:
        for config, splits in self.configs.items():
            for name, split in splits.items():
                if not split.sentences:
                    raise _empty(path, f"split {name} of configuration {config}")
        if not self.configs:
            raise _empty(path, "the export")

    def _check_names(self, rows: SplitRows) -> None:
        if not is_split(rows.split):
            raise UsageError(f"{rows.split!r} cannot name a split", hint=SPLIT_HINT, split=rows.split)
        if rows.config is not None and (not _CONFIG.fullmatch(rows.config) or rows.config in ("all", "default")):
            hint = "use letters, digits, underscores and hyphens; all and default are taken"
            raise UsageError(f"{rows.config!r} cannot name a configuration", hint=hint, config=rows.config)
        if self.named not in (None, rows.config is not None):
            hint = "give every split a configuration, or none"
            raise UsageError("some splits have a configuration and some do not", hint=hint, split=rows.split)
        if rows.split in self.configs.get(rows.config or "default", {}):
            hint = "concatenate its batches"
            raise UsageError(f"the split {rows.split} occurs twice", hint=hint, split=rows.split, config=rows.config)
        self.named = rows.config is not None


def _empty(path: Path, what: str) -> ExportError:
    hint = "the datasets library cannot open empty splits: leave it out, or loosen the filters"
    return ExportError(f"{what} has no sentences: {path} was not written", hint=hint, path=path)
