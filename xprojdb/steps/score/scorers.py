"""The class of each scorer, by the name that recipes know it by."""

from __future__ import annotations

from xprojdb.steps.score.boundary import BoundaryScore
from xprojdb.steps.score.edit_similarity import EditSimilarity
from xprojdb.steps.score.link_scores import LinkDice, LinkMass
from xprojdb.steps.score.nmt_score import NmtScore
from xprojdb.steps.score.stage import ScoreStage
from xprojdb.steps.score.tagger_probability import TaggerProbability
from xprojdb.steps.score.term_consistency import TermConsistency
from xprojdb.steps.score.translation_memory import TranslationMemory

SCORERS: dict[str, type[ScoreStage]] = {
    "alignment": LinkDice,
    "soft": LinkMass,
    "surface": EditSimilarity,
    "edges": BoundaryScore,
    "terms": TermConsistency,
    "memory": TranslationMemory,
    "ner": TaggerProbability,
    "translation": NmtScore,
}
