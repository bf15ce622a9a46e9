"""The table ``[align]`` of a recipe."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from xprojdb.config.settings import Count, Settings, Text, refused

Rule = Literal["soft", "votes", "intersection", "union", "grow-diag", "grow-diag-final-and"]
_OF_ENCODERS = {
    "model", "revision", "method", "layer", "pooling", "temperature", "threshold", "transform", "segment",
}  # fmt: skip
#: keys of ``[align]`` that belong to some aligners
_OF_ALIGNERS: dict[str, set[str]] = {
    "encoder": _OF_ENCODERS,
    "transalign": _OF_ENCODERS,
    "eflomal": {"rule", "threshold", "iterations", "segment"},
    "exact": {"words", "repeats", "segment"},
    "imported": {"name"},
    "vote": {"rule", "votes", "voters"},
}


class AlignTable(Settings):
    """``[align]``: the word aligner. Each ``aligner`` has its own keys.

    :param aligner: ``encoder``: compares the vectors of a multilingual encoder; ``transalign``: those of a translation
        model's encoder; ``eflomal``: is trained on the corpus; ``exact``: links equal words; ``imported``: alignments
        that were imported; ``vote``: several of these.
    :param model: of ``encoder`` and ``transalign``, which has no default: a local folder, an alias such as
        ``"e5-small"``, or an id on the Hugging Face hub.
    :param revision: the revision the model must have; by default whichever is found, which the step records.
    :param method: of these two: ``soft`` (every link with its probability), or SimAlign's ``argmax``, ``itermax``,
        ``match``, or AWESOME's ``softmax``, ``entmax15``.
    :param layer: counts as in transformers, 0 being the embeddings; the last one is the default of ``transalign``.
    :param pooling: ``word`` averages the sub-words of a word, ``subword`` aligns sub-words.
    :param temperature: of ``soft``: cosines are divided by it.
    :param threshold: of ``soft`` and ``softmax``: the probability that a link must exceed.
    :param transform: ``centre`` subtracts the mean vector of a sentence; ``centre-language`` that of the
        language in the corpus, which is averaged first (``encoder`` alone).
    :param rule: of ``eflomal``: how its two directions become one, ``soft`` by default; of ``vote``: how the links of
        the voters do, ``votes`` by default. Else a symmetrisation: ``intersection``, ``union``, ``grow-diag``,
        ``grow-diag-final-and``.
    :param iterations: of ``eflomal``: rounds of training, in shares of what it would do by itself.
    :param words: of ``exact``: ``names`` (those with a capital or a digit) or ``all``.
    :param repeats: of ``exact``: words that occur several times are linked with the ``nearest``, or ``skip``.
    :param name: of ``imported``: the name under which the alignments were imported.
    :param segment: Chinese, Japanese and Thai characters are put together to words, words are aligned, and what links
        a word links all its characters; not of ``imported`` and ``vote``, whose voters say it for themselves.
    :param votes: of ``vote``: how many voters must have a link.
    :param voters: of ``vote``: tables like this one.
    """

    aligner: Literal["encoder", "transalign", "eflomal", "exact", "imported", "vote"] = "encoder"
    model: Text = "intfloat/multilingual-e5-small"
    revision: Text | None = None
    method: Literal["soft", "argmax", "itermax", "match", "softmax", "entmax15"] = "soft"
    layer: Annotated[int, Field(ge=0)] = 7
    pooling: Literal["word", "subword"] = "word"
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.04
    threshold: Annotated[float, Field(ge=0, lt=1)] = 0.01
    transform: Literal["none", "centre", "centre-language"] = "none"
    rule: Rule | None = None
    iterations: Annotated[float, Field(gt=0, le=100)] = 0.3
    words: Literal["names", "all"] = "names"
    repeats: Literal["nearest", "skip"] = "nearest"
    name: str = ""
    segment: bool = True
    votes: Count = 2
    voters: Annotated[tuple[AlignTable, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _own_keys(self) -> AlignTable:
        of_any = set().union(*_OF_ALIGNERS.values())
        for key in sorted(self.model_fields_set & of_any - _OF_ALIGNERS[self.aligner]):
            belongs = " or ".join(aligner for aligner, keys in _OF_ALIGNERS.items() if key in keys)
            raise refused(f"the aligner {self.aligner!r} has no {key}", f"it belongs to aligner = {belongs!r}")
        return self

    @model_validator(mode="after")
    def _complete(self) -> AlignTable:
        if self.aligner == "imported" and not self.name:
            raise refused("the alignments have no name", "say name = '…', as in xprojdb import alignments --name …")
        if self.aligner == "transalign" and ("model" not in self.model_fields_set or "language" in self.transform):
            hint = 'say model = "facebook/nllb-200-distilled-600M"; transform is none or centre'
            raise refused("the aligner 'transalign' needs a translation model, and centres no languages", hint)
        if (self.aligner, self.rule) in (("vote", "soft"), ("eflomal", "votes")):
            raise refused(f"the aligner {self.aligner!r} has no rule {self.rule!r}", "leave it out")
        if self.aligner == "vote" and len(self.voters) < 2:
            raise refused("a vote needs two voters or more", "write each as a table [[align.voters]]")
        if self.aligner == "vote" and self.rule in (None, "votes") and self.votes > len(self.voters):
            raise refused(f"{len(self.voters)} voters never have {self.votes} votes", "say fewer votes")
        return self

    @property
    def is_soft(self) -> bool:
        """Whether every link is kept that has some probability."""
        return (self.aligner in ("encoder", "transalign") and self.method == "soft") or (
            self.aligner == "eflomal" and self.rule in (None, "soft")
        )
