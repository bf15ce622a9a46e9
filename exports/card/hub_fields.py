"""The fields of the front matter by which the Hub lists and finds data sets."""

from __future__ import annotations

from typing import Any

from xprojdb.exports.card.facts import CardContext
from xprojdb.exports.card.licenses import common_license, plain_name
from xprojdb.exports.manifest import Manifest

# Identifiers that the Hub accepts as a license; anything else is "other", with its name beside it.

_HUB_LICENSES = frozenset(
    {"apache-2.0", "mit", "bsd-3-clause", "cc0-1.0", "gpl-2.0", "gpl-3.0", "lgpl-3.0", "lgpl-lr", "unknown"}
    | {"odbl", "odc-by", "pddl", "cc", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-nd-4.0"}
    | {"cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nc-sa-2.0"}
    | {"cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0"}
)
_SIZES = ((10**3, "1K"), (10**4, "10K"), (10**5, "100K"), (10**6, "1M"), (10**7, "10M"), (10**8, "100M"), (10**9, "1B"))


def hub_fields(context: CardContext, manifest: Manifest) -> dict[str, Any]:
    """The fields, in the order in which they are written."""
    extended = [f"extended|{source.hub_id or 'other'}" for source in context.sources]
    return {
        "pretty_name": context.title,
        "annotations_creators": _annotators(context, manifest),
        "language_creators": list(context.language_creators),
        "language": list(context.languages),
        **license_fields(_license(context)),
        "multilinguality": ["multilingual" if len(context.languages) > 1 else "monolingual"],
        "size_categories": [_size_category(manifest.sentences)],
        "source_datasets": list(dict.fromkeys(extended)) or ["original"],
        "task_categories": ["token-classification"],
        "task_ids": ["named-entity-recognition"],
    }


def _annotators(facts: CardContext, manifest: Manifest) -> list[str]:
    gold = facts.gold
    built = ["machine-generated"] if has_projected(facts, manifest) else []
    return built + ([] if gold is None else ["expert-generated" if gold.reviewed else "found"])


def has_projected(facts: CardContext, manifest: Manifest) -> bool:
    """Whether some split has projected labels."""
    return any(not facts.are_gold(config, name) for config, splits in manifest.configs.items() for name in splits)


def _size_category(sentences: int) -> str:
    lower = None
    for limit, name in _SIZES:
        if sentences < limit:
            return f"{lower}<n<{name}" if lower else f"n<{name}"
        lower = name
    return "n>1B"


def _license(context: CardContext) -> str:
    """The license of the data set, if it can be determined."""
    if context.license:
        return context.license
    return common_license({source.name: source.license for source in context.sources})


def license_fields(license: str) -> dict[str, str]:
    """A license as the front matter of the Hub has it."""
    name = plain_name(license)
    if name in _HUB_LICENSES or name == "other":
        return {"license": name}
    return {"license": "other", "license_name": license}
