"""CTranslate2: the translation models of ``seq2seq``, converted to run faster on a CPU."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Le

from xprojdb.config.fields.types import Beams, Positive
from xprojdb.errors import ModelError, UsageError
from xprojdb.extras import require
from xprojdb.models import store
from xprojdb.models.batches import TokenBatches
from xprojdb.models.loading import quiet, tokenizer_of, torch_device
from xprojdb.models.translators.language_tokens import Prompt, prompt_for
from xprojdb.models.translators.seq2seq import TOKENIZERS, decoder_start
from xprojdb.models.translators.text_tokens import TextTokens, Translated

COMPUTE_TYPES = ("int8", "int8_float32", "int8_float16", "int8_bfloat16", "int16", "float16", "bfloat16", "float32")
BATCH_TOKENS = {"cpu": 4096, "cuda": 32768}
"""Sub-words in one batch, including hypotheses and padding."""

#: settings that mBART's configuration no longer has: it normalises before each layer, and its embeddings
_MBART_NORMALIZES = ("normalize_before", "normalize_embedding")


@dataclass(frozen=True)
class CTranslateParams:
    """Options that affect a converted model's translation.

    :param beams, ratio, extra: as in :class:`xprojdb.models.translators.translator.TranslatorParams`.
    :param compute: one of :data:`COMPUTE_TYPES`: how weights are stored and multiplied. No processor supports them all.
    """

    beams: Beams = 4
    ratio: Positive = 2.0
    extra: Annotated[int, Ge(0), Le(100_000)] = 20
    compute: str = "int8"

    def __post_init__(self) -> None:
        possible = self.compute in COMPUTE_TYPES and self.beams >= 1 and self.ratio > 0 and self.extra >= 0
        if not possible:
            hint = f"beams must be 1 or more, ratio above 0, extra 0 or more, compute one of {', '.join(COMPUTE_TYPES)}"
            raise UsageError(f"{self} is not allowed", hint=hint, params=self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON object with every parameter."""
        return asdict(self)


class CTranslator:
    """An encoder-decoder model run by CTranslate2; see :class:`xprojdb.models.translators.translator.Translator`.

    The model is converted on first use and stored in the user's cache.

    :param model_id, revision: as for :func:`xprojdb.models.store.resolve`.
    :param device: as for :func:`xprojdb.models.loading.torch_device`.
    :param batch_tokens: sub-words per batch; the default depends on the device (:data:`BATCH_TOKENS`).
    :raises UsageError: when the device is unknown or does not support the compute type.
    :raises ModelError: when the model cannot be found, loaded or converted.
    :raises MissingExtra: when ctranslate2, torch or transformers is not installed.
    """

    def __init__(
        self,
        model_id: str,
        params: CTranslateParams | None = None,
        device: str = "auto",
        *,
        revision: str | None = None,
        batch_tokens: int | None = None,
    ) -> None:
        self._torch = require("torch", "models")
        self.params, self.model_id = params or CTranslateParams(), model_id
        location = store.resolve(model_id, revision)
        self.revision, placed = location.revision, torch_device(device)
        _check(self.params.compute, placed)
        folder = converted(model_id, location, self.params.compute)
        config = _config(location)
        self._model_type: str = config.model_type
        tokenizer = tokenizer_of(_tokenizer_place(model_id, location), config.model_type)
        self._texts = TextTokens(tokenizer, getattr(config, "max_position_embeddings", None))
        self._names: list[str] = json.loads(next(folder.glob("*vocabulary.json")).read_text(encoding="utf-8"))
        self._ids = {name: place for place, name in enumerate(self._names)}
        self._batches = TokenBatches(batch_tokens or BATCH_TOKENS[placed.type])
        self._translator = require("ctranslate2", "ct2").Translator(
            str(folder),
            device=placed.type,
            device_index=placed.index or 0,
            compute_type=self.params.compute,
            intra_threads=int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1),
        )

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[Translated]:
        """Translate; see ``Translator``. Equal sentences are translated once.

        :raises LanguageMissing: when the model does not support one of the languages.
        """
        prompt = prompt_for(self._model_type, self._texts.tokenizer, source, target, self.model_id)
        unique = list(dict.fromkeys(sentences))
        texts = self._texts.sources(unique, prompt)
        longest = [self._texts.longest(text, self.params.ratio, self.params.extra) for text in texts]

        def write(batch: list[int]) -> list[Translated]:
            written = self._write([texts[n].ids for n in batch], max(longest[n] for n in batch), prompt)
            pairs = zip(batch, written, strict=True)
            return [self._texts.read(ids, longest[n], texts[n].was_cut) for n, ids in pairs]

        translated = self._batches.run([self.params.beams * len(text.ids) for text in texts], write)
        by_text = dict(zip(unique, translated, strict=True))
        return [by_text[text] for text in sentences]

    def _write(self, sources: list[list[int]], longest: int, prompt: Prompt) -> list[list[int]]:
        """The sub-words of translations, after the forced beginning."""
        first = [] if prompt.first is None else [self._names[prompt.first]]
        try:
            results = self._translator.translate_batch(
                [[self._names[one] for one in ids] for ids in sources],
                target_prefix=[first] * len(sources) if first else None,
                beam_size=self.params.beams,
                max_decoding_length=longest + 1 + len(first),
                max_input_length=0,
                return_end_token=True,
            )
        except RuntimeError as error:
            if "out of memory" in str(error):
                raise self._torch.cuda.OutOfMemoryError(str(error)) from error
            raise
        return [[self._ids[name] for name in result.hypotheses[0][len(first) :]] for result in results]


