"""Matching: arrays of candidates and scores in, the chosen spans out; knows no database and no model."""

from xprojdb.matching.candidates import Candidates, aligned_subranges, from_spans, ngrams, union
from xprojdb.matching.derived import DROPPED, DerivedLabel, derived_label, derived_labels
from xprojdb.matching.edges import clean_start, function_words, name_edges, name_words
from xprojdb.matching.exact import exact
from xprojdb.matching.general import general
from xprojdb.matching.greedy import greedy
from xprojdb.matching.heuristic import DEFAULT, REFERENCE, Heuristic, Projection, Reason, heuristic
from xprojdb.matching.joint import JointRule, joint
from xprojdb.matching.match import match
from xprojdb.matching.matches import Matches, Status
from xprojdb.matching.pairs import Pairs
from xprojdb.matching.pharaoh import links_from_pharaoh, scored_links_from_pharaoh
from xprojdb.matching.reliability import Reliability, agreement, reliability, source_weights
from xprojdb.matching.scores import alignment, fuse, soft_alignment, to_fixed
from xprojdb.matching.sources import Consensus, Sources, Spans, distinct_spans
from xprojdb.matching.surface import Words, copied, surface
from xprojdb.matching.terms import Terms, count_occurrences, count_terms, term_shares
from xprojdb.matching.votes import vote
from xprojdb.matching.weights import WordCounts, weigh_links, word_weights

__all__ = [
    "DEFAULT",
    "DROPPED",
    "REFERENCE",
    "Candidates",
    "Consensus",
    "DerivedLabel",
    "Heuristic",
    "JointRule",
    "Matches",
    "Pairs",
    "Projection",
    "Reason",
    "Reliability",
    "Sources",
    "Spans",
    "Status",
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
    "fuse",
    "general",
    "greedy",
    "heuristic",
    "joint",
    "links_from_pharaoh",
    "match",
    "name_edges",
    "name_words",
    "ngrams",
    "reliability",
    "scored_links_from_pharaoh",
    "soft_alignment",
    "source_weights",
    "surface",
    "term_shares",
    "to_fixed",
    "union",
    "vote",
    "weigh_links",
    "word_weights",
]
