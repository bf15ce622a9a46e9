"""What pages show, and that it is what the library tells."""

import html
import json
import re
import shlex
from collections import Counter

import pytest
from browse_sample import browser, combined_sample, scripts_sample
from sqlalchemy import delete, event, insert, select, update

from xprojdb.browse.limits import TooSlow
from xprojdb.browse.listing.facets import read_facets
from xprojdb.browse.listing.filters import Filters, read_filters
from xprojdb.browse.listing.page import Listing, runs_of
from xprojdb.browse.sentence.lineage import path_of
from xprojdb.browse.summaries.counts import Counted
from xprojdb.browse.summaries.overview import read_overview
from xprojdb.browse.summaries.recipes import Recipes
from xprojdb.db.tables import label, recipe, sentence, step
from xprojdb.execution.run import run_plan
from xprojdb.planning.store import load_plan
from xprojdb.provenance.diff import diff_steps
from xprojdb.provenance.explain import explain_sentence
from xprojdb.text.spans import Span


@pytest.fixture
def sample(database, write_conll, tmp_path):
    combined_sample(database, write_conll, tmp_path)
    return database


def names(page):
    return re.findall(r'class="name" href="[^"]*"><bdi>([^<]+)', page)


def listed(database, **filters):
    recipes = Recipes(database)
    recipe = recipes.get(filters.get("recipe"))
    return [entry.name for entry in Listing(database).page(Filters(**filters), recipe).sentences]


def test_pages_follow_one_another_and_leave_nothing_out(sample):
    recipe = Recipes(sample).get(None)
    listing, seen, after = Listing(sample), [], 0
    while after is not None:
        page = listing.page(Filters(after=after), recipe, size=4)
        assert len(page.sentences) <= 4
        seen += [entry.id for entry in page.sentences]
        after = page.after
    with sample.read() as connection:
        assert seen == list(connection.execute(select(sentence.c.id).order_by(sentence.c.id)).scalars())


def test_an_order_puts_the_least_certain_first(sample):
    recipe = Recipes(sample).get(None)
    listing, margins, after = Listing(sample), [], 0
    while after is not None:
        page = listing.page(Filters(order="margin", after=after), recipe, size=2)
        margins += [entry.margin for entry in page.sentences]
        after = page.after
    assert margins == sorted(margins)
    assert len(margins) == len(listed(sample, score_from=0.0))


def test_labels_of_a_sentence_are_found_by_it(sqlite_database, write_conll, tmp_path):
    combined_sample(sqlite_database, write_conll, tmp_path)
    asked = []
    event.listen(
        sqlite_database.engine,
        "before_cursor_execute",
        lambda _, __, query, values, *___: asked.append((query, values)),
    )
    assert listed(sqlite_database, margin_to=0.4)
    queries = [(query, values) for query, values in asked if "EXISTS" in query and "margin" in query]
    with sqlite_database.read() as connection:
        plans = [
            row[3]
            for query, values in queries
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values)
        ]
    # The index of margins would be read from one end for each sentence.
    assert any("SEARCH label USING PRIMARY KEY (step_id=? AND sentence_id=?)" in plan for plan in plans)
    assert not any("ix_label_margin" in plan for plan in plans)


def test_filters(sample):
    german = listed(sample, lang="de")
    assert len(german) == 6
    assert {name.split("/")[1] for name in german} == {"de"}
    assert listed(sample, lang="de", text="Rote Hafen") == ["news/de/first-2"]
    assert listed(sample, lang="de", text="Hafen Rote") == []
    assert listed(sample, label="ORG") == ["news/de/first-2"]
    assert listed(sample, outcome="empty") == ["news/de/first-3", "news/de/first-4", "news/de/second-2"]
    assert listed(sample, corpus="other") == []
    assert listed(sample, divided=True) == ["news/de/first-1", "news/de/first-2"]
    weak = listed(sample, margin_to=0.4)
    assert set(weak) | set(listed(sample, margin_from=0.4000001)) >= set(listed(sample, margin_to=1.0))
    assert listed(sample, reviewed="yes") == []


