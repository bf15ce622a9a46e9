"""What the tests of pages share: a database with many scripts and hostile words, and a browser that was let in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from projection_sample import plan_of
from several_sample import ALL, FIRST, SECOND, import_part, run_combined
from sqlalchemy import update
from starlette.testclient import TestClient

from xprojdb.browse.app import make_app
from xprojdb.browse.security import Doorkeeper
from xprojdb.db import Database
from xprojdb.db.tables import sentence
from xprojdb.execution.run import run_plan
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.planning.plan import Plan

PORT = 8765
#: words that would act if a page, a terminal or a reading order let them
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img/src=x/onerror=alert(2)>',
    "a\u202eb",
    "c\x1b[31md",
    "'onmouseover='alert(3)",
    "{{7*7}}",
    "\u2066e\u200bf",
)


#: what the importer takes in their place: it refuses controls, other programs that write rows do not
PLACE = "w0 w1 w2 w3 w4 w5 w6"


def browser(database: Database, reviewers: tuple[str, ...] = ("",), reviewer: str = "") -> TestClient:
    """A client that has exchanged its one-time address."""
    doorkeeper = Doorkeeper(PORT, reviewers)
    client = TestClient(make_app(database, doorkeeper), base_url=f"http://127.0.0.1:{PORT}")
    assert client.get(doorkeeper.address(reviewer)).status_code == 200
    return client


def combined_sample(database: Database, write_conll: Callable[..., Path], folder: Path) -> Plan:
    """German labels from English, Spanish and Italian, which disagree here and there."""
    import_part(database, write_conll, FIRST, "first")
    import_part(database, write_conll, SECOND, "second")
    return run_combined(database, folder, 'method = "majority"', top=ALL)


def scripts_sample(database: Database, folder: Path) -> None:
    """English names carried word for word into languages of many scripts, one of them with hostile words."""
    sides = {
        "en": ["Selam met Omar in Harar", "Selam met Omar in Harar", PLACE],
        "ar": ["سلام التقت عمر في هرر"],
        "am": ["ሰላም አገኘች ዑመርን በ ሐረር"],
        "th": ["เซลาม พบ โอมาร์ ที่ ฮาราร์"],
        "zh": ["塞拉姆 见 奥马尔 在 哈勒尔"],
        "he": ["סלאם פגשה עומר ב הרר"],
        "ur": ["سلام ملی عمر سے ہرر"],
        "de": ["Selam traf Omar in Harar", " ".join(["Selam", *["sehr"] * 199]), PLACE],
    }
    for lang, lines in sides.items():
        if lang != "en":
            _import_pair(database, folder, lang, lines, sides["en"][: len(lines)])
    for lang in ("ar", "am", "th", "zh", "he", "ur", "de"):
        top = f'source = ["en"]\ntarget = ["{lang}"]'
        plan = plan_of(database, folder, "[project]\nmin_score = 0.1", top=top, corpora=f'["{lang}"]')
        plan.recipe = replace(plan.recipe, name=f"into-{lang}")
        run_plan(database, plan)
    with database.write() as connection:
        hostile = update(sentence).where(sentence.c.words.contains("w6")).values(words=json.dumps(HOSTILE))
        assert connection.execute(hostile).rowcount == 2


def _import_pair(database: Database, folder: Path, lang: str, target: list[str], source: list[str]) -> None:
    tagged = folder / f"{lang}.en.conll"
    tags = ["B-PER", "O", "B-PER", "O", "B-LOC", "O", "O"]
    blocks = ["\n".join(f"{word}\t{tag}" for word, tag in zip(line.split(" "), tags, strict=False)) for line in source]
    tagged.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    plain = folder / f"{lang}.conll"
    blocks = ["\n".join(f"{word}\tO" for word in line.split(" ")) for line in target]
    plain.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    part = "part"
    files = [
        corpus_file(tagged, "en", form="conll", part=part),
        corpus_file(plain, lang, form="conll", labelled=False, part=part),
    ]
    import_files(database, CorpusInfo(lang), files, parallel=True)
