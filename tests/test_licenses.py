"""Licenses by family, and what follows for a data set made from several."""

from __future__ import annotations

import pytest

from xprojdb.exports.card.licenses import (
    NO_DERIVATIVES,
    NON_COMMERCIAL,
    PERMISSIVE,
    PUBLIC_DOMAIN,
    RESEARCH,
    SHARE_ALIKE,
    UNFAMILIAR,
    UNKNOWN,
    USE_RESTRICTED,
    Family,
    common_license,
    conflicts,
    family_of,
)
from xprojdb.exports.card.model_licenses import card_model


@pytest.mark.parametrize(
    ("name", "family"),
    [
        (None, UNKNOWN),
        ("  ", UNKNOWN),
        ("unknown", UNKNOWN),
        ("CC BY-NC-SA 4.0", NON_COMMERCIAL),
        ("cc_by_nc_4.0", NON_COMMERCIAL),
        ("For non-commercial use", NON_COMMERCIAL),
        ("Research only", RESEARCH),
        ("LDC User Agreement", RESEARCH),
        ("cc-by-nd-4.0", NO_DERIVATIVES),
        ("bigscience-openrail-m", USE_RESTRICTED),
        ("CC-BY-SA-3.0", SHARE_ALIKE),
        ("LGPL-3.0", SHARE_ALIKE),
        ("cc0-1.0", PUBLIC_DOMAIN),
        ("MIT", PERMISSIVE),
        ("Apache License 2.0", PERMISSIVE),
        ("CC BY 4.0", PERMISSIVE),
        ("Village License", UNFAMILIAR),
        ("Finland only", UNFAMILIAR),
    ],
)
def test_names_belong_to_families(name: str | None, family: Family) -> None:
    assert family_of(name) is family


@pytest.mark.parametrize(
    ("licenses", "expected", "clashes"),
    [
        (["MIT", "MIT"], "MIT", 0),
        (["MIT", "apache-2.0"], "other", 0),
        (["MIT", None], "unknown", 0),
        ([], "unknown", 0),
        (["CC-BY-SA-4.0", "MIT", "CC0-1.0"], "CC-BY-SA-4.0", 0),
        (["CC-BY-SA-3.0", "CC-BY-SA-4.0"], "other", 0),
        (["CC-BY-SA-4.0", "GPL-3.0"], "other", 1),
        (["CC-BY-SA-4.0", "CC-BY-NC-4.0"], "other", 1),
        (["CC-BY-NC-4.0", "MIT"], "other", 0),
        (["CC-BY-SA-4.0", "GPL-3.0", "CC-BY-ND-4.0"], "other", 3),
    ],
)
def test_several_sources(licenses: list[str | None], expected: str, clashes: int) -> None:
    named = {f"source {number}": license for number, license in enumerate(licenses)}
    assert common_license(named) == expected
    assert len(list(conflicts(named))) == clashes


def test_models_are_known_by_their_ids() -> None:
    assert card_model("facebook/nllb-200-distilled-600M", "x").license == "cc-by-nc-4.0"
    assert card_model("spacy:en_core_web_sm", None).name == "en_core_web_sm"
    assert card_model("hf:me/tagger", "abc").license is None
