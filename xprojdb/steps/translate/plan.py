"""The translate steps of a recipe."""

from __future__ import annotations

from typing import Any

from xprojdb.config.settings import TranslateTable
from xprojdb.models.translators.translator import canonical_name, translator_params, translator_revision
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.translate.carry import Carry
from xprojdb.steps.translate.stage import Translate
from xprojdb.text.label_schemes import LabelMapping


def translate_spec(table: TranslateTable, source: str, target: str) -> StepSpec:
    """The step that translates one language into another.

    :raises UsageError: when it has not the options given.
    :raises ModelError: when the translator cannot be found.
    """
    params = _params(table, table.model, source, target)
    revision = translator_revision(table.model, table.revision, source=source, target=target)
    return StepSpec(Translate.kind, Translate.version, params, canonical_name(table.model), revision)


def carry_spec(
    table: TranslateTable,
    source: str,
    target: str,
    entities: StepSpec,
    mapping: LabelMapping | None,
    sentences: StepSpec | None = None,
) -> StepSpec:
    """The step that translates labelled sentences with their entities marked.

    :param entities: the step that labelled them.
    :param sentences: the step that made them; None: they were imported.
    :raises ModelError: when the translator cannot be found.
    """
    model = table.back or table.model
    params = _params(table, model, source, target)
    params |= {"threshold": table.threshold, "labels": mapping.to_json() if mapping else None}
    inputs = {"entities": entities, **({"sentences": sentences} if sentences else {})}
    revision = translator_revision(model, None if table.back else table.revision, source=source, target=target)
    return StepSpec(Carry.kind, Carry.version, params, canonical_name(model), revision, inputs)


def _params(table: TranslateTable, model: str, source: str, target: str) -> dict[str, Any]:
    cut = {"keep_cut": True} if table.keep_cut else {}
    return {"from": source, "to": target, "options": translator_params(model, table.options), **cut}
