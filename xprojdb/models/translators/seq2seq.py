"""Hugging Face encoder-decoder models: the probabilities of translations, and translating."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from xprojdb.arrays import Floats
from xprojdb.extras import require
from xprojdb.models.batches import TokenBatches
from xprojdb.models.loading import Loaded, load
from xprojdb.models.translators.language_tokens import Prompt, prompt_for
from xprojdb.models.translators.text_tokens import TextTokens, Translated

BATCH_TOKENS = {"cpu": 512, "cuda": 16384}
"""Sub-words of both sides in one batch to score, including padding."""
BEAM_TOKENS = {"cpu": 2048, "cuda": 32768}
"""Sub-words of all hypotheses in one batch to translate, including padding; each step reads all weights once."""
TOKENIZERS = {
    "ychenNLP/nllb-200-3.3B-easyproject": "facebook/nllb-200-3.3B",
    "thennal/nllb-200-3.3B-labelpigeon": "facebook/nllb-200-3.3B",
}
"""The models to take tokenizers from, for models whose own checkpoint has none."""
_IGNORED = -100
#: sub-words of texts, those of phrases, and a prompt → a number for each pair
Score = Callable[[list[list[int]], list[list[int]], Prompt], list[float]]


class Seq2Seq:
    """An encoder-decoder model: NLLB, M2M-100, mBART-50, Marian, T5, MADLAD.

    :param model_id: anything :func:`xprojdb.models.store.resolve` accepts.
    :param device, precision, revision: as for :func:`xprojdb.models.loading.load`.
    :param batch_tokens: sub-words per batch; the default depends on the device (:data:`BATCH_TOKENS`,
        :data:`BEAM_TOKENS`).
    :param tokenizer_id: the model to take the tokenizer from; some models have a default (:data:`TOKENIZERS`).
    :raises ModelError: when the model cannot be found or loaded, or is not an encoder-decoder.
    :raises MissingExtra: when torch or transformers is not installed.
    """

    def __init__(
        self,
        model_id: str,
        device: str = "auto",
        precision: str = "auto",
        *,
        revision: str | None = None,
        batch_tokens: int | None = None,
        tokenizer_id: str | None = None,
    ) -> None:
        self._torch = require("torch", "models")
        loaded = load_translation_model(model_id, device, precision, revision=revision, tokenizer_id=tokenizer_id)
        self.model_id, self.revision = model_id, loaded.revision
        self._model, self._tokenizer = loaded.model, loaded.tokenizer
        self._batches = TokenBatches(batch_tokens or BATCH_TOKENS[loaded.model.device.type])
        self._beams = TokenBatches(batch_tokens or BEAM_TOKENS[loaded.model.device.type])
        self._pad: int = self._tokenizer.pad_token_id or 0
        settings = loaded.model.generation_config
        # Both would hide a truncated translation: a second length limit, and an end token that is forced at the limit.
        settings.max_length = settings.forced_eos_token_id = None
        self._begin = decoder_start(loaded.model)
        self._texts = TextTokens(self._tokenizer, getattr(loaded.model.config, "max_position_embeddings", None))
        self.limit: int = self._texts.limit
        """The most sub-words it reads or writes, including special tokens."""

    def prompt(self, source: str, target: str) -> Prompt:
        """The prompt for a direction.

        :raises LanguageMissing: when the model does not support one of the languages.
        """
        return prompt_for(self._model.config.model_type, self._tokenizer, source, target, self.model_id)

    def probabilities(self, texts: Sequence[str], phrases: Sequence[str], source: str, target: str) -> Floats:
        """P(phrase | text), normalised for length: the geometric mean over the phrase's sub-words and its end.

        The token of the target language is given and does not count. Texts longer than :attr:`limit` are truncated.

        :param texts: N texts in the source language.
        :param phrases: N texts in the target language.
        :param source, target: languages, as any code; they may be the same.
        :returns: (N,) numbers from 0 to 1.
        :raises LanguageMissing: when the model does not support one of the languages.
        """
        return self._scored(self._score, texts, phrases, self.prompt(source, target))

    def generate(
        self,
        sentences: Sequence[str],
        source: str,
        target: str,
        *,
        beams: int = 4,
        ratio: float = 2.0,
        extra: int = 20,
    ) -> list[Translated]:
        """Translate by beam search.

        :param sentences: running text in the source language.
        :param source, target: languages, as any code.
        :param beams: the number of hypotheses.
        :param ratio, extra: a translation may have ``ratio · n + extra`` sub-words, where n is the number in its
            source.
        :returns: a translation for each sentence.
        :raises LanguageMissing: when the model does not support one of the languages.
        """
        prompt = self.prompt(source, target)
        texts = self._texts.sources(sentences, prompt)
        longest = [self._texts.longest(text, ratio, extra) for text in texts]

        def translate(batch: list[int]) -> list[Translated]:
            written = self._write([texts[n].ids for n in batch], max(longest[n] for n in batch), beams, prompt)
            pairs = zip(batch, written, strict=True)
            return [self._texts.read(ids, longest[n], texts[n].was_cut) for n, ids in pairs]

        return self._beams.run([beams * len(text.ids) for text in texts], translate)

    def log_probabilities(self, texts: Sequence[str], phrases: Sequence[str], source: str, target: str) -> Floats:
        """log P(phrase | text), the sum over the phrase's sub-words and its end; see :meth:`probabilities`.

        :returns: (N,) numbers up to 0.
        """
        return self._scored(self._sum, texts, phrases, self.prompt(source, target))

    def best_answers(
        self, text: str, answers: Sequence[str], source: str, target: str, beams: int
    ) -> list[tuple[int, float]]:
        """The most probable of some answers to a text, by a beam search that can write nothing else.

        :param answers: N texts in the target language.
        :param beams: the number of hypotheses, and of answers to find at most.
        :returns: the places of the answers found, best first, and their probabilities as in :meth:`probabilities`. With
            as many beams as answers, all are found.
        """
        prompt = self.prompt(source, target)
        by_ids: dict[tuple[int, ...], list[int]] = {}
        for place, ids in enumerate(self._texts.targets(answers, prompt)):
            by_ids.setdefault(tuple(ids), []).append(place)
        written = self._choose(self._texts.sources([text], prompt)[0].ids, list(by_ids), beams)
        places = [place for ids in written for place in by_ids[ids]]
        scores = self.probabilities([text] * len(places), [answers[place] for place in places], source, target)
        return sorted(zip(places, scores.tolist(), strict=True), key=lambda found: (-found[1], found[0]))

    def _choose(self, text: list[int], answers: Sequence[tuple[int, ...]], beams: int) -> list[tuple[int, ...]]:
        """The sub-words of the best answers, each once."""
        follows: dict[tuple[int, ...], set[int]] = {}
        for ids in answers:
            for place in range(len(ids)):
                follows.setdefault(ids[:place], set()).add(ids[place])
        end = [self._tokenizer.eos_token_id]

        def allowed(_number: int, ids: Any) -> list[int]:
            return sorted(follows.get(tuple(ids.tolist()[1:]), ())) or end

        count = min(beams, len(answers))
        with self._torch.inference_mode():
            written = self._model.generate(
                **self._inputs([text]),
                num_beams=count,
                num_return_sequences=count,
                do_sample=False,
                max_new_tokens=max(map(len, answers)),
                prefix_allowed_tokens_fn=allowed,
            )
        known = set(answers)
        ended = (tuple(ids[1:]) for ids in written.tolist())
        cut = (ids[: ids.index(end[0]) + 1] if end[0] in ids else ids for ids in ended)
        return list(dict.fromkeys(ids for ids in cut if ids in known))

    def _scored(self, score: Score, texts: Sequence[str], phrases: Sequence[str], prompt: Prompt) -> Floats:
        if not texts:
            return np.empty(0)
        left = [text.ids for text in self._texts.sources(texts, prompt)]
        right = self._texts.targets(phrases, prompt)
        lengths = [max(len(a), len(b)) for a, b in zip(left, right, strict=True)]
        return np.array(
            self._batches.run(lengths, lambda batch: score([left[n] for n in batch], [right[n] for n in batch], prompt))
        )

    def _score(self, left: list[list[int]], right: list[list[int]], prompt: Prompt) -> list[float]:
        logs, counted = self._logs(left, right, prompt)
        scores: list[float] = ((logs * counted).sum(1) / counted.sum(1)).double().exp().tolist()
        return scores

    def _sum(self, left: list[list[int]], right: list[list[int]], prompt: Prompt) -> list[float]:
        logs, counted = self._logs(left, right, prompt)
        sums: list[float] = (logs * counted).double().sum(1).tolist()
        return sums

    def _logs(self, left: list[list[int]], right: list[list[int]], prompt: Prompt) -> tuple[Any, Any]:
        """The log probability of each sub-word, and which of them count."""
        labels = self._padded(right, _IGNORED)
        previous = labels.roll(1, 1)
        previous[:, 0] = self._begin
        previous = previous.masked_fill(previous == _IGNORED, self._pad)
        counted = labels != _IGNORED
        if prompt.first is not None:
            counted &= ~((labels == prompt.first) & (self._torch.arange(labels.shape[1], device=labels.device) == 0))
        with self._torch.inference_mode():
            logits = self._model(**self._inputs(left), decoder_input_ids=previous).logits
            chosen = labels.clamp(min=0).unsqueeze(-1)
            logs = logits.gather(-1, chosen).squeeze(-1).float() - logits.float().logsumexp(-1)
        return logs, counted

    def _write(self, sources: list[list[int]], longest: int, beams: int, prompt: Prompt) -> list[list[int]]:
        """The sub-words of translations, after the forced beginning."""
        forced = {} if prompt.first is None else {"forced_bos_token_id": prompt.first}
        # The end token and the forced beginning come on top of the text's own sub-words.
        most = longest + 1 + len(forced)
        with self._torch.inference_mode():
            written = self._model.generate(
                **self._inputs(sources), num_beams=beams, do_sample=False, max_new_tokens=most, **forced
            )
        return [ids[1 + len(forced) :] for ids in written.tolist()]

    def _inputs(self, sources: list[list[int]]) -> dict[str, Any]:
        ids = self._padded(sources, self._pad)
        lengths = self._torch.tensor([len(source) for source in sources], device=ids.device)
        mask = self._torch.arange(ids.shape[1], device=ids.device) < lengths.unsqueeze(1)
        return {"input_ids": ids, "attention_mask": mask.long()}

    def _padded(self, rows: list[list[int]], filler: int) -> Any:
        longest = max(map(len, rows))
        padded = [[*row, *[filler] * (longest - len(row))] for row in rows]
        return self._torch.tensor(padded, device=self._model.device)


def load_translation_model(
    model_id: str, device: str, precision: str, *, revision: str | None = None, tokenizer_id: str | None = None
) -> Loaded:
    """Load an encoder-decoder; see :func:`xprojdb.models.loading.load`.

    :param tokenizer_id: the model to take the tokenizer from; some models have a default (:data:`TOKENIZERS`).
    """
    return load(
        "AutoModelForSeq2SeqLM",
        model_id,
        task="a translation model",
        device=device,
        precision=precision,
        revision=revision,
        tokenizer_id=tokenizer_id or TOKENIZERS.get(model_id),
    )


def decoder_start(model: Any) -> int:
    """The id of the token that every translation starts with, before that of the language."""
    begin = model.generation_config.decoder_start_token_id
    token_id: int = model.config.decoder_start_token_id if begin is None else begin
    return token_id
