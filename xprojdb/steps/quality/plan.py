"""The quality step of a recipe."""

from __future__ import annotations

from xprojdb.config.tables.quality import QualityTable
from xprojdb.models.store import canonical_id, resolve
from xprojdb.steps.align.encoder import precision_of
from xprojdb.steps.quality.stage import ALIGNMENT, QualityParams, TranslationQuality
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Side


def quality_spec(table: QualityTable, labelled: Side, align: StepSpec | None) -> StepSpec:
    """The step that scores translations.

    :param labelled: the side that labels come from.
    :param align: the align step of an encoder, which hands over its vectors if they are those that are compared.
    :raises ModelError: when the encoder cannot be found.
    """
    layer = table.layer if table.similarity else None
    model, revision = _encoder(table, align) if table.similarity else (None, None)
    same = align is not None and (align.model, align.revision, align.params.get("layer")) == (model, revision, layer)
    inputs = {ALIGNMENT: align} if same and align is not None else {}
    params = QualityParams(labelled=labelled, layer=layer, precision=precision_of(inputs.get(ALIGNMENT)))
    return StepSpec(TranslationQuality.kind, TranslationQuality.version, params.to_params(), model, revision, inputs)


def _encoder(table: QualityTable, align: StepSpec | None) -> tuple[str | None, str | None]:
    if table.encoder is None and align is not None:
        return align.model, align.revision
    name = table.encoder or "e5-small"
    return canonical_id(name), resolve(name).revision
