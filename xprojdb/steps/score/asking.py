"""Scorers that ask a model, of this machine or behind a server, about texts in two languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from xprojdb.config.errors import RecipeError
from xprojdb.models.servers.chat import SERVED
from xprojdb.models.store import canonical_id, resolve
from xprojdb.steps.score.direction import Direction
from xprojdb.steps.score.params import own_keys
from xprojdb.steps.score.phrase_scores import PhraseScores
from xprojdb.steps.score.stage import ScoreStage
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Result

if TYPE_CHECKING:
    from xprojdb.models.translators.seq2seq import Seq2Seq

#: what the names of models behind a server begin with
SERVER_PREFIX = "openai:"


def check_served(model: str, scorer: str) -> None:
    """Check that a scorer's model is one behind a server.

    :raises RecipeError: when it is not.
    """
    if not model.removeprefix(SERVER_PREFIX) or not model.startswith(SERVER_PREFIX):
        hint = f'set a model, for example model = "{SERVER_PREFIX}qwen3-32b"'
        raise RecipeError(f"the scorer {scorer!r} needs a model behind a server", hint=hint, key="model")


class ModelScorer(ScoreStage):
    """A scorer whose values depend on a model and on both languages."""

    block = 64

    @classmethod
    def languages(cls, direction: Direction) -> Mapping[str, str]:
        return {"source": direction.source, "target": direction.target}

    @property
    def config(self) -> Any:
        """The keys of its table, with the model."""
        table: Any = self.Config
        return table(model=self.spec.model or "", **own_keys(self.Config, self.spec.params, self.not_params))

    @property
    def title(self) -> str:
        return f"{super().title} by {self.spec.model}"


class ServedScorer(ModelScorer):
    """A scorer that asks a model behind a server."""

    not_params = frozenset({"model"})

    @classmethod
    def model(cls, config: Any) -> tuple[str | None, str | None]:
        return config.model, SERVED

    @property
    def served(self) -> str:
        """The name of the model on its server."""
        return (self.spec.model or "").removeprefix(SERVER_PREFIX)


class Seq2SeqScorer(ModelScorer):
    """A scorer with an encoder-decoder, which is loaded when it is first asked.

    :param load: loads the model.
    """

    not_params = frozenset({"model", "revision"})

    def __init__(self, spec: StepSpec, load: Callable[[], Seq2Seq] | None = None) -> None:
        super().__init__(spec)
        self._load = load or partial(_load, spec)
        self._seq2seq: Seq2Seq | None = None

    @classmethod
    def model(cls, config: Any) -> tuple[str | None, str | None]:
        return canonical_id(config.model), resolve(config.model, config.revision).revision

    @property
    def seq2seq(self) -> Seq2Seq:
        """The model."""
        if self._seq2seq is None:
            self._seq2seq = self._load()
        return self._seq2seq

    def close(self) -> None:
        super().close()
        self._seq2seq = None


class PhraseScorer(ModelScorer):
    """A scorer that stores what its model says about phrases, so that no step asks again."""

    phrases: PhraseScores

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        self.phrases.take_new()  # left over from a failed batch
        result = super().process(connection, items)
        result.rows.append(self.phrases.take_new())
        return result


def _load(spec: StepSpec) -> Seq2Seq:
    from xprojdb.models.translators.seq2seq import Seq2Seq

    return Seq2Seq(spec.model or "", revision=spec.revision)
