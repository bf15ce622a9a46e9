"""The parameters of steps as dataclasses, one for each kind, whose fields have today's names.

They are stored under the names of :mod:`xprojdb.config.canonical`, so that digests never change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, Self

from xprojdb.config.canonical import current_value, stored_key, stored_value


def left_out(default: Any) -> Any:
    """Declare a field that is not stored while it has its default, so that older steps keep their digests."""
    return field(default=default, metadata={"left_out": True})


@dataclass(frozen=True, kw_only=True)
class StepParams:
    """The parameters of a kind of step.

    :param plugin: ``NAME==VERSION`` of the distribution that computes the step; empty for this package.
    """

    #: the kind of the steps, which determines the names their fields are stored under
    kind: ClassVar[str]
    plugin: str = left_out("")

    def to_params(self) -> dict[str, Any]:
        """Convert to the JSON values that are stored and digested."""
        stored = {}
        for own in fields(self):
            value = getattr(self, own.name)
            if own.metadata.get("left_out") and value == own.default:
                continue
            value = stored_value(self.kind, own.name, value)
            stored[stored_key(self.kind, own.name)] = plain(value)
        return stored

    @classmethod
    def from_params(cls, stored: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`to_params`; keys of other variants are ignored.

        :raises KeyError: when a required key is missing.
        """
        values: dict[str, Any] = {}
        for own in fields(cls):
            key = stored_key(cls.kind, own.name)
            if key in stored:
                value = current_value(cls.kind, own.name, stored[key])
                values[own.name] = tuple(value) if isinstance(value, list) else value
            elif own.default is MISSING:
                raise KeyError(key)
        return cls(**values)


def plain(value: Any) -> Any:
    """Convert a value to JSON types: tuples become lists."""
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    return value
