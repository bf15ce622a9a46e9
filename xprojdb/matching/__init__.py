"""Matching: takes arrays of candidates and scores, returns the chosen spans; independent of databases and models."""

from xprojdb.matching.batch import PairBatch
from xprojdb.matching.candidates import Candidates, aligned_subranges, from_spans, ngrams, union
from xprojdb.matching.combination.joint import JointRule, joint
from xprojdb.matching.combination.reliability import SourceReliability, agreement, reliability, source_weights
from xprojdb.matching.combination.sources import ConsensusSpans, Sources, Spans, distinct_spans
from xprojdb.matching.combination.votes import vote
from xprojdb.matching.derived_labels import DROPPED, DerivedLabel, derived_label, derived_labels
from xprojdb.matching.heuristic import DEFAULT, REFERENCE, Heuristic, HeuristicProjection, heuristic
from xprojdb.matching.linked_runs import Reason
from xprojdb.matching.pharaoh.links import links_from_pharaoh, scored_links_from_pharaoh
from xprojdb.matching.scores.boundary import clean_start, function_words, name_edges, name_words
from xprojdb.matching.scores.edit_similarity import Words, copied, surface
from xprojdb.matching.scores.links import alignment, soft_alignment, to_fixed
from xprojdb.matching.scores.term_consistency import Terms, count_occurrences, count_terms, term_shares
from xprojdb.matching.scores.word_weights import WordCounts, weigh_links, word_weights
from xprojdb.matching.solvers.cp_sat import general
from xprojdb.matching.solvers.exact import exact
from xprojdb.matching.solvers.greedy import greedy
from xprojdb.matching.solvers.matches import Matches, SolverStatus
from xprojdb.matching.solvers.solve import solve

__all__ = [
    "DEFAULT",
    "DROPPED",
    "REFERENCE",
    "Candidates",
    "ConsensusSpans",
    "DerivedLabel",
    "Heuristic",
    "HeuristicProjection",
    "JointRule",
    "Matches",
    "PairBatch",
    "Reason",
    "SolverStatus",
    "SourceReliability",
    "Sources",
    "Spans",
    "Terms",
    "WordCounts",
    "Words",
    "agreement",
    "aligned_subranges",
    "alignment",
    "clean_start",
    "copied",
    "count_occurrences",
    "count_terms",
    "derived_label",
    "derived_labels",
    "distinct_spans",
    "exact",
    "from_spans",
    "function_words",
    "general",
    "greedy",
    "heuristic",
    "joint",
    "links_from_pharaoh",
    "name_edges",
    "name_words",
    "ngrams",
    "reliability",
    "scored_links_from_pharaoh",
    "soft_alignment",
    "solve",
    "source_weights",
    "surface",
    "term_shares",
    "to_fixed",
    "union",
    "vote",
    "weigh_links",
    "word_weights",
]
