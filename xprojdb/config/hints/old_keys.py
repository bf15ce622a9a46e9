"""Recipe keys from before the first release and their current names, only used in hints."""

from __future__ import annotations

from collections.abc import Mapping

OLD_KEYS: Mapping[str, tuple[str, ...]] = {
    "score": ("type", "scorer"),
    "floor": ("min_score",),
    "of": ("scorers",),
    "longest": ("max_length",),
    "longest_by": ("max_length_by",),
    "stop": ("stop_words",),
    "least": ("min_probability", "cutoff"),
    "edges": ("rule",),
    "most": ("max_frequency",),
    "back": ("back_model",),
    "keep_cut": ("keep_truncated",),
    "threshold": ("min_probability", "min_similarity", "min_support", "min_score"),
    "rule": ("symmetrization",),
    "votes": ("min_votes",),
    "count": ("candidates_per_entity",),
    "derived": ("adjective_label",),
    "derived_from": ("adjective_from",),
    "one_label": ("label_consistency",),
    "min_link": ("min_link_score",),
    "below": ("on_low_score",),
    "per": ("budget_per",),
    "unit": ("budget_unit",),
    "shares": ("split_ratios",),
    "exclude": ("decontaminate",),
}
