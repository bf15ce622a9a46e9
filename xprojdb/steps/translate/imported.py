"""The translator ``imported:NAME``: machine translations made elsewhere, as a step that only an import fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import Connection, Select, false

from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext, Filling, Result
from xprojdb.steps.translate.params import TranslateParams
from xprojdb.steps.translate.stage import Translate
from xprojdb.steps.translate.variant import Placement, TranslatorPlugin

PREFIX = "imported"


@dataclass(frozen=True, kw_only=True)
class ImportedOptions:
    """The translator has no options."""


class Imported(TranslatorPlugin):
    """The plug-in ``imported``."""

    name: ClassVar[str] = PREFIX
    Config = ImportedOptions
    metavar = "NAME"

    def revision(self, model: str, revision: str | None, direction: tuple[str, str] | None) -> str:  # noqa: ARG002
        return PREFIX

    def load(self, model: str, options: Any, revision: str | None, placement: Placement) -> Any:  # noqa: ARG002
        raise AssertionError(f"an import is never translated again: {model}")


def imported_translations_spec(name: str, source: str, target: str) -> StepSpec:
    """The step of the translations imported under a name, from one language into another."""
    params = TranslateParams(source=source, target=target, options={})
    return StepSpec(Translate.kind, Translate.version, params.to_params(), f"{PREFIX}:{name}", PREFIX)


class ImportedTranslations(Translate):
    """Translations that ``xprojdb import translations`` stored under a name; runs leave them alone.

    Sentences without a translation wait, like sentences whose earlier steps are not done.
    """

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec, lambda: None)  # type: ignore[arg-type,return-value]

    @property
    def title(self) -> str:
        return f"translate {self.original_lang} → {self.lang} as imported ({self._name})"

    @property
    def _name(self) -> str:
        return (self.spec.model or "").partition(":")[2]

    @property
    def filled_by(self) -> Filling:
        command = (
            f"xprojdb import translations FILE --name {self._name} --source {self.original_lang} --lang {self.lang}"
        )
        return Filling("translations", self._name, command)

    def ready(self, pair: Bitext) -> Select[tuple[int]]:
        return self.items(pair).where(false())

    def process(self, connection: Connection, items: Sequence[int]) -> Result:  # noqa: ARG002
        raise AssertionError("items of an import are never pending")
