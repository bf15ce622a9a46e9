"""Self-training: a model labels its own training sentences beside the projection, and is trained again on the result.

Each round is a run of a recipe, whose labels are the consensus of the projection and the model, and a training on them.
It ends when the labels no longer change (the stopping rule of Yarowsky 1995), or after a number of rounds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from xprojdb.config.tables.baselines import SelfTrainTable
from xprojdb.config.training import LoadedTraining, TrainingRecipe
from xprojdb.db import Database
from xprojdb.db.tables import step
from xprojdb.execution.engines.local import Engine
from xprojdb.execution.progress import Progress, StopRequest
from xprojdb.exports.selection.references import References
from xprojdb.steps.spec import find_step, load_spec
from xprojdb.steps.train.items import read_sample
from xprojdb.steps.train.params import SAMPLE
from xprojdb.study.chain import Chain, Stopped, stored_tables, tagged_beside
from xprojdb.study.train import TrainReport
from xprojdb.text.spans import Span

#: filters of projected labels do not apply to those of a consensus, whose scores are shares of votes
_UNFILTERED = {"min_score": None, "min_margin": None, "min_votes": None}


@dataclass
class Round:
    """One training.

    :param number: 0 is the first training, on the projected labels alone.
    :param labels: the recipe whose labels it learned.
    :param entities: labels in its training set.
    :param agreement: F1 of these labels and those of the round before, in 0..1; None for the first.
    """

    number: int
    labels: str
    digest: str
    entities: int
    agreement: float | None = None


@dataclass
class Rounds:
    """A self-training.

    :param last: the report of the last training.
    :param rounds: in order.
    :param settled: whether it ended because labels no longer changed, and how much they agreed then.
    """

    last: TrainReport
    rounds: list[Round] = field(default_factory=list)
    settled: float | None = None


def train_in_rounds(
    database: Database,
    loaded: LoadedTraining,
    *,
    retry_failed: bool = False,
    progress: Progress | None = None,
    stop: StopRequest | None = None,
    engine: Engine | None = None,
    references: References | None = None,
) -> Rounds:
    """Carry out a recipe with ``[self_train]``; what is done is not done again.

    :raises UsageError, TrainingError: as :func:`self_train`.
    """
    table = loaded.recipe.self_train
    assert table is not None, "the caller has looked"
    chain = Chain(database, progress, stop, engine, retry_failed, references)
    try:
        return self_train(chain, loaded.recipe, loaded.recipe.name, table)
    except Stopped:
        assert chain.last is not None, "nothing stops before the first training"
        chain.last.run.stopped = True
        return Rounds(chain.last)


def self_train(chain: Chain, recipe: TrainingRecipe, name: str, table: SelfTrainTable) -> Rounds:
    """Train in rounds; the last model is called ``name``, those before it ``NAME-round-0`` and so on.

    :raises UsageError: when the projecting recipe does not exist, or there is nothing to learn.
    :raises TrainingError: when a model could not be trained.
    :raises Stopped: when the chain was stopped.
    """
    base = stored_tables(chain.database, recipe.train.source)
    report = chain.train(recipe, f"{name}-round-0", languages=recipe.train.languages)
    rounds = Rounds(report, [_round(0, recipe.train.source, report)])
    # Nothing was learned of how probable the labels of a round are; their scores are shares of votes.
    later = {**_UNFILTERED, **({"weight": "score"} if recipe.train.weight == "probability" else {})}
    for number in range(1, table.rounds + 1):
        labels = f"{name}-labels-{number}"
        models = dict.fromkeys(report.samples, f"trained:{report.digest}")
        chain.label(tagged_beside(base, labels, models, recipe.train.splits, table))
        trained = chain.train(recipe, f"{name}-round-{number}", source=labels, languages=tuple(models), **later)
        agreement = agreement_of(chain.database, rounds.rounds[-1].digest, trained.digest)
        if agreement >= table.agreement:
            rounds.settled = agreement
            break
        report = trained
        rounds.rounds.append(_round(number, labels, report, agreement))
    final = rounds.rounds[-1]
    filters = later if final.number else {}
    rounds.last = chain.train(recipe, name, source=final.labels, languages=tuple(report.samples), **filters)
    return rounds


def _round(number: int, labels: str, report: TrainReport, agreement: float | None = None) -> Round:
    entities = sum(sizes["entities"] for sizes in report.samples.values())
    return Round(number, labels, report.digest, entities, agreement)


def agreement_of(database: Database, first: str, second: str) -> float:
    """F1 of the labelled spans that two models were trained on, over the sentences that both have; 1 without spans.

    :param first, second: the digests of their train steps.
    """
    with database.read() as connection:
        ours, theirs = (_spans(connection, digest) for digest in (first, second))
    both = ours.keys() & theirs.keys()
    same = sum(len(ours[words] & theirs[words]) for words in both)
    size = sum(len(ours[words]) + len(theirs[words]) for words in both)
    return 2 * same / size if size else 1.0


def _spans(connection: Connection, digest: str) -> dict[tuple[str, ...], set[Span]]:
    """The spans that a model was trained on, by the words of their sentence."""
    spec = load_spec(connection, connection.execute(select(step.c.id).where(step.c.digest == digest)).scalar_one())
    spans: dict[tuple[str, ...], set[Span]] = {}
    for role, sample in spec.inputs.items():
        key = find_step(connection, sample) if role.startswith(SAMPLE) else None
        for example in read_sample(connection, key, sample) if key is not None else ():
            spans.setdefault(example.words, set()).update(example.spans)
    return spans
