"""Running text in the form a translation model reads and writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from xprojdb.models.translators.language_tokens import Prompt

Cut = Literal["", "input", "output"]
MOST_TOKENS = 1024


class Translated(NamedTuple):
    """A translation.

    :param text: running text, without special tokens.
    :param cut: ``"input"`` if the source was longer than the model reads, so that its end was not translated;
        ``"output"`` if the translation reached its limit before its end; otherwise empty.
    """

    text: str
    cut: Cut = ""


class SourceText(NamedTuple):
    """A sentence in sub-words.

    :param ids: the ids of its sub-words, including special tokens.
    :param was_cut: whether it was truncated.
    """

    ids: list[int]
    was_cut: bool


class TextTokens:
    """A tokenizer with the limits of its model.

    :param tokenizer: a ``transformers`` tokenizer.
    :param positions: the number of positions the model has; None for no limit.
    """

    def __init__(self, tokenizer: Any, positions: int | None) -> None:
        self.tokenizer = tokenizer
        self.limit: int = min(positions or MOST_TOKENS, tokenizer.model_max_length, MOST_TOKENS)
        """The most sub-words the model reads or writes, including special tokens."""

    def sources(self, texts: Sequence[str], prompt: Prompt) -> list[SourceText]:
        """The sub-words of source texts, truncated at :attr:`limit`."""
        if prompt.source is not None:
            self.tokenizer.src_lang = prompt.source
        prefixed = [prompt.prefix + text for text in texts]
        whole = self.tokenizer(prefixed, verbose=False).input_ids if texts else []
        fits = [len(ids) <= self.limit for ids in whole]
        return [
            SourceText(ids if fit else self._beginning(text), not fit)
            for ids, fit, text in zip(whole, fits, prefixed, strict=True)
        ]

    def _beginning(self, text: str) -> list[int]:
        return list(self.tokenizer(text, truncation=True, max_length=self.limit).input_ids)

    def targets(self, texts: Sequence[str], prompt: Prompt) -> list[list[int]]:
        """The sub-words of texts to be scored by a decoder."""
        if prompt.target is not None:
            self.tokenizer.tgt_lang = prompt.target
        return list(self.tokenizer(text_target=list(texts), truncation=True, max_length=self.limit).input_ids)

    def longest(self, source: SourceText, ratio: float, extra: int) -> int:
        """The most sub-words the translation of a sentence may have."""
        return min(self.limit - 2, int(ratio * len(source.ids)) + extra)

    def read(self, ids: list[int], longest: int, was_cut: bool) -> Translated:
        """Convert the output of a decoder to text.

        :param ids: its sub-words after the forced beginning; everything after the end token is ignored.
        :param longest: the limit for this sentence.
        :param was_cut: whether its source was truncated.
        """
        end = self.tokenizer.eos_token_id
        finished = end in ids[: longest + 1]
        written = ids[: ids.index(end)] if finished else ids[:longest]
        text = self.tokenizer.decode(written, skip_special_tokens=True).strip()
        return Translated(text, "input" if was_cut else "" if finished else "output")
