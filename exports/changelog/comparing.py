"""Compare two exports of a data set, sentence by sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from xprojdb.exports.changelog.reading import ExportedFolder, Part, Row, read_export
from xprojdb.text.spans import Span


@dataclass(slots=True)
class PartChange:
    """What changed in one split of one language.

    :param before, after: number of sentences.
    :param added, removed: sentences that only one of the exports has.
    :param moved: how many of the added ones were in another split before.
    :param reworded: sentences whose words changed.
    :param relabelled: sentences with the same words and other labels.
    :param labels: how their labels changed, by kind: ``added``, ``removed``, ``renamed`` (the same words), ``moved``
        (some of the words, the same label).
    """

    lang: str
    split: str
    before: int = 0
    after: int = 0
    added: int = 0
    removed: int = 0
    moved: int = 0
    reworded: int = 0
    relabelled: int = 0
    labels: dict[str, int] = field(default_factory=dict)

    @property
    def unchanged(self) -> bool:
        """Whether nothing changed."""
        return not (self.added or self.removed or self.reworded or self.relabelled)


@dataclass(slots=True)
class ExportChange:
    """What changed between two exports.

    :param labels_added, labels_removed: label types.
    :param columns_added, columns_removed: of Hugging Face data sets.
    :param same_recipe: whether both were made by the same recipe; None where it is not known.
    :param examples: ids of changed sentences, a few for each kind of change.
    """

    first: str
    second: str
    parts: list[PartChange] = field(default_factory=list)
    labels_added: list[str] = field(default_factory=list)
    labels_removed: list[str] = field(default_factory=list)
    columns_added: list[str] = field(default_factory=list)
    columns_removed: list[str] = field(default_factory=list)
    same_recipe: bool | None = None
    examples: dict[str, list[str]] = field(default_factory=dict)


def compare_exports(first: Path, second: Path, *, examples: int = 3) -> ExportChange:
    """Report what changed for users of a data set.

    :param examples: ids to name for each kind of change.
    :raises InputError, ExportError: if a folder does not hold an exported data set.
    """
    before, after = read_export(first), read_export(second)
    change = ExportChange(str(first), str(second))
    change.labels_added = [name for name in after.labels if name not in before.labels]
    change.labels_removed = [name for name in before.labels if name not in after.labels]
    if before.manifest is not None and after.manifest is not None:
        columns = before.manifest.features.keys(), after.manifest.features.keys()
        change.columns_added = [name for name in columns[1] if name not in columns[0]]
        change.columns_removed = [name for name in columns[0] if name not in columns[1]]
        change.same_recipe = before.manifest.recipe_digest == after.manifest.recipe_digest
    for part in sorted({*before.parts, *after.parts}):
        change.parts.append(_compare_part(part, before, after, change.examples, examples))
    return change


def _compare_part(
    part: Part, before: ExportedFolder, after: ExportedFolder, ids_by_kind: dict[str, list[str]], examples: int
) -> PartChange:
    old, new = before.parts.get(part, {}), after.parts.get(part, {})
    elsewhere = [rows for (lang, split), rows in before.parts.items() if lang == part[0] and split != part[1]]
    counts: Counter[str] = Counter()
    labels: Counter[str] = Counter()
    for name, kind in _kinds(old, new):
        counts[kind] += 1
        if kind == "relabelled":
            labels.update(_label_kinds(old[name].spans, new[name].spans))
        if kind == "added" and any(name in rows for rows in elsewhere):
            counts["moved"] += 1
        if len(ids_by_kind.setdefault(kind, [])) < examples:
            ids_by_kind[kind].append(name)
    change = PartChange(*part, len(old), len(new), labels=dict(sorted(labels.items())))
    for kind, count in counts.items():
        setattr(change, kind, count)
    return change


def _kinds(old: dict[str, Row], new: dict[str, Row]) -> Iterator[tuple[str, str]]:
    for name, row in new.items():
        was = old.get(name)
        if was is None:
            yield name, "added"
        elif was.words != row.words:
            yield name, "reworded"
        elif was.spans != row.spans:
            yield name, "relabelled"
    for name in old:
        if name not in new:
            yield name, "removed"


def _label_kinds(old: tuple[Span, ...], new: tuple[Span, ...]) -> Iterator[str]:
    gone, come = [span for span in old if span not in new], [span for span in new if span not in old]
    for span in come:
        same = next((candidate for candidate in gone if candidate[:2] == span[:2]), None)
        near = same or next(
            (
                candidate
                for candidate in gone
                if candidate.label == span.label and candidate.start < span.end and span.start < candidate.end
            ),
            None,
        )
        if near is not None:
            gone.remove(near)
        yield "added" if near is None else "renamed" if same is not None else "moved"
    yield from ("removed" for _ in gone)
