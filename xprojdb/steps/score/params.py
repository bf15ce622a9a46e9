"""The parameters of score steps: those that all share, and those that a scorer adds from its table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar

from xprojdb.config.canonical import stored_key
from xprojdb.config.tables.score import ScorerConfig
from xprojdb.steps.labelling import LabellingParams
from xprojdb.steps.params import left_out, plain

KIND = "score"


@dataclass(frozen=True, kw_only=True)
class ScoreParams(LabellingParams):
    """Parameters that every score step has.

    :param type: the scorer.
    :param candidates: one set of candidates, or several to combine.
    :param min_score: only candidates with a higher score are stored.
    :param max_length: the most words a candidate may have.
    :param stop_words: words that no ``ngram`` candidate may contain.
    :param stops_all: whether no other candidate may contain them either.
    :param subspans: whether every span inside a tagged span is a candidate as well.
    :param keep: ``undominated``: only candidates that a match can depend on are stored.
    :param source, target: the languages, if the values depend on them.
    """

    kind: ClassVar[str] = KIND
    type: str
    candidates: str | tuple[str, ...]
    min_score: float
    max_length: int
    stop_words: tuple[str, ...] = left_out(())
    stops_all: bool = left_out(False)
    subspans: bool = left_out(False)
    keep: str = left_out("all")
    source: str = left_out("")
    target: str = left_out("")

    @property
    def sets(self) -> tuple[str, ...]:
        """The sets of candidates."""
        return (self.candidates,) if isinstance(self.candidates, str) else self.candidates


def own_params(config: ScorerConfig, not_params: Collection[str]) -> dict[str, Any]:
    """Convert a scorer's own keys to parameters, leaving out those with their default value.

    :param not_params: keys that are not parameters.
    """
    return {
        stored_key(KIND, own.name): plain(getattr(config, own.name))
        for own in _own_fields(type(config), not_params)
        if getattr(config, own.name) != own.default
    }


def own_keys(config: type[ScorerConfig], stored: Mapping[str, Any], not_params: Collection[str]) -> dict[str, Any]:
    """The inverse of :func:`own_params`."""
    names = {own.name: stored_key(KIND, own.name) for own in _own_fields(config, not_params)}
    values = {name: stored[key] for name, key in names.items() if key in stored}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _own_fields(config: type[ScorerConfig], not_params: Collection[str]) -> list[Any]:
    common = {own.name for own in fields(ScorerConfig)} | set(not_params)
    own = [field for field in fields(config) if field.name not in common]
    assert all(key.default is not MISSING for key in own), "the keys of a scorer have defaults"
    return own
