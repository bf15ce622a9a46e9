"""The class of each scorer, by the name that recipes know it by."""

from __future__ import annotations

from xprojdb.steps.score import Score
from xprojdb.steps.score_edges import EdgeScore
from xprojdb.steps.score_links import AlignmentScore, SoftScore
from xprojdb.steps.score_ner import NerScore
from xprojdb.steps.score_surface import SurfaceScore
from xprojdb.steps.score_terms import TermScore
from xprojdb.steps.score_translation import TranslationScore

SCORERS: dict[str, type[Score]] = {
    "alignment": AlignmentScore,
    "soft": SoftScore,
    "surface": SurfaceScore,
    "edges": EdgeScore,
    "terms": TermScore,
    "ner": NerScore,
    "translation": TranslationScore,
}
