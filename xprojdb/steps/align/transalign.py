"""The aligner ``transalign``: compares word vectors from the encoder of a translation model."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le

from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.types import Positive, Probability, Text
from xprojdb.config.tables.align import WordsConfig
from xprojdb.models.aligners.encoder_params import AlignerParams, Method, Pooling
from xprojdb.models.store import canonical_id, resolve
from xprojdb.steps.align.variant import KIND, VERSION, AlignerPlugin, AlignParams
from xprojdb.steps.params import left_out
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext

_COMPARED = tuple(name for name in asdict(AlignerParams()) if name != "layer")


@dataclass(frozen=True, kw_only=True)
class TransalignConfig(WordsConfig):
    """``[align]`` with ``aligner = "transalign"``: a translation model's encoder; the keys are those of ``encoder``.

    :param model: a local folder, or an id on the Hugging Face Hub; there is no default.
    :param revision: the revision the model must have. By default any revision will do, and the step records it.
    :param layer: the hidden state to compare; by default the last.
    :param transform: ``centre`` subtracts the mean vector of a sentence.
    """

    model: Text | None = None
    revision: Text | None = None
    method: Method = AlignerParams.method
    layer: Annotated[int, Ge(0), Le(1000)] | None = None
    pooling: Pooling = AlignerParams.pooling
    min_probability: Probability = AlignerParams.min_probability
    temperature: Positive = AlignerParams.temperature
    transform: Literal["none", "centre"] = "none"

    def __post_init__(self) -> None:
        if self.model is None:
            hint = 'set a model, for example model = "facebook/nllb-200-distilled-600M"'
            raise RecipeError("the aligner 'transalign' needs a translation model", hint=hint, key="model")


@dataclass(frozen=True, kw_only=True)
class TransalignParams(AlignParams):
    """Parameters of a ``transalign`` step; the languages are filled in when it is bound to two of them."""

    aligner: str = "transalign"
    method: Method
    layer: int | None
    pooling: Pooling
    min_probability: float
    temperature: float
    transform: Literal["none", "centre"]
    original: str = left_out("")
    rendering: str = left_out("")


class Transalign(AlignerPlugin):
    """The plug-in ``transalign``."""

    name: ClassVar[str] = "transalign"
    Config = TransalignConfig

    def spec(self, config: TransalignConfig) -> StepSpec:
        assert config.model is not None, "checked before"
        model = resolve(config.model, config.revision)
        params = TransalignParams(layer=config.layer, **{name: getattr(config, name) for name in _COMPARED})
        return StepSpec(KIND, VERSION, params.to_params(), canonical_id(config.model), model.revision)

    def for_languages(self, spec: StepSpec, pair: Bitext) -> StepSpec:
        params = TransalignParams.from_params(spec.params)
        params = replace(params, original=pair.original_lang, rendering=pair.rendering_lang)
        return replace(spec, params=params.to_params())

    def load(self, spec: StepSpec) -> Any:
        from xprojdb.models.aligners.transalign import TransAligner, TranslationEncoder

        assert spec.model is not None
        params = TransalignParams.from_params(spec.params)
        compared = AlignerParams(**{name: getattr(params, name) for name in _COMPARED})
        encoder = TranslationEncoder(spec.model, revision=spec.revision)
        return TransAligner(encoder, compared, (params.original, params.rendering), params.layer)

    def title(self, spec: StepSpec) -> str:
        return f"with the encoder of {spec.model} ({TransalignParams.from_params(spec.params).method})"

    def keeps_weak_links(self, config: TransalignConfig) -> bool:
        return config.method == "soft"
