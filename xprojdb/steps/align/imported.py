"""Imported links: alignments made elsewhere, as a step that only an import fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import Connection, Select, false

from xprojdb.config.errors import RecipeError
from xprojdb.config.tables.align import AlignerConfig
from xprojdb.steps.align.variant import KIND, VERSION, AlignerPlugin, AlignParams, aligner_title
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext, Filling, Result, Stage

ALIGNER = "imported"


@dataclass(frozen=True, kw_only=True)
class ImportedConfig(AlignerConfig):
    """``[align]`` with ``aligner = "imported"``: use imported alignments.

    :param name: the name given to the alignments on import.
    """

    name: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            hint = "set name = '…' to the --name of xprojdb import alignments"
            raise RecipeError("the imported alignments need a name", hint=hint, key="name")


@dataclass(frozen=True, kw_only=True)
class ImportedParams(AlignParams):
    """Parameters of the step of imported alignments."""

    aligner: str = ALIGNER
    name: str


class Imported(AlignerPlugin):
    """The plug-in ``imported``."""

    name: ClassVar[str] = ALIGNER
    Config = ImportedConfig
    of_words = False

    def spec(self, config: ImportedConfig) -> StepSpec:
        return imported_spec(config.name)

    def load(self, spec: StepSpec) -> Any:
        raise AssertionError(f"imported alignments have no aligner: {spec.short}")

    def stage(self, spec: StepSpec) -> Stage:
        return ImportedLinks(spec)

    def title(self, spec: StepSpec) -> str:
        return f"as imported ({ImportedParams.from_params(spec.params).name})"


def imported_spec(name: str) -> StepSpec:
    """The step that holds the alignments imported under a name."""
    return StepSpec(KIND, VERSION, ImportedParams(name=name).to_params())


class ImportedLinks(Stage):
    """Alignments that ``xprojdb import alignments`` stored under a name; a run has nothing to do for them.

    Translations without an alignment wait, just as they wait for any unfinished step.
    """

    kind = KIND
    version = VERSION

    @property
    def title(self) -> str:
        return f"align {aligner_title(self.spec)}"

    @property
    def filled_by(self) -> Filling:
        name = ImportedParams.from_params(self.spec.params).name
        return Filling("alignments", name, f"xprojdb import alignments FILE --name {name}")

    def ready(self, pair: Bitext) -> Select[tuple[int]]:
        return self.items(pair).where(false())

    def process(self, connection: Connection, items: Sequence[int]) -> Result:  # noqa: ARG002
        raise AssertionError("an import never has pending items")
