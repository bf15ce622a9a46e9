"""The translate steps of a recipe."""

from __future__ import annotations

from typing import Any

from xprojdb import entry_points
from xprojdb.config.tables.translate import TranslateTable
from xprojdb.errors import ModelError, UsageError
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.translate.carry import Carry
from xprojdb.steps.translate.imported import PREFIX, imported_translations_spec
from xprojdb.steps.translate.params import CarryParams, TranslateParams
from xprojdb.steps.translate.stage import Translate
from xprojdb.steps.translate.variant import canonical_name, translator_options, translator_revision
from xprojdb.text.label_schemes import LabelMapping


def translate_spec(table: TranslateTable, source: str, target: str) -> StepSpec:
    """The step that translates one language into another.

    :raises ModelError: when the translator cannot be found.
    """
    model = _model(table, source, target)
    prefix, _, name = model.partition(":")
    if prefix == PREFIX:
        return imported_translations_spec(name, source, target)
    params = TranslateParams(**_common(table, model, source, target))
    revision = translator_revision(model, table.revision, source=source, target=target)
    return StepSpec(Translate.kind, Translate.version, params.to_params(), canonical_name(model), revision)


def _model(table: TranslateTable, source: str, target: str) -> str:
    model = table.model_for(source, target)
    if model is None:
        hint = f'name one: model = {{ {source}-{target} = "hf:MODEL" }}'
        raise ModelError(f"[translate] has no model from {source} into {target}", hint=hint, langs=(source, target))
    return model


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
    model = table.back_model or _model(table, source, target)
    if model.partition(":")[0] == PREFIX:
        hint = "translate with a model, or use neither markers nor the round trip"
        raise UsageError("imported translations do not carry entities along", hint=hint, model=model)
    params = CarryParams(
        min_similarity=table.min_similarity,
        labels=mapping.to_json() if mapping else None,
        markers=table.markers,
        **_asking_for_tags(table, _common(table, model, source, target)),
    )
    inputs = {"entities": entities, **({"sentences": sentences} if sentences else {})}
    own = None if table.back_model else table.revision
    revision = translator_revision(model, own, source=source, target=target)
    return StepSpec(Carry.kind, Carry.version, params.to_params(), canonical_name(model), revision, inputs)


def _asking_for_tags(table: TranslateTable, common: dict[str, Any]) -> dict[str, Any]:
    """With tags for markers, another prompt than the built-in one, which is about brackets."""
    # Not at the top of the module: most plans ask no server.
    from xprojdb.models.translators.chat import PROMPT, TAG_PROMPT

    if table.markers != "xml" or common["options"].get("prompt") != PROMPT:
        return common
    return {**common, "options": {**common["options"], "prompt": TAG_PROMPT}}


def _common(table: TranslateTable, model: str, source: str, target: str) -> dict[str, Any]:
    return {
        "source": source,
        "target": target,
        "options": translator_options(model, table.options),
        "keep_truncated": table.keep_truncated,
        "plugin": entry_points.find("translators", model.partition(":")[0]).distribution or "",
    }