def test_the_labels_of_a_step_in_place_of_the_final_ones(sample):
    recipes = Recipes(sample)
    plan = load_plan(sample)
    for projection in plan.projections:
        step = projection.step
        known = recipes.with_step(recipes.get(None), step.spec.digest[:10])
        page = Listing(sample).page(Filters(score_from=0.0), known)
        with sample.read() as connection:
            query = select(label.c.sentence_id).where(label.c.step_id == step.step_id)
            expected = sorted(set(connection.execute(query).scalars()))
        assert [entry.id for entry in page.sentences] == expected
        assert (projection.target, projection.source) in {(final.lang, final.source) for final in known.finals}
    client = browser(sample)
    assert client.get(f"/?step={plan.projections[0].step.spec.digest[:8]}").status_code == 200
    assert client.get("/?step=zzz").status_code == 400


def test_bands_count_labels_by_margin(sample):
    facets = read_facets(sample, Counted(sample), Recipes(sample).get(None))
    for bands in (facets.margins, facets.scores):
        assert sum(band.count for band in bands) == sum(count for _, count in facets.labels)
    for band in facets.margins:
        bounds = {"margin_from": band.low, "margin_to": None if band.high is None else band.high - 1e-9}
        shown = listed(sample, **bounds)
        assert bool(shown) is bool(band.count)
        assert len(shown) <= band.count


def test_filters_are_read_from_an_address():
    filters = read_filters({"lang": " de ", "margin_to": "0.5", "divided": "yes", "unknown": "x", "text": ""})
    assert filters == Filters(lang="de", margin_to=0.5, divided=True)
    assert filters.on(lang="") == {"margin_to": 0.5, "divided": "yes"}


def test_a_sentence_shows_what_explain_tells(sample):
    page = browser(sample).get("/sentence/news/de/first-1").text
    result = explain_sentence(sample, load_plan(sample), "news/de/first-1")
    text = html.unescape(page)
    for entry in result.consensus.labels:
        assert f"{entry.span.start}–{entry.span.end - 1}" in text
        assert f"{entry.margin:.3f}" in text
        for vote in entry.votes:
            assert vote.text in text
    for projection in result.projections:
        assert projection.source.name in text
        for built in projection.made_by:
            assert built.digest[:8] in text
    assert 'class="side" data-role="s" lang="en" dir="ltr"' in page


def test_a_label_that_was_outvoted_is_told(sample):
    with sample.write() as connection:
        step = load_plan(sample).consensuses[0].step.step_id
        assert connection.execute(delete(label).where(label.c.step_id == step, label.c.label == "ORG")).rowcount
    assert "outvoted by the other sources" in browser(sample).get("/sentence/news/de/first-2").text
    assert "outvoted by" not in browser(sample).get("/sentence/news/de/first-1").text


def test_the_path_of_a_label_begins_with_the_import(sample):
    plan = load_plan(sample)
    for projection in explain_sentence(sample, plan, "news/de/first-1").projections:
        path = path_of(projection.made_by)
        assert [step.kind for step in path.steps] == ["import", "align", "score", "project"]
        assert {step.digest for step in (*path.steps, *path.learned)} == {step.digest for step in projection.made_by}
        assert [step.name for step in path.steps][2].startswith("score ")


def test_a_page_names_the_command_that_gives_the_same(sample, run_cli):
    client = browser(sample)
    for path in ("/sentence/news/de/first-1", "/?order=margin", "/?label=ORG&lang=de", "/overview"):
        command = html.unescape(re.search(r'class="command">.*?<code>(.*?)</code>', client.get(path).text)[1])
        arguments = shlex.split(command)
        assert arguments[0] == "xprojdb"
        if sample.engine.dialect.name == "sqlite":
            done = run_cli(*arguments[1:])
            assert (done.code, done.stderr) == (0, "")


def test_a_sentence_of_a_source_has_a_page_too(sample):
    page = browser(sample).get("/sentence/news/en/first-1")
    assert page.status_code == 200
    assert "not this language" in page.text


def test_an_unknown_sentence_is_told(sample):
    client = browser(sample)
    for name in ("nothing", "999999", "news/de/", "99999999999999999999"):
        assert client.get(f"/sentence/{name}").status_code == 404


