"""The design of a study: balanced subsets, equal budgets, and no target among its own sources."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xprojdb.config.errors import RecipeError
from xprojdb.config.tables.study import StudyTable
from xprojdb.config.training import TrainingRecipe
from xprojdb.errors import MissingExtra, UsageError
from xprojdb.study.design.cells import cells_of, orders_of, shares_of, subsets_of, undecided
from xprojdb.study.design.checks import design_warnings
from xprojdb.study.design.similarity import state_similarities, word_similarities
from xprojdb.study.design.typology import typological_similarities

LANGS = ("en", "de", "es", "it", "fr", "sw")


def table(**keys) -> StudyTable:
    plain = {"pool": LANGS, "targets": ("en", "sw"), "k": (1, 2, 4), "budgets": {"fixed": 60, "growing": 15}}
    return StudyTable(**{**plain, **keys})


@given(st.integers(2, 6), st.integers(1, 3), st.integers(0, 50))
def test_each_language_occurs_equally_often_at_each_k(size, orders, seed):
    pool = LANGS[:size]
    design = table(pool=pool, targets=("yo",), k=tuple(range(1, size + 1)), orders=orders, seed=seed)
    for k in design.k:
        counts = Counter(lang for subset in subsets_of(design, {}) if subset.k == k for lang in subset.sources)
        assert counts == dict.fromkeys(pool, k * orders)


def test_no_target_is_among_its_own_sources():
    cells = cells_of(table(targets=LANGS))
    assert all(not set(cell.sources) & set(cell.subset.targets) for cell in cells)
    assert {target for cell in cells for target in cell.subset.targets} == set(LANGS)


def test_nor_is_its_family():
    families = {"en": "a", "de": "a", "es": "b", "it": "b", "fr": "b", "sw": "c"}
    for cell in cells_of(table(exclude="family", families=families, k=(1, 2))):
        assert not {families[lang] for lang in cell.sources} & {families[lang] for lang in cell.subset.targets}


@given(st.integers(1, 6), st.integers(6, 100))
def test_a_fixed_budget_is_shared_and_a_growing_one_is_not(k, budget):
    fixed, growing = shares_of("fixed", budget, LANGS[:k]), shares_of("growing", budget, LANGS[:k])
    assert sum(fixed.values()) == budget and max(fixed.values()) - min(fixed.values()) <= 1
    assert growing == dict.fromkeys(LANGS[:k], budget)


def test_orders_are_the_same_on_every_machine_and_none_is_a_turn_of_another():
    first, second, third = orders_of(table())
    assert orders_of(table(pool=LANGS[::-1])) == [first, second, third]
    assert first == ["es", "fr", "en", "de", "sw", "it"]
    for seed in range(20):
        cycles = [
            frozenset(map(frozenset, zip(order, order[1:] + order[:1], strict=True)))
            for order in orders_of(table(pool=LANGS[:4], targets=("yo",), seed=seed))
        ]
        assert len(set(cycles)) == 3


def test_ranked_subsets_are_the_nearest():
    texts = {lang: [tuple(f"w{chr(97 + n)}" for n in range(number, number + 5))] for number, lang in enumerate(LANGS)}
    near = word_similarities(texts)
    assert near["en", "de"] == pytest.approx(0.8)
    chosen = {(entry.targets, entry.k): entry.sources for entry in subsets_of(table(subsets="ranked"), near)}
    assert chosen[("en",), 2] == ("de", "es")
    assert chosen[("sw",), 2] == ("fr", "it")


def test_states_are_near_where_sentences_have_near_ones():
    rng = np.random.default_rng(0)
    topics = rng.normal(size=(6, 8)).astype(np.float32)
    shared = {"en": (0, 1, 2), "de": (0, 1, 3), "es": (0, 4, 5), "yo": (3, 4, 5)}
    vectors = {lang: topics[list(own)] + 5 for lang, own in shared.items()}
    near = state_similarities(vectors)
    middle = np.mean([own.mean(0) for own in vectors.values()], axis=0)

    def cosine(a, b):
        return np.dot(a - middle, b - middle) / np.linalg.norm(a - middle) / np.linalg.norm(b - middle)

    for one, other in near:
        nearest = [max(cosine(a, b) for b in vectors[other]) for a in vectors[one]]
        assert near[one, other] == pytest.approx(np.mean(nearest), abs=1e-5)
    assert near["en", "en"] == pytest.approx(1)
    assert near["en", "de"] > max(near["en", "es"], near["en", "yo"])


@pytest.fixture
def uriel(tmp_path, monkeypatch):
    """The package lang2vec in its layout, with four languages."""
    data = tmp_path / "lang2vec" / "data"
    data.mkdir(parents=True)
    (data.parent / "__init__.py").write_text("raise ImportError('no pkg_resources')", encoding="utf-8")
    langs = np.array(["deu", "eng", "swa", "yor"])
    feats = np.array(["F_Germanic", "F_West", "F_Niger-Congo", "I_other"])
    family = np.array([[1, 1, 0, 0], [1, 0, 0, 1], [0, 0, 1, 1], [0, 1, 1, 1]], np.float64)
    np.savez(data / "family_features.npz", langs=langs, feats=feats, data=family[..., None])
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("uriel")
def test_families_are_those_of_uriel():
    near = typological_similarities(["en", "de", "swa", "yo"], "family")
    assert near["en", "de"] == pytest.approx(0.5**0.5)
    assert near["en", "swa"] == 0 and near["swa", "yo"] == pytest.approx(0.5**0.5)
    with pytest.raises(UsageError) as refused:
        typological_similarities(["en", "fr"], "family")
    assert (refused.value.lang, refused.value.reason) == ("fr", "no-typology")


def test_without_uriel_its_package_is_named(monkeypatch):
    monkeypatch.setattr("xprojdb.study.design.typology.find_spec", lambda _name: None)
    with pytest.raises(MissingExtra) as refused:
        typological_similarities(["en"], "syntax")
    assert refused.value.extra == "uriel"


def test_diverse_subsets_are_far_apart():
    near = {(one, other): 1.0 for one in LANGS for other in LANGS}
    near |= {(one, "sw"): 0.0 for one in LANGS} | {("sw", other): 0.0 for other in LANGS}
    for entry in subsets_of(table(subsets="diverse"), near):
        assert len(set(entry.sources)) == entry.k
        assert entry.k == 1 or "sw" in entry.sources


def test_it_is_told_where_only_codes_decide_which_sources_are_nearest():
    near = {(one, other): 0.0 for one in LANGS for other in LANGS}
    near |= {("en", lang): 0.1 * place for place, lang in enumerate(LANGS)}
    assert undecided(table(subsets="ranked"), near) == ["sw"]
    # All others are taken: there is nothing to decide.
    assert undecided(table(subsets="ranked", k=(5,)), near) == []


def test_orders_change_no_diverse_subset():
    near = {(one, other): float(len(one + other + "x") % 3) for one in LANGS for other in LANGS}
    keys = {"subsets": "diverse", "targets": ("yo",)}
    one, three = (list(subsets_of(table(**keys, orders=orders), near)) for orders in (1, 3))
    assert one == three
    assert {entry.sources[0] for entry in one if entry.k == 2} == set(LANGS)
    assert not any("orders" in warning for warning in design_warnings(table(**keys, orders=1)))


@pytest.mark.parametrize(
    ("keys", "key", "reason"),
    [
        ({"k": (6,), "targets": ("en",)}, "k", "target-among-sources"),
        ({"budgets": {}}, "budgets", "confounded"),
        ({"exclude": "family"}, "families", None),
        ({"controls": ("centre",)}, "controls", None),
        ({"controls": ("raw",), "tasks": ("nli",)}, "controls", None),
        ({"budgets": {"fixed": 2}}, "budgets", None),
        ({"pool": ("xx-none",)}, "pool", None),
        ({"near": "states"}, "near", None),
    ],
)
def test_designs_that_cannot_be_compared_are_refused(keys, key, reason):
    plain = {"pool": LANGS, "targets": ("en", "sw"), "k": (1, 2, 4), "budgets": {"fixed": 60}}
    with pytest.raises(RecipeError) as refused:
        TrainingRecipe(name="x", corpora=["news"], study={**plain, **keys})
    assert refused.value.key == ".".join(filter(None, ("study", key)))
    assert refused.value.fields.get("reason") == reason
