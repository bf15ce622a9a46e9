"""The YAML part of the data set card, which the Hub and the ``datasets`` library read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from xprojdb.exports.manifest import Manifest, SplitSummary

_COMMENT = "<!--"
#: a line is never folded
_ENDLESS = 2**31


def front_matter(manifest: Manifest, fields: Mapping[str, Any] | None = None) -> str:
    """The YAML that makes a folder load with its configurations, splits and features.

    :param manifest: what was written.
    :param fields: further fields, placed first.
    :returns: YAML between two lines of three hyphens.
    """
    configs = _united(manifest)
    infos = [_dataset_info(manifest, config, splits) for config, splits in configs.items()]
    values = {
        **(fields or {}),
        "configs": [_config(config, splits) for config, splits in configs.items()],
        "dataset_info": infos[0] if len(infos) == 1 else infos,
    }
    return f"---\n{to_yaml(values)}---\n"


def to_yaml(values: Mapping[str, Any]) -> str:
    """A mapping as block YAML, keys in the given order.

    :param values: mappings, lists, strings, integers, booleans and ``None``.
    """
    text = yaml.dump(
        values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=_ENDLESS
    )
    # A comment in a title must not be taken for the hand-written part: it stands in double quotes.
    return text.replace(_COMMENT, "\\u003c!--")


class _Dumper(yaml.SafeDumper):
    """Without references to what is repeated, which not every reader follows."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the library's signature
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    quoted = _COMMENT in value or not value.isprintable()
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"' if quoted else None)


_Dumper.add_representer(str, _text)


def _united(manifest: Manifest) -> dict[str, dict[str, list[SplitSummary]]]:
    """The parts of each split of each configuration, ``all`` first when there are several."""
    configs = {config: {name: [part] for name, part in splits.items()} for config, splits in manifest.configs.items()}
    if "default" in configs:
        return configs
    names = dict.fromkeys(name for splits in configs.values() for name in splits)
    everything = {name: [part for splits in configs.values() for part in splits.get(name, [])] for name in names}
    return {"all": everything, **configs}


def _config(name: str, splits: Mapping[str, Sequence[SplitSummary]]) -> dict[str, Any]:
    files = [
        {"split": split, "path": paths[0] if len(paths) == 1 else paths}
        for split, paths in ((split, [_pattern(part, split) for part in parts]) for split, parts in splits.items())
    ]
    return {"config_name": name, **({"default": True} if name == "all" else {}), "data_files": files}


def _pattern(part: SplitSummary, split: str) -> str:
    folder = part.files[0].rpartition("/")[0]
    return f"{folder}/{split}-*"


def _dataset_info(manifest: Manifest, config: str, splits: Mapping[str, Sequence[SplitSummary]]) -> dict[str, Any]:
    sizes = [
        {
            "name": name,
            "num_bytes": sum(part.bytes for part in parts),
            "num_examples": sum(part.sentences for part in parts),
        }
        for name, parts in splits.items()
    ]
    return {
        "config_name": config,
        "features": [{"name": name, **_feature(feature)} for name, feature in manifest.features.items()],
        "splits": sizes,
        "dataset_size": sum(size["num_bytes"] for size in sizes),
    }


def _feature(feature: Any) -> dict[str, Any]:
    if isinstance(feature, list):
        return {"list": [{"name": name, **_feature(inner)} for name, inner in feature[0].items()]}
    if feature["_type"] == "ClassLabel":
        # The Hub needs string keys here; otherwise it reads the names as a list in another order.
        return {"class_label": {"names": {str(number): name for number, name in enumerate(feature["names"])}}}
    if feature["_type"] == "Sequence":
        inner = _feature(feature["feature"])
        return {"sequence": inner["dtype"] if set(inner) == {"dtype"} else inner}
    return {"dtype": feature["dtype"]}
