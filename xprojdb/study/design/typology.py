"""How near languages are in the typological database URIEL (Littell et al. 2017), as the package lang2vec has it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np

from xprojdb.arrays import Floats
from xprojdb.errors import MissingExtra, UsageError
from xprojdb.study.design.similarity import Similarities
from xprojdb.text.languages import language

Aspect = Literal["family", "syntax", "geography"]
#: the file of each, and how the names of its features begin; what URIEL does not know of a syntax is predicted
_FILES: dict[Aspect, tuple[str, str]] = {
    "family": ("family_features.npz", "F_"),
    "syntax": ("feature_predictions.npz", "S_"),
    "geography": ("geocoord_features.npz", "GC_"),
}


def typological_similarities(langs: Sequence[str], aspect: Aspect) -> Similarities:
    """The cosine of the features of two languages, for each pair of them.

    :raises MissingExtra: when lang2vec is not installed.
    :raises UsageError: when URIEL does not have a language; the field ``lang`` has its code.
    """
    name, prefix = _FILES[aspect]
    # Only its files are read: the module itself imports what newer versions of setuptools no longer have.
    with np.load(_folder() / name) as file:
        columns = [place for place, feature in enumerate(file["feats"]) if str(feature).startswith(prefix)]
        places = {str(code): place for place, code in enumerate(file["langs"])}
        features = file["data"][:, columns, 0].astype(np.float64)
    rows = {lang: _row(features, places, lang) for lang in langs}
    return {(one, other): _cosine(rows[one], rows[other]) for one, other in product(langs, langs)}


def _folder() -> Path:
    found = find_spec("lang2vec")
    if found is None or not found.submodule_search_locations:
        raise MissingExtra(
            "lang2vec, which has the database URIEL, is needed for this and is not installed",
            hint="pip install 'xprojdb[uriel]'",
            module="lang2vec",
            extra="uriel",
        )
    return Path(next(iter(found.submodule_search_locations))) / "data"


def _row(features: Floats, places: dict[str, int], lang: str) -> Floats:
    known = language(lang)
    code = known.iso639_3 or lang
    if code not in places:
        hint = 'leave it out, or use near = "words" or "states"'
        raise UsageError(f"URIEL does not have {known.name} ({code})", hint=hint, lang=lang, reason="no-typology")
    row: Floats = features[places[code]]
    return row


def _cosine(one: Floats, other: Floats) -> float:
    length = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / length if length else 0.0
