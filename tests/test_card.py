import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from xprojdb.evaluation.bootstrap import Interval
from xprojdb.evaluation.span_metrics import SpanScore
from xprojdb.exports.card.facts import CardContext, CardScore, CardSource, CardStep
from xprojdb.exports.card.front_matter import front_matter, to_yaml
from xprojdb.exports.card.hand_written import HAND_WRITTEN_END, HAND_WRITTEN_START
from xprojdb.exports.card.render import render_card
from xprojdb.exports.errors import ExportError
from xprojdb.exports.manifest import Manifest, SplitSummary
from xprojdb.exports.rows.schema import export_schema

OPEN = CardSource("Village News", "1.0", "CC-BY-4.0", "@misc{village, title={Village News}}", hub_id="me/village")
CLOSED = CardSource("Harbour Talk", None, "CC-BY-NC-SA-4.0")
NAMELESS = CardSource("Found Text")


def manifest(*configs):
    split = SplitSummary(1200, 15000, {"PER": 700, "LOC": 0}, 99, ("data/train-00000-of-00001.parquet",))
    counts = (600, 7500, {"PER": 300, "LOC": 2}, 50)
    files = {config: (f"{config}/train-00000-of-00001.parquet",) for config in configs}
    by_lang = {config: {"train": SplitSummary(*counts, files[config])} for config in configs}
    features = export_schema(["PER", "LOC"], {"margin": "double"}).features
    return Manifest("cd" * 32, {}, ("PER", "LOC"), features, by_lang or {"default": {"train": split}})


def facts(**changes):
    settings = {
        "title": "Village NER: projected",
        "summary": "Names in village news.",
        "languages": {"no": "Norwegian", "yo": "Yoruba"},
        "sources": [OPEN],
        "steps": [CardStep("align", "ef" * 32, "tiny-encoder", "abc", {"layer": 7})],
        **changes,
    }
    return CardContext(**settings)


def header(card):
    return yaml.safe_load(card.split("---\n")[1])


def body(card):
    return card.split("---\n", 2)[2]


def test_the_hub_reads_the_front_matter():
    hub = pytest.importorskip("huggingface_hub")
    data = hub.DatasetCard(render_card(facts(), manifest())).data
    assert isinstance(data, hub.DatasetCardData)
    assert data.language == ["no", "yo"]
    assert (data.license, data.pretty_name) == ("cc-by-4.0", "Village NER: projected")
    assert (data.task_categories, data.task_ids) == (["token-classification"], ["named-entity-recognition"])
    assert (data.annotations_creators, data.language_creators) == (["machine-generated"], ["found"])
    assert (data.multilinguality, data.size_categories) == (["multilingual"], ["1K<n<10K"])
    assert data.source_datasets == ["extended|me/village"]


def test_class_names_have_text_keys():
    info = header(render_card(facts(), manifest()))["dataset_info"]
    features = {feature["name"]: feature for feature in info["features"]}
    names = {"0": "O", "1": "B-PER", "2": "I-PER", "3": "B-LOC", "4": "I-LOC"}
    assert features["ner_tags"]["sequence"] == {"class_label": {"names": names}}
    assert (features["tokens"]["sequence"], features["margin"]["dtype"]) == ("string", "float64")
    assert info["splits"] == [{"name": "train", "num_bytes": 99, "num_examples": 1200}]


def test_configurations_and_the_one_that_unites_them():
    values = header(front_matter(manifest("no", "yo")))
    assert values["configs"] == [
        {
            "config_name": "all",
            "default": True,
            "data_files": [{"split": "train", "path": ["no/train-*", "yo/train-*"]}],
        },
        {"config_name": "no", "data_files": [{"split": "train", "path": "no/train-*"}]},
        {"config_name": "yo", "data_files": [{"split": "train", "path": "yo/train-*"}]},
    ]
    assert [info["splits"][0]["num_examples"] for info in values["dataset_info"]] == [1200, 600, 600]


@pytest.mark.parametrize(
    ("sources", "license", "expected"),
    [
        ([OPEN, OPEN], None, {"license": "cc-by-4.0"}),
        ([OPEN, CLOSED], None, {"license": "other"}),
        ([OPEN, NAMELESS], None, {"license": "unknown"}),
        ([OPEN, NAMELESS], "MIT", {"license": "mit"}),
        ([OPEN], "Village License", {"license": "other", "license_name": "Village License"}),
    ],
)
def test_the_license_follows_from_the_sources(sources, license, expected):
    values = header(render_card(facts(sources=sources, license=license), manifest()))
    assert {name: value for name, value in values.items() if name.startswith("license")} == expected