def test_a_comparison_is_the_diff(sample):
    first = load_plan(sample)
    step = first.projections[0].step.spec.digest
    second = first.consensuses[0].step.spec.digest
    with sample.write() as connection:
        here = label.c.step_id == first.consensuses[0].step.step_id, label.c.label == "ORG"
        assert connection.execute(update(label).where(*here).values(label="LOC")).rowcount
    expected = diff_steps(sample, step, second)
    page = html.unescape(browser(sample).get(f"/compare?first={step[:10]}&second={second[:10]}").text)
    for change in expected.changes:
        assert change.sentence in page
        assert change.kind in page
    counted = {kind: int(n) for n, kind in re.findall(r"(\d+) (added|removed|moved boundary|changed label)", page)}
    assert counted == {kind: n for kind, n in expected.counts.items() if n}


def test_an_unknown_side_of_a_comparison_is_told(sample):
    assert browser(sample).get("/compare?first=nope&second=sample").status_code == 400


def test_the_overview_counts_labels(sample):
    page = browser(sample).get("/overview").text
    with sample.read() as connection:
        step = load_plan(sample).consensuses[0].step.step_id
        count = len(
            connection.execute(select(label.c.label).where(label.c.step_id == step, label.c.label == "PER")).all()
        )
    assert re.search(rf">PER</b> {count}<", page)
    assert page.count('<svg class="plot bars"') == 2


def test_runs_are_listed(sample):
    assert '<td class="num">1</td>' in browser(sample).get("/runs").text


def test_an_empty_database_has_pages(database):
    client = browser(database)
    for path in ("/", "/overview", "/runs", "/compare", "/review"):
        assert client.get(path).status_code == 200


def test_directions_and_languages(sqlite_database, tmp_path):
    scripts_sample(sqlite_database, tmp_path)
    client = browser(sqlite_database)
    for lang, direction in (("ar", "rtl"), ("he", "rtl"), ("ur", "rtl"), ("am", "ltr"), ("th", "ltr"), ("zh", "ltr")):
        page = client.get(f"/sentence/{lang}/{lang}/part-1?recipe=into-{lang}").text
        assert f'data-role="t" lang="{lang}" dir="{direction}"' in page
    long = client.get("/sentence/de/de/part-2?recipe=into-de").text
    assert 'class="pair"' in long
    assert 'class="pair lasting"' in client.get("/sentence/de/de/part-1?recipe=into-de").text


def test_a_list_says_how_far_it_looked_when_its_time_is_spent(sample, monkeypatch):
    monkeypatch.setattr("xprojdb.browse.listing.page.WINDOW", 10)
    monkeypatch.setattr("xprojdb.browse.limits.PAGE_SECONDS", -1.0)
    recipe = Recipes(sample).get(None)
    page = Listing(sample).page(Filters(text="nowhere"), recipe)
    assert (page.sentences, page.unfinished, page.after) == ([], True, 10)


@pytest.mark.parametrize("order", ["margin", "score"])
def test_an_order_that_takes_long_is_found_in_the_background(
    sqlite_database, write_conll, tmp_path, monkeypatch, order
):
    combined_sample(sqlite_database, write_conll, tmp_path)
    expected = listed(sqlite_database, order=order)
    monkeypatch.setattr("xprojdb.browse.limits._OPERATIONS", 1)
    monkeypatch.setattr("xprojdb.browse.listing.orders.ORDER_SECONDS", -1.0)
    listing, recipe = Listing(sqlite_database), Recipes(sqlite_database).get(None)
    assert listing.page(Filters(order=order), recipe).sorting
    for thread in list(listing._orders._threads.values()):
        thread.join()
    assert [entry.name for entry in listing.page(Filters(order=order), recipe).sentences] == expected
    page = browser(sqlite_database).get(f"/?order={order}").text
    assert "data-again" in page


def test_an_order_that_takes_too_long_is_refused(sqlite_database, write_conll, tmp_path, monkeypatch):
    combined_sample(sqlite_database, write_conll, tmp_path)
    monkeypatch.setattr("xprojdb.browse.limits._OPERATIONS", 1)
    monkeypatch.setattr("xprojdb.browse.listing.orders.ORDER_SECONDS", -1.0)
    monkeypatch.setattr("xprojdb.browse.listing.orders.QUERY_SECONDS", -1.0)
    listing, recipe = Listing(sqlite_database), Recipes(sqlite_database).get(None)
    assert listing.page(Filters(order="margin"), recipe).sorting
    for thread in list(listing._orders._threads.values()):
        thread.join()
    with pytest.raises(TooSlow):
        listing.page(Filters(order="margin"), recipe)


