"""What a study is refused for, and what it is warned of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from xprojdb.config.tables.study import StudyTable
from xprojdb.config.tables.train import TrainTable
from xprojdb.db import bulk
from xprojdb.db.tables import translation
from xprojdb.errors import UsageError
from xprojdb.steps.train.measure import MeasureParams
from xprojdb.steps.train.measured import measured_keys
from xprojdb.study.samples import Sample


def check_tables(train: TrainTable, study: StudyTable) -> None:
    """Refuse a test split that is trained on, or that chooses something.

    :raises UsageError: with the field ``reason``.
    """
    if study.test in (*train.splits, *study.pair_splits) or not train.splits:
        raise UsageError(
            f"the split {study.test!r} measures, and is trained on",
            hint='train on others: [train] splits = ["train"]',
            reason="test-trained",
        )
    if train.tune != "none":
        hint = "leave it out, or give an encoder that xprojdb train has tuned"
        raise UsageError("a study trains heads on one frozen encoder", hint=hint, reason="tuned")
    if train.dev == study.test:
        raise UsageError(
            f"the split {study.test!r} measures, and would choose the step",
            hint='choose it on another: [train] dev = "validation"',
            reason="test-chosen",
        )
    if train.budget is not None or train.languages:
        key = "budget" if train.budget is not None else "languages"
        hint = "leave it out: a study has budgets, and a pool"
        raise UsageError(f"[train] {key} is what a study varies", hint=hint, reason="confounded", key=key)


def no_gold(lang: str, corpora: Sequence[str], split: str) -> UsageError:
    """The refusal of a target without gold labels."""
    return UsageError(
        f"the target {lang} cannot be measured: {', '.join(corpora)} has no gold labels of it in the split {split!r}",
        hint="import them, name another split with test, or leave the target out",
        lang=lang,
        reason="no-gold",
    )


def design_warnings(table: StudyTable) -> list[str]:
    """What weakens a design."""
    results = []
    if table.orders < 2 and table.subsets == "rotations":
        results.append("one order of the pool: which sources stand together is chance; use orders = 3")
    if table.seeds < 2:
        results.append(
            "one training of each subset: what is chance in training cannot be told from the choice of sources"
        )
    if 1 not in table.k:
        results.append("k = 1 is missing: there is nothing to compare with")
    return results


def leakage(connection: Connection, params: MeasureParams, samples: Iterable[Sample]) -> list[str]:
    """Test sentences, or their translations, that are trained on."""
    if params.task != "ner":
        return _pair_leakage(params, samples)
    texts: dict[tuple[str, ...], str] = {}
    keys: set[int] = set()
    for lang in params.tests:
        for key, words in measured_keys(connection, params.corpora, lang, params.split, params.limit, params.seed):
            texts[words] = lang
            keys.add(key)
    learned = {item.key: item.words[0] for sample in samples for item in sample.items}
    same = sum(words in texts for words in learned.values())
    crossed = len(_translations_of(connection, keys) & learned.keys())
    return [
        *([f"leakage: {same:,} training sentences are test sentences, word for word"] if same else []),
        *([f"leakage: {crossed:,} training sentences are translations of test sentences"] if crossed else []),
    ]


def _pair_leakage(params: MeasureParams, samples: Iterable[Sample]) -> list[str]:
    trained = {split for sample in samples for split in sample.spec.params["splits"]}
    return [f"leakage: the split {params.split!r} is trained on"] if params.split in trained else []


def _translations_of(connection: Connection, keys: Iterable[int]) -> set[int]:
    result: set[int] = set()
    sides = (translation.c.original_id, translation.c.rendering_id)
    for one, other in (sides, sides[::-1]):
        query = select(other).where(bulk.among(connection, one, sorted(keys)))
        result |= {key for (key,) in bulk.fetch(connection, query)}
    return result
