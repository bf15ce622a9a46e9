"""The class of each scorer, by the name that recipes know it by."""

from __future__ import annotations

from xprojdb.steps.scoring.edges import EdgeScore
from xprojdb.steps.scoring.links import AlignmentScore, SoftScore
from xprojdb.steps.scoring.memory import MemoryScore
from xprojdb.steps.scoring.ner import NerScore
from xprojdb.steps.scoring.score import Score
from xprojdb.steps.scoring.surface import SurfaceScore
from xprojdb.steps.scoring.terms import TermScore
from xprojdb.steps.scoring.translation import TranslationScore

SCORERS: dict[str, type[Score]] = {
    "alignment": AlignmentScore,
    "soft": SoftScore,
    "surface": SurfaceScore,
    "edges": EdgeScore,
    "terms": TermScore,
    "memory": MemoryScore,
    "ner": NerScore,
    "translation": TranslationScore,
}
