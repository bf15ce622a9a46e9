"""Draw training sets: the beginning of a fixed order, so that a larger sample contains every smaller one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, func, select

from xprojdb.config.tables.export import ExportTable
from xprojdb.config.tables.train import TrainTable
from xprojdb.config.training import TrainingRecipe
from xprojdb.db import Database, bulk
from xprojdb.db.count_cache import removals
from xprojdb.db.tables import corpus, training_item, training_pair
from xprojdb.digest import canonical_json
from xprojdb.errors import GroundMoved, UsageError
from xprojdb.exports.rows.projected_labels import choose, read_sentences
from xprojdb.exports.selection.cut import NothingLeft, cut_of
from xprojdb.exports.selection.references import References
from xprojdb.planning.labellings import Labelling
from xprojdb.planning.store import load_plan
from xprojdb.steps.spec import GOLD, StepSpec, find_step, load_spec, register_step
from xprojdb.steps.train.items import LabelledSentence, ScoredSpan, labelled
from xprojdb.steps.train.measured import gold_sentences, gold_spans, pairs_of, rank
from xprojdb.steps.train.params import SampleParams
from xprojdb.study.languages import splits_with_gold
from xprojdb.text.spans import Span


class Item(NamedTuple):
    """A training example.

    :param key: the id of the sentence or the pair.
    :param order: what its rank in the order is computed from.
    :param content: its words and labels, as they enter the digest.
    :param words: the words of the sentence, or of both sentences.
    :param size: its size in each unit.
    :param label_step: the id of the step that made its labels.
    :param translation: the id of the translation that the labels were projected to; 0 for none.
    """

    key: int
    order: str
    content: str
    words: tuple[tuple[str, ...], ...]
    size: Mapping[str, int]
    labels: tuple[str, ...]
    label_step: int
    translation: int = 0


@dataclass(frozen=True)
class Available:
    """All training examples of a language.

    :param items: the examples, in no particular order.
    :param label_steps: the steps that made their labels, by id.
    :param removals: the number that deletions had reached when they were read.
    :param probabilities: as in :class:`SampleParams`.
    """

    lang: str
    items: list[Item]
    label_steps: Mapping[int, StepSpec]
    removals: int
    probabilities: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Sample:
    """A training set of one language.

    :param spec: its step.
    :param removals: the number that deletions had reached when its items were read.
    :param short: whether there was less data than the budget.
    """

    spec: StepSpec
    items: list[Item]
    removals: int
    short: bool = False

    @property
    def labels(self) -> set[str]:
        """The labels that occur in it."""
        return {label for item in self.items for label in item.labels}

    @property
    def sentences(self) -> Iterator[tuple[str, ...]]:
        """All sentences, including those of pairs."""
        return (words for item in self.items for words in item.words)


class Sampler:
    """Reads the training examples of a recipe, once for each language, and draws samples from them.

    :param database: the database to read from.
    :param recipe: the recipe with the corpora and labels.
    :param table: the ``[train]`` table to use in place of the recipe's.
    :param without: test sentences, which are left out of every sample.
    :param references: finds what was learned of how probable labels are.
    """

    def __init__(
        self,
        database: Database,
        recipe: TrainingRecipe,
        table: TrainTable | None = None,
        without: Collection[tuple[str, ...]] = (),
        references: References | None = None,
    ) -> None:
        self.database, self.recipe, self.without, self.references = database, recipe, without, references
        self.left_out = 0
        self.table = table or recipe.train
        self._read: dict[tuple[str, tuple[str, ...]], Available] = {}

    def draw(self, lang: str, budget: int | None, unit: str, seed: int, splits: Sequence[str] | None = None) -> Sample:
        """The first items of a language in the order of a seed.

        :param budget: the most units to draw; None for everything.
        :raises UsageError: when there is nothing to draw (``no-labels``).
        """
        splits = tuple(self.table.splits if splits is None else splits)
        available = self.available(lang, splits)
        order = sorted(available.items, key=lambda item: rank(seed, item.order))
        chosen, short = _within(order, budget, unit)
        if not chosen:
            raise self.nothing_to_learn(lang, splits, budget, unit)
        spec = self._spec(available, chosen, lang, splits, budget, unit, seed)
        return Sample(spec, chosen, available.removals, short)

    def available(self, lang: str, splits: Sequence[str]) -> Available:
        """All training examples of a language."""
        key = (lang, tuple(splits))
        if key not in self._read:
            with self.database.read() as connection:
                self._read[key] = self._all(connection, lang, key[1])
        return self._read[key]

    def nothing_to_learn(
        self, lang: str, splits: Sequence[str], budget: int | None = None, unit: str = ""
    ) -> UsageError:
        """The error for a language that has no labels, or whose first item exceeds the budget.

        Its field ``splits`` has those with gold labels of the language, where gold is learned.
        """
        recipe, gold = self.recipe, self.table.source == "gold"
        if budget is not None and self.available(lang, splits).items:
            message, hint = f"no item of {lang} fits into a budget of {budget} {unit}", "give a larger budget"
            return UsageError(message, hint=hint, lang=lang, reason="no-labels", budget=budget)
        known: list[str] = []
        if gold and self.table.task == "ner":
            with self.database.read() as connection:
                known = splits_with_gold(connection, recipe.corpora, lang)
        where = f"{', '.join(recipe.corpora)} ({', '.join(splits) or 'all splits'})"
        what = "gold labels" if gold else f"labels of the recipe {self.table.source}"
        hint = "import its labels, name other splits or corpora, or leave the language out"
        return UsageError(
            f"there is nothing to learn {lang} from: {where} has no {what} of it",
            hint=f"they are in {', '.join(known)}: name one of these splits" if known else hint,
            lang=lang,
            reason="no-labels",
            splits=tuple(known),
        )

    def _all(self, connection: Connection, lang: str, splits: tuple[str, ...]) -> Available:
        # Before the items: what is deleted while they are read counts as deleted after it.
        number = removals(connection)
        if self.table.task == "nli":
            return Available(lang, *_pairs(connection, self.recipe, lang, splits), number)
        told: dict[str, Any] = {}
        if self.table.source == "gold":
            items, steps = _gold(connection, self.recipe, lang, splits)
        else:
            items, steps = self._projected(connection, lang, splits, told)
        if self.table.dedupe:
            items = list({item.words: item for item in reversed(items)}.values())
        kept = [item for item in items if item.words[0] not in self.without]
        self.left_out += len(items) - len(kept)
        return Available(lang, kept, steps, number, told or None)

    def _projected(
        self, connection: Connection, lang: str, splits: tuple[str, ...], told: dict[str, Any]
    ) -> tuple[list[Item], dict[int, StepSpec]]:
        """The sentences that a recipe has labelled and that pass the filters.

        :param told: filled with what tells how probable labels are, where the recipe asks for it.
        """
        table, recipe = self.table, self.recipe
        plan, dropped = load_plan(self.database, table.source), _dropped(table)
        items: dict[int, Item] = {}
        steps: dict[int, StepSpec] = {}
        chosen = choose(plan, [lang])
        corpora = _corpora_of(connection, chosen, recipe.corpora)
        if not corpora:
            return [], {}
        cut = ExportTable(**_filters(table), corpora=corpora, splits=splits, **_thresholds(table))
        try:
            selected = cut_of(connection, chosen, cut).items
        except NothingLeft:
            return [], {}
        for labelling, by_split in zip(chosen, selected, strict=True):
            step_id = labelling.step.step_id
            steps[step_id] = load_spec(connection, step_id)
            if table.weight == "probability":
                told[steps[step_id].digest] = self._probabilities(connection, step_id, lang)
            for keys in by_split.values():
                for row in read_sentences(connection, labelling, items=keys):
                    spans = [ScoredSpan(Span(*label[:3]), label.score, label.margin) for label in row.labels]
                    known = told.get(steps[step_id].digest)
                    sentence = labelled(row.words, spans, recipe.mapping, dropped, known)
                    items.setdefault(row.sentence_id, _item(row.sentence_id, sentence, step_id, row.translation_id))
        return list(items.values()), steps

    def _probabilities(self, connection: Connection, step_id: int, lang: str) -> dict[str, Any]:
        """What was learned of the labels of a step.

        :raises UsageError: when nothing was.
        """
        known = None if self.references is None else self.references.calibration(connection, step_id, lang)
        if known is None:
            raise UsageError(
                f"how probable labels in {lang} are right has not been learned",
                hint=f"xprojdb review calibrate --recipe {self.table.source} --lang {lang}; it learns from gold labels "
                "(with --splits, only from those that nothing is measured on)",
                lang=lang,
                reason="not-calibrated",
            )
        return {"measure": known.measure, "points": {name: list(map(list, own)) for name, own in known.points.items()}}

    def _spec(
        self, available: Available, chosen: list[Item], lang: str, splits: tuple[str, ...], budget: int | None,
        unit: str, seed: int,
    ) -> StepSpec:  # fmt: skip
        table, mapping = self.table, self.recipe.mapping
        params = SampleParams(
            lang=lang,
            task=table.task,
            corpora=self.recipe.corpora,
            splits=splits,
            labels=mapping.to_json() if mapping is not None and table.task == "ner" else None,
            budget=budget,
            unit=unit,
            seed=seed,
            chosen=_filters(table) or None,
            dropped=_dropped(table) or None,
            probabilities=available.probabilities,
            sentences=len(chosen),
            words=sum(item.size["words"] for item in chosen),
            entities=sum(item.size["entities"] for item in chosen),
            rows=_digest(chosen),
        )
        used = {item.label_step for item in chosen}
        inputs = {f"labels:{number}": available.label_steps[key] for number, key in enumerate(sorted(used))}
        return StepSpec(SampleParams.kind, 1, params.to_params(), inputs=inputs)


def store_sample(connection: Connection, sample: Sample) -> int:
    """Store a sample's step and its rows; returns the id of the step. Needs a write transaction.

    :raises GroundMoved: when sentences were deleted or replaced since the sample was drawn.
    """
    step_id = find_step(connection, sample.spec)
    key = register_step(connection, sample.spec) if step_id is None else step_id
    pairs = sample.spec.params.get("task") == "nli"
    table: Table = training_pair if pairs else training_item
    count = select(func.count()).where(table.c.sample_id == key)
    if connection.execute(count).scalar_one() != len(sample.items):
        if removals(connection) != sample.removals:
            raise GroundMoved(
                f"sentences were deleted or replaced while the training set of {sample.spec.params['lang']} was drawn",
                hint="nothing was stored; run it again",
                lang=sample.spec.params["lang"],
            )
        bulk.insert(connection, table, _columns(pairs), [_row(key, item, pairs) for item in sample.items])
    return key


def _columns(pairs: bool) -> tuple[str, ...]:
    return ("sample_id", "pair_id") if pairs else ("sample_id", "sentence_id", "label_step_id", "translation_id")


def _row(key: int, item: Item, pairs: bool) -> tuple[int, ...]:
    return (key, item.key) if pairs else (key, item.key, item.label_step, item.translation)


def _within(order: list[Item], budget: int | None, unit: str) -> tuple[list[Item], bool]:
    """The items before the first that would exceed the budget, and whether all items together fall short of it."""
    if budget is None:
        return order, False
    total = 0
    for place, item in enumerate(order):
        total += item.size[unit]
        if total > budget:
            return order[:place], False
    return order, total < budget


def _digest(chosen: Sequence[Item]) -> str:
    total = hashlib.sha256()
    for content in sorted(item.content for item in chosen):
        total.update(content.encode("utf-8", "surrogatepass") + b"\n")
    return total.hexdigest()


def _item(key: int, sentence: LabelledSentence, label_step: int, translation: int = 0) -> Item:
    scores = [score for score in sentence.scores if score != 1]
    content = canonical_json([sentence.words, sentence.spans, *([sentence.scores] if scores else [])])
    size = {"sentences": 1, "words": len(sentence.words), "entities": len(sentence.spans)}
    labels = tuple({span.label for span in sentence.spans})
    order = canonical_json(list(sentence.words))
    return Item(key, order, content, (sentence.words,), size, labels, label_step, translation)


def _gold(
    connection: Connection, recipe: TrainingRecipe, lang: str, splits: tuple[str, ...]
) -> tuple[list[Item], dict[int, StepSpec]]:
    gold = find_step(connection, GOLD)
    rows = bulk.fetch(connection, gold_sentences(recipe.corpora, lang, splits, gold))
    if gold is None or not rows:
        return [], {}
    spans, mapping = gold_spans(connection, [key for key, _ in rows], gold), recipe.mapping
    items = [_item(key, labelled(json.loads(words), spans.get(key, ()), mapping, {}), gold) for key, words in rows]
    return items, {gold: GOLD}


def _corpora_of(connection: Connection, chosen: Sequence[Labelling], names: Sequence[str]) -> tuple[str, ...]:
    """Which of some corpora have these labels."""
    keys = {labelling.corpus_id for labelling in chosen}
    labelled = set(connection.execute(select(corpus.c.name).where(corpus.c.id.in_(keys))).scalars())
    return tuple(name for name in names if name in labelled)


def _filters(table: TrainTable) -> dict[str, Any]:
    """The settings that choose sentences, as in ``[export]``, where they differ from the defaults."""
    filters: dict[str, Any] = {"dedupe": True} if table.dedupe else {}
    if table.decontaminate:
        filters["decontaminate"] = table.decontaminate
    if table.min_quality:
        filters["min_quality"] = dict(table.min_quality)
    if table.min_votes:
        filters["min_votes"] = table.min_votes
    if table.on_low_score == "sentence":
        filters |= {
            name: getattr(table, name) for name in ("min_score", "min_margin") if getattr(table, name) is not None
        }
    return filters


def _thresholds(table: TrainTable) -> dict[str, Any]:
    """The settings of :class:`ExportTable` that drop labels."""
    dropped = _dropped(table)
    return {"on_low_score": "label", **{f"min_{name}": value for name, value in dropped.items()}} if dropped else {}


def _dropped(table: TrainTable) -> dict[str, float]:
    """The least score and margin of labels, if labels below them are left out."""
    if table.on_low_score != "label":
        return {}
    limits = {"score": table.min_score, "margin": table.min_margin}
    return {name: value for name, value in limits.items() if value is not None}


def _pairs(
    connection: Connection, recipe: TrainingRecipe, lang: str, splits: tuple[str, ...]
) -> tuple[list[Item], dict[int, StepSpec]]:
    gold = find_step(connection, GOLD) or 0
    items = []
    for key, premise, hypothesis, label, external in bulk.fetch(connection, pairs_of(recipe.corpora, lang, splits)):
        words = (tuple(json.loads(premise)), tuple(json.loads(hypothesis)))
        size = {"sentences": 1, "words": sum(map(len, words)), "entities": 0}
        # The order follows the id, which is the same in every language, so parallel sets give parallel samples.
        items.append(Item(key, external, canonical_json([words, label]), words, size, (label,), gold))
    return items, {gold: GOLD}
