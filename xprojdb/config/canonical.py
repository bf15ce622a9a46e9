"""The names used in stored steps: digested names never change, whatever recipes and Python call things today.

The parameters of a step are stored and digested under the names that recipes used when the first databases were made.
This is the one place that knows both: a renamed parameter gets an entry here, and every step keeps its digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: scorers: current name → stored name
SCORERS: Mapping[str, str] = {
    "link_mass": "soft",
    "link_dice": "alignment",
    "edit_similarity": "surface",
    "boundary": "edges",
    "term_consistency": "terms",
    "translation_memory": "memory",
    "tagger_probability": "ner",
    "nmt_score": "translation",
}
#: aligners
ALIGNERS: Mapping[str, str] = {"equal_words": "exact"}
#: parameters, by kind of step
KEYS: Mapping[str, Mapping[str, str]] = {
    "align": {
        "symmetrization": "rule",
        "min_probability": "threshold",
        "min_votes": "votes",
        "min_link_scores": "floors",
    },
    "translate": {"source": "from", "target": "to", "keep_truncated": "keep_cut"},
    "carry": {"source": "from", "target": "to", "keep_truncated": "keep_cut", "min_similarity": "threshold"},
    "score": {
        "type": "score",
        "min_score": "floor",
        "max_length": "longest",
        "stop_words": "stop",
        "rule": "edges",
        "max_frequency": "most",
        "min_probability": "least",
        "cutoff": "least",
    },
    "project": {
        "min_score": "threshold",
        "candidates_per_entity": "count",
        "adjective": "derived",
        "label_consistency": "one_label",
    },
    "rule": {"min_support": "threshold", "min_score": "floor", "max_frequency": "most"},
    "heuristic": {"min_link_score": "min_link", "adjective": "derived", "label_consistency": "one_label"},
}
#: values of parameters, by kind and current key
VALUES: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("align", "aligner"): ALIGNERS,
    ("align", "method"): {"mwmf": "match"},
    ("score", "type"): SCORERS,
}


def stored_key(kind: str, key: str) -> str:
    """The stored name of a parameter."""
    return KEYS.get(kind, {}).get(key, key)


def stored_value(kind: str, key: str, value: Any) -> Any:
    """The stored form of a parameter's value."""
    words = VALUES.get((kind, key), {})
    return words.get(value, value) if isinstance(value, str) else value


def current_value(kind: str, key: str, value: Any) -> Any:
    """The current form of a stored value."""
    words = {stored: word for word, stored in VALUES.get((kind, key), {}).items()}
    return words.get(value, value) if isinstance(value, str) else value


def stored_scorer_name(name: str) -> str:
    """The stored form of a scorer's name; default names start with the scorer's type."""
    return _renamed(name, SCORERS)


def scorer_name(stored: str) -> str:
    """The current name of a scorer."""
    return _renamed(stored, {word: name for name, word in SCORERS.items()})


def score_role(name: str) -> str:
    """The role of a scorer's step among the inputs of a project step.

    :param name: the current name of the scorer.
    """
    return f"score:{stored_scorer_name(name)}"


def role_name(role: str) -> str:
    """The current name of a step's input; those of scorers contain the scorer's name."""
    before, colon, name = role.partition(":")
    return f"{before}:{scorer_name(name)}" if colon and before in ("score", "scored") else role


def current_params(kind: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Stored parameters under their current names, for display.

    :param kind: the kind of the step.
    """
    words: dict[str, str] = {}
    for key, stored in KEYS.get(kind, {}).items():
        words.setdefault(stored, key)
    if kind == "score" and params.get("score") == SCORERS["nmt_score"]:
        words["least"] = "cutoff"
    renamed = {words.get(key, key): value for key, value in params.items()}
    current = {key: current_value(kind, key, value) for key, value in renamed.items()}
    if isinstance(current.get("rule"), Mapping):
        current["rule"] = current_params("rule", current["rule"])
    if "weights" in current and kind in ("project", "revise"):
        current["weights"] = {scorer_name(name): weight for name, weight in current["weights"].items()}
    return current


def _renamed(name: str, words: Mapping[str, str]) -> str:
    kind, colon, rest = name.partition(":")
    return f"{words.get(kind, kind)}{colon}{rest}" if colon else name
