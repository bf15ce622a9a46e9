"""``db merge``: databases of shares together say what one undisturbed run says, and contradictions stay behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import _postgres_database
from damaged import COMBINE, import_news
from naming import told
from projection_sample import english, german, import_sample, plan_of, results
from review_sample import items_of
from several_sample import SECOND, import_part, run_combined
from sqlalchemy import URL, select, update

from xprojdb.db import Database, bulk, open_database
from xprojdb.db import tables as t
from xprojdb.db.runs import begin_run
from xprojdb.errors import DatabaseError, RunsAlive, UsageError
from xprojdb.evaluation.evaluate import evaluate_projections
from xprojdb.execution.run import run_plan
from xprojdb.maintenance.database_copy import copy_database
from xprojdb.maintenance.merging import results as merged_results
from xprojdb.maintenance.merging.merge import MergedSource, merge_databases
from xprojdb.maintenance.verify import verify
from xprojdb.planning.store import load_plan
from xprojdb.review.campaigns import load_campaign
from xprojdb.review.decisions import NewDecision, decide
from xprojdb.review.drawing import CampaignSettings, create_campaign
from xprojdb.review.queues import parse_mixture
from xprojdb.steps.shard import Shard

pytestmark = pytest.mark.slow

Write = Callable[..., Path]
COUNT = 24
BY = parse_mixture("random")


def address_of(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


@pytest.fixture
def make(sqlite_template: Path, tmp_path: Path) -> Iterator[Callable[[str], Database]]:
    """Makes empty SQLite databases."""
    opened = []

    def new(name: str) -> Database:
        path = tmp_path / f"{name}.db"
        path.write_bytes(sqlite_template.read_bytes())
        opened.append(open_database(path))
        return opened[-1]

    yield new
    for database in opened:
        database.close()


def _sample(database: Database, write_conll: Write, first: int = 0, count: int = COUNT, corpus: str = "news") -> None:
    import_sample(database, write_conll, {"en": english(count, first), "de": german(count, first)}, corpus)


def _merge(target: Database, *sources: Database) -> list[MergedSource]:
    report = merge_databases(address_of(target), [address_of(source) for source in sources])
    assert verify(target).damage == 0
    return report.sources


def test_shares_together_are_one_run(
    database: Database, make: Callable[[str], Database], write_conll: Write, tmp_path: Path
) -> None:
    """Each has all sentences and a third of what is made of them."""
    for number in (1, 2, 3):
        share = make(f"share{number}")
        # Other keys in each.
        import_sample(share, write_conll, {"en": english(number), "fr": german(number)}, f"other{number}")
        _sample(share, write_conll)
        run_plan(share, plan_of(share, tmp_path), shard=Shard(number, 3))
    merged = _merge(database, *(open_database(tmp_path / f"share{number}.db") for number in (1, 2, 3)))
    assert [entry.left for entry in merged] == [{}] * 3
    assert [entry.added["sentence"] for entry in merged] == [2 * COUNT + 2, 4, 6]
    assert sum(entry.added["alignment"] for entry in merged) == COUNT
    alone = make("alone")
    for number in (1, 2, 3):
        import_sample(alone, write_conll, {"en": english(number), "fr": german(number)}, f"other{number}")
    _sample(alone, write_conll)
    run_plan(alone, plan_of(alone, tmp_path))
    assert told(database) == told(alone)
    assert run_plan(database, plan_of(database, tmp_path)).run_id is None
    assert load_plan(database, "sample").recipe.name == "sample"


def test_parts_of_a_corpus_come_together(
    database: Database, make: Callable[[str], Database], write_conll: Write, tmp_path: Path
) -> None:
    """Votes, weights that were learned, several languages; the parts were imported apart."""
    first, second, alone = make("first"), make("second"), make("alone")
    import_news(first, write_conll)
    run_combined(first, tmp_path, 'method = "majority"')
    import_part(second, write_conll, SECOND, "second")
    run_combined(second, tmp_path, 'method = "majority"', top='source = ["en", "es"]\ntarget = ["de"]')
    merged = _merge(database, first, second)
    import_news(alone, write_conll)
    run_combined(alone, tmp_path, 'method = "majority"')
    import_part(alone, write_conll, SECOND, "second")
    run_combined(alone, tmp_path, 'method = "majority"', top='source = ["en", "es"]\ntarget = ["de"]')
    mine, theirs = told(database), told(alone)
    assert {name: mine[name] for name in ("sentence", "translation", "entity", "source_file")} == {
        name: theirs[name] for name in ("sentence", "translation", "entity", "source_file")
    }
    run_combined(database, tmp_path, 'method = "majority"')
    assert verify(database).damage == 0
    # Two recipes of one name: both are there, so that neither's steps are garbage.
    assert merged[1].notes
    with database.read() as connection:
        assert set(connection.execute(select(t.recipe.c.name)).scalars()) == {"sample", "sample-2"}


def test_merging_again_adds_nothing(
    database: Database, make: Callable[[str], Database], write_conll: Write, tmp_path: Path, row_counts: Any
) -> None:
    share = make("share")
    import_news(share, write_conll)
    run_combined(share, tmp_path, COMBINE)
    _merge(database, share)
    before, rows = row_counts(database), told(database)
    (again,) = _merge(database, share)
    assert again.added == {}
    assert again.left == {}
    assert (row_counts(database), told(database)) == (before, rows)
    assert rows == told(share)


def test_from_postgresql(
    make: Callable[[str], Database], write_conll: Write, tmp_path: Path, postgres_server: URL
) -> None:
    source, target = make("source"), make("target")
    import_news(source, write_conll)
    run_combined(source, tmp_path, COMBINE)
    with _postgres_database(postgres_server) as url:
        copy_database(address_of(source), url.render_as_string(hide_password=False))
        merge_databases(address_of(target), [url.render_as_string(hide_password=False)])
    assert told(target) == told(source)
    assert verify(target).damage == 0


def test_keys_are_given_above_all_that_were(
    database: Database, make: Callable[[str], Database], write_conll: Write, tmp_path: Path
) -> None:
    share = make("share")
    _sample(share, write_conll)
    _merge(database, share)
    with database.read() as connection:
        last = {table.name: bulk.last_id(connection, table) for table in (t.sentence, t.translation)}
    assert last == {"sentence": 2 * COUNT, "translation": COUNT}
    _sample(database, write_conll, corpus="later")
    run_plan(database, plan_of(database, tmp_path, corpora='["later", "news"]'))
    assert verify(database).damage == 0


def _words(database: Database, key: int, words: Sequence[str]) -> None:
    with database.write() as connection:
        values = {"words": json.dumps(words), "n_words": len(words)}
        connection.execute(update(t.sentence).where(t.sentence.c.id == key).values(values))


def test_other_sentences_of_the_same_file_are_refused(
    database: Database, make: Callable[[str], Database], write_conll: Write, row_counts: Any
) -> None:
    share = make("share")
    for entry in (database, share):
        _sample(entry, write_conll)
    _words(share, 3, ["another"])
    before = row_counts(database)
    with pytest.raises(DatabaseError) as refused:
        merge_databases(address_of(database), [address_of(share)])
    assert refused.value.sentence is not None
    assert row_counts(database) == before


def test_another_file_of_the_same_name_is_refused(
    database: Database, make: Callable[[str], Database], write_conll: Write
) -> None:
    share = make("share")
    _sample(database, write_conll)
    _sample(share, write_conll, count=COUNT + 1)
    with pytest.raises(DatabaseError) as refused:
        merge_databases(address_of(database), [address_of(share)])
    assert refused.value.column == "sha256"


def test_another_corpus_of_the_same_name_is_refused(
    database: Database, make: Callable[[str], Database], write_conll: Write
) -> None:
    share = make("share")
    for entry, license in ((database, "CC0"), (share, "none")):
        _sample(entry, write_conll)
        with entry.write() as connection:
            connection.execute(update(t.corpus).values(license=license))
    with pytest.raises(DatabaseError) as refused:
        merge_databases(address_of(database), [address_of(share)])
    assert (refused.value.corpus, refused.value.column) == ("news", "license")


def test_what_a_step_made_otherwise_stays_behind_with_what_rests_on_it(
    database: Database, make: Callable[[str], Database], write_conll: Write, tmp_path: Path
) -> None:
    share = make("share")
    for entry in (database, share):
        _sample(entry, write_conll)
        run_plan(entry, plan_of(entry, tmp_path), shard=Shard(1, 2))
    run_plan(share, plan_of(share, tmp_path))
    with share.write() as connection:
        first = connection.execute(
            select(t.alignment.c.translation_id).order_by(t.alignment.c.translation_id)
        ).scalars()
        there = set(results(database, ["alignment"])["alignment"])
        keys = {row[1] for row in there}
        key = next(key for key in first if key in keys)
        connection.execute(update(t.alignment).where(t.alignment.c.translation_id == key).values(links="0-0:0.5"))
    rows = told(database)
    (merged,) = _merge(database, share)
    assert [name.split()[0] for name in merged.left_steps] == ["align", "score", "project"]
    assert merged.left["alignment"] == COUNT
    assert merged.added["label"] == 0
    assert told(database) == rows
    run_plan(database, plan_of(database, tmp_path))
    assert len(told(database)["alignment"]) == COUNT


def test_what_was_learned_otherwise_stays_behind(
    database: Database, make: Callable[[str], Database], write_conll: Write, tmp_path: Path
) -> None:
    recipe, share = "[project]\nlabel_consistency = 0.5\n", make("share")
    for entry, count in ((database, 10), (share, 20)):
        _sample(entry, write_conll)
        run_plan(entry, plan_of(entry, tmp_path, recipe), limit=count)
    with database.read() as connection:
        learned = connection.execute(select(t.artifact.c.digest)).scalars().all()
    (merged,) = _merge(database, share)
    assert merged.left["artifact"] == 1
    assert merged.added["alignment"] == 10
    with database.read() as connection:
        assert connection.execute(select(t.artifact.c.digest)).scalars().all() == learned
    run_plan(database, plan_of(database, tmp_path, recipe))
    assert verify(database).damage == 0


def test_scores_of_a_part_stay_behind(
    database: Database, make: Callable[[str], Database], write_conll: Write, tmp_path: Path
) -> None:
    first, second = make("first"), make("second")
    for entry, corpus in ((first, "news"), (second, "news"), (second, "more")):
        lines = {"en": english(10), "de": [line.replace("Anna Berg", "Anna/B-PER Berg/I-PER") for line in german(10)]}
        _labelled(entry, write_conll, lines, corpus)
    for entry in (first, second):
        names = '["news"]' if entry is first else '["more", "news"]'
        plan = plan_of(entry, tmp_path, corpora=names)
        run_plan(entry, plan)
        evaluate_projections(entry, plan.projections, resamples=2)
    one, two = _merge(database, first, second)
    assert one.added["evaluation"] > 0
    assert two.left["evaluation"] > 0
    assert two.added["evaluation"] > 0


def _labelled(database: Database, write_conll: Write, lines: Mapping[str, Sequence[str]], corpus: str) -> None:
    from xprojdb.importing.files import CorpusInfo, corpus_file, import_files

    files = [
        corpus_file(write_conll(f"{corpus}.{lang}.conll", *sentences), lang, form="conll")
        for lang, sentences in lines.items()
    ]
    import_files(database, CorpusInfo(corpus), files, parallel=True)


def test_reviews_of_one_campaign_come_together(database: Database, write_conll: Write, tmp_path: Path) -> None:
    """A campaign is drawn once, copied, and worked on in two places."""
    _sample(database, write_conll)
    plan = plan_of(database, tmp_path)
    run_plan(database, plan)
    create_campaign(database, plan, CampaignSettings("week", size=4, by=BY))
    copy_database(address_of(database), tmp_path / "copy.db")
    other = open_database(tmp_path / "copy.db")
    for entry, reviewer in ((database, "ann"), (other, "bob")):
        campaign = load_campaign(entry, "week")
        decide(entry, campaign, items_of(entry, campaign)[0], reviewer, [NewDecision("skip")])
    with other:
        (merged,) = _merge(database, other)
        assert (merged.added["review"], merged.added["campaign"]) == (1, 0)
        assert _merge(database, other)[0].added == {}
    with database.read() as connection:
        assert sorted(connection.execute(select(t.review.c.reviewer)).scalars()) == ["ann", "bob"]


def test_campaigns_of_one_name_that_were_drawn_apart_are_two(
    database: Database, make: Callable[[str], Database], write_conll: Write, tmp_path: Path
) -> None:
    share = make("share")
    for entry, size in ((database, 4), (share, 5)):
        _sample(entry, write_conll)
        plan = plan_of(entry, tmp_path)
        run_plan(entry, plan)
        create_campaign(entry, plan, CampaignSettings("week", size=size, seed=size, by=BY))
    (merged,) = _merge(database, share)
    assert (merged.added["campaign"], merged.added["campaign_item"], len(merged.notes)) == (1, 5, 1)
    assert _merge(database, share)[0].added == {}
    assert load_campaign(database, "week-2").seed == 5


def test_an_interrupted_merge_leaves_nothing(
    database: Database,
    make: Callable[[str], Database],
    write_conll: Write,
    tmp_path: Path,
    row_counts: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    share = make("share")
    _sample(share, write_conll)
    run_plan(share, plan_of(share, tmp_path))
    before, whole = row_counts(database), merged_results._check

    def stop(*given: Any) -> int:
        if given[2].table is t.candidate:
            raise KeyboardInterrupt
        return whole(*given)

    monkeypatch.setattr(merged_results, "_check", stop)
    with pytest.raises(KeyboardInterrupt):
        merge_databases(address_of(database), [address_of(share)])
    assert row_counts(database) == before
    monkeypatch.undo()
    _merge(database, share)
    assert told(database) == told(share)


def test_a_row_that_arrives_otherwise_is_noticed(
    database: Database,
    make: Callable[[str], Database],
    write_conll: Write,
    tmp_path: Path,
    row_counts: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    share = make("share")
    _sample(share, write_conll)
    run_plan(share, plan_of(share, tmp_path))
    before, whole = row_counts(database), merged_results.execute

    def lossy(connection: Any, statement: str) -> int:
        done = whole(connection, statement)
        if statement.startswith("INSERT INTO candidate"):
            whole(connection, "UPDATE candidate SET score = score / 2 WHERE end_word = 2")
        return done

    monkeypatch.setattr(merged_results, "execute", lossy)
    with pytest.raises(DatabaseError) as refused:
        merge_databases(address_of(database), [address_of(share)])
    assert refused.value.table == "candidate"
    assert row_counts(database) == before


def test_itself_and_live_runs_are_refused(
    database: Database, make: Callable[[str], Database], write_conll: Write
) -> None:
    with pytest.raises(UsageError):
        merge_databases(address_of(database), [address_of(database)])
    share = make("share")
    _sample(share, write_conll)
    with share.write() as connection:
        begin_run(connection, "run")
    with pytest.raises(RunsAlive) as refused:
        merge_databases(address_of(database), [address_of(share)])
    assert len(refused.value.runs) == 1


def test_the_command_makes_the_target_and_tells_what_came(
    run_cli: Any, make: Callable[[str], Database], write_conll: Write, tmp_path: Path
) -> None:
    share = make("share")
    _sample(share, write_conll)
    done = run_cli("db", "merge", tmp_path / "new.db", tmp_path / "share.db", "--json")
    assert done.code == 0, done.stderr
    (source,) = json.loads(done.stdout)["sources"]
    assert source["added"]["sentence"] == 2 * COUNT
    again = run_cli("db", "merge", tmp_path / "new.db", tmp_path / "share.db")
    assert again.code == 0, again.stderr
    assert "0 rows of" in again.stdout
    missing = run_cli("db", "merge", tmp_path / "new.db", tmp_path / "missing.db")
    assert (missing.code, "Traceback" in missing.stderr) == (1, False)
