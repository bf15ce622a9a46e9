"""A community's afternoon, on the command line: from a spreadsheet in two languages to a published data set."""

import csv
import json
import subprocess
import sys

import pytest
from children import HANG
from loopback_hub import loopback_hub

pytest.importorskip("openpyxl")
pytest.importorskip("huggingface_hub")
pytest.importorskip("datasets")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning:httpx2")]

PEOPLE = ("Amina", "Otieno", "Wanjiru", "Juma", "Achieng")
PLACES = ("Nairobi", "Kisumu", "Mombasa", "Eldoret")
COUNT = 300
RECIPE = """
name = "market"
corpora = ["market"]
source = ["en"]
target = ["sw"]
align = {aligner = "equal_words"}
scorer = [{type = "link_mass"}]

[tag]
model = "imported:lab"
"""


def sentences():
    for number in range(COUNT):
        who, where = PEOPLE[number % 5], PLACES[number % 4]
        yield f"row-{number}", f"{who} sells {number} fish in {where} .", f"{who} anauza samaki {number} huko {where} ."


def spreadsheet(path):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["id", "English", "Swahili", "split"])
    for number, (name, english, swahili) in enumerate(sentences()):
        book.active.append([name, english, swahili, "test" if number >= COUNT - 60 else "train"])
    book.save(path)


def predictions(path):
    """What the community's own tagger found: it takes every tenth place for an organisation."""
    with path.open("w", encoding="utf-8") as file:
        for number, (name, english, _) in enumerate(sentences()):
            tags = ["B-PER", "O", "O", "O", "O", "B-ORG" if number % 10 == 0 else "B-LOC", "O"]
            file.write(json.dumps({"id": name, "tokens": english.split(), "ner_tags": tags}) + "\n")


def corrected(path, out):
    """A speaker corrects what is no organisation, in a table of ids, sentences and tags."""
    changed = 0
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "tags"])
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            tags = [tag.replace("ORG", "LOC") for tag in row["ner_tags"]]
            changed += tags != row["ner_tags"]
            writer.writerow([row["id"], " ".join(row["tokens"]), " ".join(tags)])
    return changed


def loaded(hub, home, repo, config, env):
    code = (
        "import json, sys, datasets\n"
        f"data = datasets.load_dataset({repo!r}, *{[config] if config else []!r})\n"
        "print(json.dumps({name: len(rows) for name, rows in data.items()}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=env | hub.environment(str(home), None), capture_output=True,
        encoding="utf-8", timeout=HANG, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_from_a_spreadsheet_to_a_published_data_set(run_cli, tmp_path, child_env):
    def run(*arguments, **env):
        done = run_cli("--db", "market.db", *arguments, **env)
        assert done.code == 0, done.stderr
        return done.stdout

    spreadsheet(tmp_path / "market.xlsx")
    columns = ("--text", "en=English", "--text", "sw=Swahili", "--pretokenized")
    run("import", "table", "market.xlsx", "--corpus", "market", *columns)
    predictions(tmp_path / "predictions.jsonl")
    told = run("import", "tags", "predictions.jsonl", "--name", "lab", "--lang", "en")
    assert told.splitlines()[-1] == "imported:lab: 300 sentences are new, with 600 entities"
    (tmp_path / "market.toml").write_text(RECIPE)
    run("run", "market.toml")
    assert run("run", "market.toml") == "nothing to do\n"
    run("export", "jsonl", "out")
    changes = [
        corrected(tmp_path / "out" / f"sw.{split}.jsonl", tmp_path / f"{split}.csv") for split in ("train", "test")
    ]
    assert changes == [24, 6]
    for split in ("train", "test"):
        table = ("--text", "text", "--tags", "tags")
        report = json.loads(run(
            "import", "labels", f"{split}.csv", "--name", "speakers", "--lang", "sw", "--annotator", "fatuma", *table,
            "--json",
        ))  # fmt: skip
        assert report["sentences"] == report["rows"]
    (score,) = json.loads(run("evaluate", "--gold", "speakers", "--json"))
    total = score["labels"]["all"]
    assert (total["gold"], total["predicted"], total["tp"]) == (600, 600, 570)
    with loopback_hub() as hub:
        env = hub.environment(str(tmp_path / "home"))
        run("push", "ana/market", **env)
        sizes = loaded(hub, tmp_path / "reader", "ana/market", None, child_env)
        assert sizes == {"train": 240, "test": 60}
        card = hub.files("ana/market")["README.md"].decode()
    assert "a model called lab (its output was imported)" in card
