"""The aligner ``tuned``: an encoder that first learns from the translations it is to align."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, ClassVar

from xprojdb.config.fields.types import Text
from xprojdb.config.tables.align import WordsConfig
from xprojdb.models.aligners.encoder_params import AlignerParams
from xprojdb.models.aligners.tuning.params import TuningParams
from xprojdb.models.store import canonical_id, resolve
from xprojdb.steps.align.encoder import EncoderParams, aligner_params
from xprojdb.steps.align.variant import KIND, VERSION, AlignerPlugin, load_aligner
from xprojdb.steps.fit.tuned_encoder import TunedEncoder, TunedEncoderParams
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext, Stage

#: the role of the step that tunes
COUNTS = "counts"


@dataclass(frozen=True, kw_only=True)
class TunedConfig(AlignerParams, TuningParams, WordsConfig):
    """``[align]`` with ``aligner = "tuned"``: an encoder that learns from the translations between two languages.

    The other keys are those of ``encoder``; the transform ``centre-language`` cannot be used.

    :param model: a local folder, an alias such as ``"e5-small"``, or an id on the Hugging Face Hub.
    :param revision: the revision the model must have. By default any revision will do, and the step records it.
    """

    model: Text = "intfloat/multilingual-e5-small"
    revision: Text | None = None


@dataclass(frozen=True, kw_only=True)
class TunedParams(EncoderParams):
    """Parameters of a ``tuned`` align step before it is bound to languages; then the tuning moves to its input."""

    aligner: str = "tuned"
    tuning: Any = None


class Tuned(AlignerPlugin):
    """The plug-in ``tuned``."""

    name: ClassVar[str] = "tuned"
    Config = TunedConfig

    def spec(self, config: TunedConfig) -> StepSpec:
        model = resolve(config.model, config.revision)
        tuning = {name: getattr(config, name) for name in asdict(TuningParams())}
        params = TunedParams(**aligner_params(config), tuning=tuning).to_params()
        return StepSpec(KIND, VERSION, params, canonical_id(config.model), model.revision)

    def for_languages(self, spec: StepSpec, pair: Bitext) -> StepSpec:
        params = TunedParams.from_params(spec.params)
        tuning: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in params.tuning.items()
        }
        learned = TunedEncoderParams(
            lang=pair.original_lang,
            rendering_lang=pair.rendering_lang,
            layer=params.layer,
            pooling=params.pooling,
            temperature=params.temperature,
            segment=params.segment,
            **tuning,
        )
        step = StepSpec(TunedEncoder.kind, TunedEncoder.version, learned.to_params(), spec.model, spec.revision)
        stored = {name: value for name, value in spec.params.items() if name != "tuning"}
        return replace(spec, params=stored, inputs={COUNTS: step})

    def load(self, spec: StepSpec) -> Any:
        from xprojdb.models.aligners.tuning.aligner import TunableAligner
        from xprojdb.models.encoders.encoder import Encoder

        assert spec.model is not None
        load = partial(Encoder, spec.model, revision=spec.revision)
        if spec.kind != TunedEncoder.kind:
            return TunableAligner(load, AlignerParams(**aligner_params(TunedParams.from_params(spec.params))))
        own = TunedEncoderParams.from_params(spec.params)
        compared = AlignerParams(layer=own.layer, pooling=own.pooling, temperature=own.temperature)
        tuning = TuningParams(**{name: getattr(own, name) for name in asdict(TuningParams())})
        return TunableAligner(load, compared, tuning)

    def stage(self, spec: StepSpec) -> Stage:
        from xprojdb.steps.align.stage import AlignTrained

        return AlignTrained(spec, lambda: load_aligner(spec))

    def title(self, spec: StepSpec) -> str:
        return f"with {spec.model or 'no model'}, tuned ({TunedParams.from_params(spec.params).method})"

    def keeps_weak_links(self, config: TunedConfig) -> bool:
        return config.method == "soft"
