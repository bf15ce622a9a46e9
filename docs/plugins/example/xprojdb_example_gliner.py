"""A tagger: GLiNER, which finds entities of any types that are named to it (pip install gliner)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from xprojdb.plugins import Span, StepSpec, TaggerConfig, TaggerPlugin


@dataclass(frozen=True, kw_only=True)
class GlinerConfig(TaggerConfig):
    """``[tag]`` with ``gliner:``.

    :param kinds: labels and the names under which GLiNER looks for them; left out, the labels of the recipe.
    :param threshold: entities with a lower score are left out.
    :param revision: of the model, on the Hugging Face Hub.
    """

    kinds: Mapping[str, str] = field(default_factory=dict)
    threshold: float = 0.5
    revision: str = "main"


class Gliner(TaggerPlugin):
    """The plug-in ``gliner``."""

    name = "gliner"
    Config = GlinerConfig

    def revision(self, model: str) -> str:  # noqa: ARG002
        import gliner

        return f"gliner-{gliner.__version__}"

    def completed(self, config: GlinerConfig, labels: Sequence[str]) -> GlinerConfig:
        return config if config.kinds else replace(config, kinds={label: label.lower() for label in labels})

    def load(self, spec: StepSpec) -> GlinerTagger:
        import gliner

        params = spec.params
        model = gliner.GLiNER.from_pretrained(spec.model, revision=params["revision"])
        return GlinerTagger(model, params["kinds"], params["threshold"])


class GlinerTagger:
    """Tags batches of sentences."""

    def __init__(self, model: Any, kinds: Mapping[str, str], threshold: float) -> None:
        self.model, self.threshold = model, threshold
        self.labels = {kind: label for label, kind in kinds.items()}

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[tuple[Span, ...]]:
        return [self._spans(words) for words in sentences]

    def _spans(self, words: Sequence[str]) -> tuple[Span, ...]:
        place = [n for n, word in enumerate(words) for _ in range(len(word) + 1)]
        found = self.model.predict_entities(" ".join(words), list(self.labels), threshold=self.threshold)
        spans = sorted(Span(place[e["start"]], place[e["end"] - 1] + 1, self.labels[e["label"]]) for e in found)
        # Two entities of GLiNER may be parts of one word here.
        return tuple(own for before, own in zip([None, *spans], spans, strict=False) if _is_apart(before, own))


def _is_apart(before: Span | None, own: Span) -> bool:
    return before is None or before.end <= own.start
