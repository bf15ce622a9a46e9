"""The aligner ``encoder``: compares the word vectors of a multilingual encoder."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

from xprojdb.config.fields.types import Text
from xprojdb.config.tables.align import WordsConfig
from xprojdb.models.aligners.encoder_params import (
    CENTRE_LANGUAGE,
    AlignerParams,
    Method,
    Pooling,
    Precision,
    Transform,
)
from xprojdb.models.store import canonical_id, resolve
from xprojdb.steps.align.variant import KIND, VERSION, AlignerPlugin, AlignParams, load_aligner
from xprojdb.steps.fit.mean_vectors import MeanParams, MeanVectors
from xprojdb.steps.params import left_out
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext, Stage
from xprojdb.training.states import StatesOf


@dataclass(frozen=True, kw_only=True)
class EncoderConfig(AlignerParams, WordsConfig):
    """The default ``[align]``: compare the word vectors of a multilingual encoder.

    :param model: a local folder, an alias such as ``"e5-small"``, or an id on the Hugging Face Hub.
    :param revision: the revision the model must have. By default any revision will do, and the step records it.
    :param precision: ``bfloat16`` is about 1.7 times as fast as ``float32`` on CPUs and GPUs that support it, with
        nearly the same links; ``int8`` (needs the extra ``int8``) is 2.5 times as fast on CPUs with VNNI.
    """

    model: Text = "intfloat/multilingual-e5-small"
    revision: Text | None = None
    precision: Precision = "float32"


@dataclass(frozen=True, kw_only=True)
class EncoderParams(AlignParams):
    """Parameters of an encoder align step, the same as ``AlignerParams``."""

    method: Method
    layer: int
    pooling: Pooling
    min_probability: float
    temperature: float
    transform: Transform
    precision: Precision = left_out("float32")


def aligner_params(config: AlignerParams | AlignParams) -> dict[str, Any]:
    """Pick the fields of ``AlignerParams`` out of a larger configuration."""
    return {name: getattr(config, name) for name in asdict(AlignerParams())}


class Encoder(AlignerPlugin):
    """The plug-in ``encoder``."""

    name: ClassVar[str] = "encoder"
    Config = EncoderConfig

    def spec(self, config: EncoderConfig) -> StepSpec:
        model = resolve(config.model, config.revision)
        params = EncoderParams(**aligner_params(config), precision=config.precision).to_params()
        return StepSpec(KIND, VERSION, params, canonical_id(config.model), model.revision)

    def for_languages(self, spec: StepSpec, pair: Bitext) -> StepSpec:
        params = EncoderParams.from_params(spec.params)
        if params.transform != CENTRE_LANGUAGE:
            return spec
        means = {
            f"{side}_mean": _mean_spec(spec, params, side, lang)
            for side, lang in (("original", pair.original_lang), ("rendering", pair.rendering_lang))
        }
        return replace(spec, inputs=means)

    def load(self, spec: StepSpec) -> Any:
        from xprojdb.models.aligners.encoder import EncoderAligner
        from xprojdb.models.encoders.encoder import Encoder as EncoderModel

        assert spec.model is not None
        own = MeanParams if spec.kind == MeanVectors.kind else EncoderParams
        precision = own.from_params(spec.params).precision
        return EncoderAligner(EncoderModel(spec.model, precision=precision, revision=spec.revision), _compared(spec))

    def stage(self, spec: StepSpec) -> Stage:
        from xprojdb.steps.align.stage import Align, AlignCentred

        stage = AlignCentred if "original_mean" in spec.inputs else Align
        params = EncoderParams.from_params(spec.params)
        recalls = params.pooling == "word" and not params.segment
        return stage(spec, lambda: load_aligner(spec), _word_states(spec), recalls=recalls)

    def title(self, spec: StepSpec) -> str:
        params = EncoderParams.from_params(spec.params)
        precision = "" if params.precision == "float32" else f", {params.precision}"
        return f"with {spec.model or 'no model'} ({params.method}{precision})"

    def keeps_weak_links(self, config: EncoderConfig) -> bool:
        return config.method == "soft"


def precision_of(align: StepSpec | None) -> Precision:
    """The precision in which an align step computes vectors, for steps that read the same."""
    return align.params.get("precision", "float32") if align is not None else "float32"


def _compared(spec: StepSpec) -> AlignerParams:
    """How an align step compares vectors, or how a mean step makes them."""
    if spec.kind == MeanVectors.kind:
        own = MeanParams.from_params(spec.params)
        return AlignerParams(layer=own.layer, pooling=own.pooling)
    return AlignerParams(**aligner_params(EncoderParams.from_params(spec.params)))


def _word_states(spec: StepSpec) -> StatesOf | None:
    """The word vectors that the aligner computes; None where it computes others than taggers read."""
    params = EncoderParams.from_params(spec.params)
    if params.pooling != "word" or params.segment:
        return None
    return StatesOf(spec.model or "", spec.revision or "", params.layer, precision=params.precision)


def _mean_spec(spec: StepSpec, params: EncoderParams, side: str, lang: str) -> StepSpec:
    """The step that averages the word vectors of one side, made as the aligner makes them."""
    segmented = (params.segment or {}).get(side)
    # A mean has one side only, which counts as the original.
    own = MeanParams(
        lang=lang,
        layer=params.layer,
        pooling=params.pooling,
        precision=params.precision,
        segment={"original": segmented} if segmented else None,
    )
    return StepSpec(MeanVectors.kind, MeanVectors.version, own.to_params(), spec.model, spec.revision)