def converted(model_id: str, location: store.ResolvedModel, compute: str) -> Path:
    """Get the folder of a converted model in the user's cache, converting it if needed.

    :param location: the location of the model.
    :param compute: one of :data:`COMPUTE_TYPES`.
    :raises ModelError: when CTranslate2 cannot convert it.
    """
    name = Path(store.canonical_id(model_id)).name
    place = f"ct2/{name}/{compute}/{location.revision.removeprefix('sha256:')[:16]}"
    return store.ensure(place, lambda folder: _convert(model_id, location, compute, folder))


def _check(compute: str, placed: Any) -> None:
    supported = require("ctranslate2", "ct2").get_supported_compute_types(placed.type, placed.index or 0)
    if compute not in supported:
        hint = f"compute may be {', '.join(sorted(supported))}"
        message = f"CTranslate2 cannot compute in {compute} on this machine's {placed.type}"
        raise UsageError(message, hint=hint, compute=compute, device=str(placed), known=tuple(sorted(supported)))


def _convert(model_id: str, location: store.ResolvedModel, compute: str, folder: Path) -> str:
    converters = require("ctranslate2.converters", "ct2")
    config = _config(location)

    class Converter(converters.TransformersConverter):  # type: ignore[misc, name-defined]
        """A converter that keeps every id in the vocabulary, and the model's own start of a translation."""

        def load_model(self, *args: Any, **kwargs: Any) -> Any:
            model = super().load_model(*args, **kwargs)
            self._begin = decoder_start(model)
            for setting in _MBART_NORMALIZES if config.model_type == "mbart" else ():
                setattr(model.config, setting, getattr(model.config, setting, True))
            return model

        def load_tokenizer(self, *_args: Any, **_kwargs: Any) -> Any:
            return _EveryToken(tokenizer_of(_tokenizer_place(model_id, location), config.model_type), config)

        def _load(self) -> Any:
            spec = super()._load()
            if config.model_type != "marian":  # has no start token
                spec.config.decoder_start_token = spec._vocabularies["target"][0][self._begin]
            # Translation does not use it, and mBART-50's tokenizer has none, but the loader requires one.
            spec.config.bos_token = spec.config.bos_token or spec.config.eos_token
            return spec

    try:
        with quiet():
            Converter(location.path_or_id, **location.hub).convert(str(folder), quantization=compute, force=True)
    except (OSError, ValueError, TypeError, RuntimeError, AttributeError, KeyError) as error:
        raise ModelError(
            f"CTranslate2 cannot convert {model_id}: {str(error).splitlines()[0]}",
            hint=f"use hf:{model_id}, or a model that CTranslate2 supports",
            model_id=model_id,
            task="a translation model",
            reason="conversion",
        ) from error
    return f"{model_id}, revision {location.revision}"


class _EveryToken:
    """A tokenizer whose vocabulary has one name for every id of the model.

    Tokenizers leave out ids that no text produces, and M2M-100's leaves out its languages.
    """

    num_madeup_words = 0

    def __init__(self, tokenizer: Any, config: Any) -> None:
        self._tokenizer = tokenizer
        names: dict[str, int] = {}
        for one in range(config.vocab_size):
            name = tokenizer.convert_ids_to_tokens(one)
            unique = name is not None and name not in names and tokenizer.convert_tokens_to_ids(name) == one
            names[name if unique else f"madeupword{one}"] = one
        self._names = names

    def get_vocab(self) -> dict[str, int]:
        return self._names

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)


def _tokenizer_place(model_id: str, location: store.ResolvedModel) -> store.ResolvedModel:
    elsewhere = TOKENIZERS.get(model_id)
    return store.resolve(elsewhere) if elsewhere else location


def _config(location: store.ResolvedModel) -> Any:
    return require("transformers", "models").AutoConfig.from_pretrained(location.path_or_id, **location.hub)