def test_all_rows_are_counted_in_the_background(sample, monkeypatch):
    monkeypatch.setattr("xprojdb.browse.summaries.counts.SAMPLE", 2)
    monkeypatch.setattr("xprojdb.browse.summaries.counts._DELAY", 0)
    recipes, counted = Recipes(sample), Counted(sample)
    facets = read_facets(sample, counted, recipes.get(None))
    assert facets.sampled
    assert sum(count for _, count in facets.labels) == 2
    counted.complete(recipes.all)
    counted.background.join()
    facets = read_facets(sample, counted, recipes.get(None))
    assert not facets.sampled
    with sample.read() as connection:
        step = load_plan(sample).consensuses[0].step.step_id
        query = select(label.c.label, label.c.score, label.c.margin).where(label.c.step_id == step)
        rows = connection.execute(query).all()
        splits = Counter(connection.execute(select(sentence.c.split)).scalars())
    assert dict(facets.labels) == Counter(row.label for row in rows)
    assert dict(facets.splits) == {name or "–": count for name, count in splits.items()}
    (tile,) = read_overview(sample, recipes, counted).recipes["sample"]
    for values, bars in (
        ([row.score for row in rows], tile.labels.scores),
        ([row.margin for row in rows], tile.labels.margins),
    ):
        expected = Counter(min(int(value * 20), 19) for value in values)
        assert bars == [expected[place] for place in range(20)]


def test_counts_are_taken_again_when_the_database_changes(sample):
    recipes, counted = Recipes(sample), Counted(sample)
    before = dict(read_facets(sample, counted, recipes.get(None)).labels)
    with sample.write() as connection:
        step = load_plan(sample).consensuses[0].step.step_id
        here = label.c.step_id == step, label.c.label == "ORG"
        changed = connection.execute(update(label).where(*here).values(label="MISC")).rowcount
    after = dict(read_facets(sample, counted, recipes.get(None)).labels)
    assert (after["MISC"], "ORG" in after) == (changed, False)
    assert before["ORG"] == changed


def test_pieces_of_a_sentence():
    words = ["a", "b", "c", "d"]
    spans = [Span(1, 3, "X"), Span(2, 4, "Y")]
    assert list(runs_of(words, spans, "en")) == [("", "a", None), (" ", "b c", "X"), (" ", "d", None)]
    assert list(runs_of(words, spans, "th")) == [("", "a", None), (" ", "b c", "X"), (" ", "d", None)]
    assert list(runs_of(list("在北京。"), [Span(1, 3, "LOC")], "zh")) == [
        ("", "在", None), ("", "北京", "LOC"), ("", "。", None),
    ]  # fmt: skip


def test_a_recipe_of_another_version_does_not_disturb_the_others(sample):
    with sample.write() as connection:
        old = connection.execute(select(recipe).where(recipe.c.name == "sample")).mappings().one()
        own = connection.execute(select(step).where(step.c.kind == "project").limit(1)).mappings().one()
        key = connection.execute(insert(step).values({**own, "id": 999, "digest": "f" * 64, "version": 99}))
        key = key.inserted_primary_key[0]
        stored = json.dumps([{"step": key, "pairs": []}])
        connection.execute(insert(recipe).values({**old, "id": 999, "name": "older", "plan": stored}))
    client = browser(sample)
    for address in ("/", "/?recipe=sample", "/sentence/news/de/first-1?recipe=sample", "/overview"):
        assert client.get(address).status_code == 200, address
    assert "not shown until they run again: older" in client.get("/overview").text
    assert "no stage" in client.get("/?recipe=older").text


def test_a_recipe_that_changes_is_read_again(sample):
    recipes = Recipes(sample)
    before = recipes.get(None)
    run_plan(sample, load_plan(sample))
    assert recipes.get(None) is before
    with sample.write() as connection:
        connection.exec_driver_sql("UPDATE recipe SET digest = 'other'")
    assert recipes.get(None) is not before