def test_licenses_that_restrict_are_called_out():
    def warnings(source):
        return [line for line in body(render_card(facts(sources=[source]), manifest())).splitlines() if line[:1] == ">"]

    assert warnings(OPEN) == []
    assert "commercial" in warnings(CLOSED)[0]
    assert "not known" in warnings(NAMELESS)[0]


def test_the_figures_stand_in_the_text():
    score = CardScore("yo", "Village gold, test", SpanScore.of(80, 100, 90), Interval(0.842, 0.81, 0.871, 0.95))
    text = body(render_card(facts(scores=[score], command="xprojdb run village.toml"), manifest()))
    assert "| default | train | 1,200 | 15,000 | 700 |" in text
    assert "| default | train | 700 (100%) | 0 (0%) |" in text
    assert "| yo | Village gold, test | 80.0 | 88.9 | 84.2 | 81.0–87.1 (95 %) |" in text
    assert "| align | tiny-encoder @ abc | layer = 7 | efefefefefef |" in text
    assert "```\nxprojdb run village.toml\n```" in text
    assert "@misc{village" in text
    assert "cd" * 32 in text


def test_without_gold_the_card_says_so():
    assert "not been compared with gold" in body(render_card(facts(), manifest()))


def test_the_hand_written_part_survives():
    first = render_card(facts(), manifest())
    mine = "\n## Notes\n\nMind the `|` in | tables.\n"
    before, rest = first.split(HAND_WRITTEN_START)
    edited = before + HAND_WRITTEN_START + mine + HAND_WRITTEN_END + rest.split(HAND_WRITTEN_END)[1]
    again = render_card(facts(title="Another title"), manifest(), edited)
    assert HAND_WRITTEN_START + mine + HAND_WRITTEN_END in again
    assert "# Another title" in again
    assert render_card(facts(), manifest(), first) == first
    assert HAND_WRITTEN_START in render_card(facts(), manifest(), "a card without comments")


@pytest.mark.parametrize(
    "old",
    [HAND_WRITTEN_START + "x", "x" + HAND_WRITTEN_END, HAND_WRITTEN_END + "x" + HAND_WRITTEN_START,
     2 * (HAND_WRITTEN_START + HAND_WRITTEN_END)],
)  # fmt: skip
def test_a_hand_written_part_without_clear_ends_is_refused(old):
    with pytest.raises(ExportError) as caught:
        render_card(facts(), manifest(), old)
    assert (caught.value.starts, caught.value.ends) == (old.count(HAND_WRITTEN_START), old.count(HAND_WRITTEN_END))


def test_facts_cannot_break_the_card():
    nasty = f"a | b\n---\n{HAND_WRITTEN_START} ```"
    source = CardSource(nasty, nasty, nasty, nasty, nasty)
    card = render_card(
        facts(title=nasty, summary=nasty, sources=[source], command=nasty, recipe=nasty, languages={"yo": nasty}),
        manifest(),
    )
    assert header(card)["pretty_name"] == nasty
    assert card.count(HAND_WRITTEN_START) == card.count(HAND_WRITTEN_END) == 1
    assert render_card(facts(), manifest(), card) == render_card(facts(), manifest())


@pytest.mark.parametrize(
    ("sentences", "category"),
    [(999, "n<1K"), (1000, "1K<n<10K"), (10**6, "1M<n<10M"), (10**9, "n>1B")],
)
def test_size_categories(sentences, category):
    split = SplitSummary(sentences, 0, {"PER": 0, "LOC": 0}, 0, ("data/train-00000-of-00001.parquet",))
    sized = Manifest("", {}, ("PER", "LOC"), {}, {"default": {"train": split}})
    assert header(render_card(facts(), sized))["size_categories"] == [category]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner.filter(lambda v: not isinstance(v, list)), max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), inner, max_size=4)
    ),
    max_leaves=15,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), VALUES, max_size=5))
def test_yaml_reads_back_as_what_was_written(value):
    assert yaml.safe_load(to_yaml(value)) == value or value == {}


@pytest.mark.parametrize("word", ["no", "NO", "on", "y", "null", "true", "1e5", "1_000", "2024-01-01", "~", "", ".inf",
                                  "a: b", "# c", "- d", "é\u2028", "\x85", "\x7f", "😀", "\ufeff"])  # fmt: skip
def test_words_that_yaml_would_take_for_something_else(word):
    assert yaml.safe_load(to_yaml({"key": word, word: [word]})) == {"key": word, word: [word]}
