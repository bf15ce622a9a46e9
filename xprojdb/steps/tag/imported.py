"""The tagger ``imported:NAME``: predictions made elsewhere, as a step that only an import fills."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import Connection, Select, false

from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext, Filling, Result
from xprojdb.steps.tag.stage import Tag, TagParams
from xprojdb.steps.tag.variant import TaggerConfig, TaggerPlugin

PREFIX = "imported"


class Imported(TaggerPlugin):
    """The plug-in ``imported``."""

    name: ClassVar[str] = PREFIX
    Config = TaggerConfig
    metavar = "NAME"

    def revision(self, model: str) -> str:  # noqa: ARG002
        return PREFIX

    def load(self, spec: StepSpec) -> Any:
        raise AssertionError(f"an import is never tagged again: {spec.short}")


def imported_tags_spec(name: str, lang: str) -> StepSpec:
    """The step of the predictions imported under a name for a language."""
    return StepSpec(Tag.kind, Tag.version, TagParams(lang=lang).to_params(), f"{PREFIX}:{name}", PREFIX)


class ImportedTags(Tag):
    """Entities that ``xprojdb import tags`` stored under a name; runs leave them alone.

    Sentences without predictions wait, like sentences whose earlier steps are not done.
    """

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec, lambda: None)  # type: ignore[arg-type,return-value]

    @property
    def title(self) -> str:
        return f"tag {self.lang} as imported ({self._name})"

    @property
    def _name(self) -> str:
        return (self.spec.model or "").partition(":")[2]

    @property
    def filled_by(self) -> Filling:
        return Filling("tags", self._name, f"xprojdb import tags FILE --name {self._name} --lang {self.lang}")

    def ready(self, pair: Bitext) -> Select[tuple[int]]:
        return self.items(pair).where(false())

    def process(self, connection: Connection, items: Sequence[int]) -> Result:  # noqa: ARG002
        raise AssertionError("items of an import are never pending")
