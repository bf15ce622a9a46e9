"""A community's afternoon, on the command line: from a spreadsheet in two languages to a published data set."""

import csv
import json
import subprocess
import sys
from contextlib import contextmanager

import pytest
from loopback_hub import loopback_hub

pytest.importorskip("openpyxl")
pytest.importorskip("huggingface_hub")
pytest.importorskip("datasets")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning:httpx2")]

PEOPLE = ("Amina", "Otieno", "Wanjiru", "Juma", "Achieng")
PLACES = ("Nairobi", "Kisumu", "Mombasa", "Eldoret")
COUNT, TESTED = 300, 60
RECIPE = """
name = "market"
corpora = ["market"]
source = ["en"]
target = {targets}
align = {{aligner = "equal_words"}}
scorer = [{{type = "link_mass"}}]

[tag]
model = "imported:lab"
"""


def sentences():
    for number in range(COUNT):
        who, where = PEOPLE[number % 5], PLACES[number % 4]
        english, swahili = f"{who} sells {number} fish in {where} .", f"{who} anauza samaki {number} huko {where} ."
        yield f"row-{number}", english, swahili, f"{who} uso rech {number} e {where} ."


def spreadsheet(path, *columns):
    import openpyxl

    titles = ("id", "English", "Swahili", "Luo")
    book = openpyxl.Workbook()
    book.active.append([*(titles[column] for column in columns), "split"])
    for number, row in enumerate(sentences()):
        split = "test" if number >= COUNT - TESTED else "train"
        book.active.append([*(row[column] for column in columns), split])
    book.save(path)


def predictions(path):
    """What the community's own tagger found: it takes every tenth place for an organisation."""
    with path.open("w", encoding="utf-8") as file:
        for number, (name, english, *_) in enumerate(sentences()):
            tags = ["B-PER", "O", "O", "O", "O", "B-ORG" if number % 10 == 0 else "B-LOC", "O"]
            file.write(json.dumps({"id": name, "tokens": english.split(), "ner_tags": tags}) + "\n")


def corrected_in_label_studio(path):
    """A speaker takes over what was projected, and corrects what is no organisation; returns the number of changes."""
    tasks, changed = json.loads(path.read_text(encoding="utf-8")), 0
    for task in tasks:
        (prediction,) = task.pop("predictions")
        for region in prediction["result"]:
            changed += region["value"]["labels"] == ["ORG"]
            region["value"]["labels"] = [label.replace("ORG", "LOC") for label in region["value"]["labels"]]
        task["annotations"] = [{"completed_by": 7, "was_cancelled": False, "result": prediction["result"]}]
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return changed


def corrected_in_doccano(path):
    rows, changed = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()], 0
    for row in rows:
        changed += sum(label == "ORG" for *_, label in row["label"])
        row["label"] = [[start, end, label.replace("ORG", "LOC")] for start, end, label in row["label"]]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return changed


def corrected_in_a_spreadsheet(path):
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    place = head.index("labelled")
    changed = sum("]ORG" in row[place] for row in rows)
    for row in rows:
        row[place] = row[place].replace("]ORG", "]LOC")
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return changed


#: finds the configurations of a data set, and by split how many sentences who labelled
READER = """
import collections, json, sys, datasets
for line in sys.stdin:
    repo, configs = json.loads(line)
    found = {}
    for config in configs:
        data = datasets.load_dataset(repo, config)
        found[config] = {name: collections.Counter(rows["annotation"]) for name, rows in data.items()}
    print(json.dumps([sorted(datasets.get_dataset_config_names(repo)), found]), flush=True)
"""


@contextmanager
def reader(env):
    """A process that has loaded ``datasets``, to be asked for configurations of a data set."""
    command = [sys.executable, "-c", READER]
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as child:

        def ask(repo, *configs):
            print(json.dumps([repo, configs]), file=child.stdin, flush=True)
            return json.loads(child.stdout.readline())

        try:
            yield ask
        finally:
            child.kill()


def test_from_a_spreadsheet_to_a_published_data_set(run_cli, tmp_path, child_env):
    def run(*arguments, **env):
        done = run_cli("--db", "market.db", *arguments, **env)
        assert done.code == 0, done.stderr
        return done.stdout

    def labels(file, annotator):
        asked = ("--name", "speakers", "--lang", "sw", "--annotator", annotator, "--json")
        report = json.loads(run("import", "labels", file, *asked))
        assert (report["sentences"], report["left_out"].keys() - {"header"}) == (report["rows"], set())
        return report["rows"]

    spreadsheet(tmp_path / "market.xlsx", 0, 1, 2)
    columns = ("--text", "en=English", "--text", "sw=Swahili", "--pretokenized")
    run("import", "table", "market.xlsx", "--corpus", "market", *columns)
    predictions(tmp_path / "predictions.jsonl")
    message = run("import", "tags", "predictions.jsonl", "--name", "lab", "--lang", "en")
    assert message.splitlines()[-1] == "imported:lab: 300 sentences are new, with 600 entities"
    (tmp_path / "market.toml").write_text(RECIPE.format(targets='["sw"]'))
    run("run", "market.toml")
    for form in ("label-studio", "doccano", "csv"):
        run("export", form, form)
    train, test = tmp_path / "label-studio" / "sw.train.json", tmp_path / "doccano" / "sw.test.jsonl"
    again = tmp_path / "csv" / "sw.test.csv"
    assert corrected_in_label_studio(train) == 24
    assert corrected_in_doccano(test) == corrected_in_a_spreadsheet(again) == 6
    assert (labels(train, "fatuma"), labels(test, "fatuma"), labels(again, "baraka")) == (240, 60, 60)
    (agreed,) = json.loads(run("review", "agreement", "speakers", "--json"))
    assert (agreed["sentences"], agreed["equal"]) == (60, 60)
    (score,) = json.loads(run("evaluate", "--gold", "speakers", "--json"))
    total = score["labels"]["all"]
    assert (total["gold"], total["predicted"], total["tp"]) == (600, 600, 570)
    with loopback_hub() as hub, reader(child_env | hub.environment(str(tmp_path / "reader"), None)) as ask:
        env = hub.environment(str(tmp_path / "home"))
        chosen = ("--gold", "speakers", "--gold-splits", "test")
        run("push", "ana/market", *chosen, **env)
        swahili = {"train": {"projected": 240}, "test": {"reviewed": 60}}
        assert ask("ana/market", "sw") == [["all", "sw"], {"sw": swahili}]
        card = hub.files("ana/market")["README.md"].decode()
        assert "a model called lab (its output was imported)" in card
        assert "These splits hold gold: what reviewers decided." in card

        spreadsheet(tmp_path / "luo.xlsx", 0, 1, 3)
        run(
            "import",
            "table",
            "luo.xlsx",
            "--corpus",
            "market",
            "--text",
            "en=English",
            "--text",
            "luo=Luo",
            "--pretokenized",
        )
        (tmp_path / "market.toml").write_text(RECIPE.format(targets='["sw", "luo"]'))
        run("run", "market.toml")
        run("push", "ana/market", *chosen, **env)
        names, result = ask("ana/market", "sw", "luo")
        assert names == ["all", "luo", "sw"]
        assert result == {"sw": swahili, "luo": {"train": {"projected": 240}}}
