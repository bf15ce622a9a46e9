"""The translate steps of a recipe."""

from __future__ import annotations

from typing import Any

from xprojdb import entry_points
from xprojdb.config.tables.translate import TranslateTable
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.translate.carry import Carry
from xprojdb.steps.translate.params import CarryParams, TranslateParams
from xprojdb.steps.translate.stage import Translate
from xprojdb.steps.translate.variant import canonical_name, translator_options, translator_revision
from xprojdb.text.label_schemes import LabelMapping


def translate_spec(table: TranslateTable, source: str, target: str) -> StepSpec:
    """The step that translates one language into another.

    :raises ModelError: when the translator cannot be found.
    """
    params = TranslateParams(**_common(table, table.model, source, target))
    revision = translator_revision(table.model, table.revision, source=source, target=target)
    return StepSpec(Translate.kind, Translate.version, params.to_params(), canonical_name(table.model), revision)


def carry_spec(
    table: TranslateTable,
    source: str,
    target: str,
    entities: StepSpec,
    mapping: LabelMapping | None,
    sentences: StepSpec | None = None,
) -> StepSpec:
    """The step that translates labelled sentences with their entities marked.

    :param entities: the step that labelled the sentences.
    :param sentences: the step that made them; None if they were imported.
    :raises ModelError: when the translator cannot be found.
    """
    model = table.back_model or table.model
    params = CarryParams(
        min_similarity=table.min_similarity,
        labels=mapping.to_json() if mapping else None,
        **_common(table, model, source, target),
    )
    inputs = {"entities": entities, **({"sentences": sentences} if sentences else {})}
    own = None if table.back_model else table.revision
    revision = translator_revision(model, own, source=source, target=target)
    return StepSpec(Carry.kind, Carry.version, params.to_params(), canonical_name(model), revision, inputs)


def _common(table: TranslateTable, model: str, source: str, target: str) -> dict[str, Any]:
    return {
        "source": source,
        "target": target,
        "options": translator_options(model, table.options),
        "keep_truncated": table.keep_truncated,
        "plugin": entry_points.find("translators", model.partition(":")[0]).distribution or "",
    }
