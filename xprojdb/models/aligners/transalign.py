"""TransAlign: aligning with the encoder of a translation model (arXiv 2510.27337).

Such an encoder prepares a sentence for another language, so the vectors of translations lie close together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xprojdb.arrays import Singles
from xprojdb.errors import UsageError
from xprojdb.extras import require
from xprojdb.models.aligners.encoder import SentencePair, link_units, present_words
from xprojdb.models.aligners.encoder_params import AlignerParams
from xprojdb.models.aligners.word_links import Links
from xprojdb.models.batches import TokenBatches
from xprojdb.models.encoders.encoder import BATCH_TOKENS, SubwordVectors
from xprojdb.models.encoders.hidden_states import HiddenStates, position_limit
from xprojdb.models.encoders.subwords import Subwords, WordTokenizer, average_words, windows
from xprojdb.models.encoders.transforms import TRANSFORMS
from xprojdb.models.translators.language_tokens import Prompt, prompt_for
from xprojdb.models.translators.seq2seq import load_translation_model


class TranslationEncoder:
    """The encoder of a many-to-many translation model: NLLB, M2M-100, mBART-50, MADLAD.

    :param model_id: anything :func:`xprojdb.models.store.resolve` accepts.
    :param device, precision, revision: as for :func:`xprojdb.models.loading.load`.
    :raises ModelError: when the model cannot be found or loaded, or is not a translation model.
    :raises MissingExtra: when torch or transformers is not installed.
    """

    def __init__(
        self, model_id: str, device: str = "auto", precision: str = "auto", *, revision: str | None = None
    ) -> None:
        self._torch = require("torch", "models")
        loaded = load_translation_model(model_id, device, precision, revision=revision)
        self.model_id, self.revision = model_id, loaded.revision
        self._tokenizer, self._family = loaded.tokenizer, loaded.model.config.model_type
        encoder = loaded.model.get_encoder()
        self._device = loaded.model.device
        self._states = HiddenStates(encoder)
        self._limit = position_limit(encoder, self._tokenizer.model_max_length)
        self._batches = TokenBatches(BATCH_TOKENS[self._device.type])

    @property
    def layers(self) -> int:
        """The number of layers, which is the largest valid ``layer``."""
        return self._states.layers

    def subword_vectors(
        self, sentences: Sequence[Sequence[str]], layer: int, lang: str, other: str
    ) -> list[SubwordVectors]:
        """One vector per sub-word of sentences in a language, without special tokens.

        :param layer: 0 for the embeddings, :attr:`layers` for the last.
        :param lang: language of the sentences, as any code.
        :param other: the language they would be translated into, which some models expect in the source.
        :raises UsageError: when the model has no such layer, or reads only one language.
        :raises LanguageMissing: when it does not know a language.
        """
        if not 0 <= layer <= self.layers:
            hint = f"choose a layer from 0 to {self.layers}"
            raise UsageError(f"{self.model_id} has no layer {layer}", hint=hint, layer=layer, layers=self.layers)
        frame = self._frame(lang, other)
        split = self._split(sentences)
        cut = windows([len(subwords.ids) for subwords in split], self._limit - len(frame.prefix) - len(frame.suffix))

        def run(batch: list[int]) -> list[Singles]:
            ids, mask = frame.frame([split[cut[n].sentence].ids[cut[n].start : cut[n].end] for n in batch])
            with self._torch.inference_mode():
                tensors = [self._torch.from_numpy(array).to(self._device) for array in (ids, mask)]
                states: Singles = self._states(tensors[0], tensors[1], layer).float().cpu().numpy()
            begin = len(frame.prefix)
            return [rows[begin : begin + cut[n].end - cut[n].start] for n, rows in zip(batch, states, strict=True)]

        vectors = [np.empty((len(subwords.ids), self._states.hidden), np.float32) for subwords in split]
        for window, rows in zip(cut, self._batches.run([w.end - w.start for w in cut], run), strict=True):
            inner = rows[window.keep_start - window.start : window.keep_end - window.start]
            vectors[window.sentence][window.keep_start : window.keep_end] = inner
        return [SubwordVectors(rows, subwords.words) for rows, subwords in zip(vectors, split, strict=True)]

    def _split(self, sentences: Sequence[Sequence[str]]) -> list[Subwords]:
        """Split each word into sub-words, on its own."""
        distinct = list(dict.fromkeys(word for words in sentences for word in words))
        ids = self._tokenizer(distinct, add_special_tokens=False).input_ids if distinct else []
        of_word = dict(zip(distinct, ids, strict=True))
        subwords = []
        for words in sentences:
            pieces = [(piece, place) for place, word in enumerate(words) for piece in of_word[word]]
            columns = np.array(pieces, np.int32).reshape(-1, 2).T
            subwords.append(Subwords(columns[0], columns[1]))
        return subwords

    def _frame(self, lang: str, other: str) -> WordTokenizer:
        """The special tokens around a sentence in a language."""
        prompt = prompt_for(self._family, self._tokenizer, lang, other, self.model_id)
        if prompt == Prompt() or (prompt.source is None and self._family == "marian"):
            hint = "choose one that reads many languages, such as NLLB or M2M-100"
            raise UsageError(f"the model {self.model_id} reads only one language", hint=hint, model_id=self.model_id)
        if prompt.source is not None:
            self._tokenizer.src_lang = prompt.source
        # Derived from an example, because every family of models has its own.
        bare = self._tokenizer("a", add_special_tokens=False).input_ids
        whole = self._tokenizer("a").input_ids
        begin = next(at for at in range(len(whole)) if whole[at : at + len(bare)] == bare)
        named = self._tokenizer(prompt.prefix.strip(), add_special_tokens=False).input_ids if prompt.prefix else []
        prefix, suffix = [*whole[:begin], *named], whole[begin + len(bare) :]
        return WordTokenizer(None, tuple(prefix), tuple(suffix), self._tokenizer.pad_token_id or 0)


class TransAligner:
    """An aligner that compares word vectors from the encoder of a translation model.

    :param params: how vectors are compared, except for the layer.
    :param langs: language of the left and the right sentences, as any code.
    :param layer: hidden state of the encoder; None for the last.
    """

    def __init__(
        self, encoder: TranslationEncoder, params: AlignerParams, langs: tuple[str, str], layer: int | None = None
    ) -> None:
        self.encoder = encoder
        self.params = params
        self.langs = langs
        self.layer = encoder.layers if layer is None else layer

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        """Align sentence pairs; see :class:`xprojdb.models.aligners.encoder.Aligner`."""
        left = self._units([left for left, _ in pairs], *self.langs)
        right = self._units([right for _, right in pairs], *self.langs[::-1])
        return link_units(left, right, self.params)

    def _units(self, sentences: Sequence[Sequence[str]], lang: str, other: str) -> list[SubwordVectors]:
        transform = TRANSFORMS[self.params.transform]
        subwords: list[SubwordVectors] = []
        vectors = self.encoder.subword_vectors(sentences, self.layer, lang, other)
        for words, units in zip(sentences, vectors, strict=True):
            pooled = present_words(average_words(*units, len(words))) if self.params.pooling == "word" else units
            subwords.append(SubwordVectors(transform(pooled.vectors), pooled.words))
        return subwords
