"""The quality step of a recipe."""

from __future__ import annotations

from xprojdb.config.tables.quality import QualityTable
from xprojdb.models.store import canonical_id, resolve
from xprojdb.steps.quality.stage import QualityParams, TranslationQuality
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Side


def quality_spec(table: QualityTable, labelled: Side, align: StepSpec | None, of_encoder: bool) -> StepSpec:
    """The step that scores translations.

    :param labelled: the side that labels come from.
    :param align: the align step.
    :param of_encoder: whether that is an encoder, whose states serve here as well.
    :raises ModelError: when the encoder cannot be found.
    """
    params = QualityParams(labelled=labelled, layer=table.layer if table.similarity else None)
    model = _encoder(table, align if of_encoder else None) if table.similarity else (None, None)
    return StepSpec(TranslationQuality.kind, TranslationQuality.version, params.to_params(), *model)


def _encoder(table: QualityTable, align: StepSpec | None) -> tuple[str | None, str | None]:
    if table.encoder is None and align is not None:
        return align.model, align.revision
    name = table.encoder or "e5-small"
    return canonical_id(name), resolve(name).revision
