"""The pages of studies: what the report says, at once or as soon as it is computed, behind a server and as files."""

from __future__ import annotations

import html
import re

import pytest
from browse_sample import browser, combined_sample
from sqlalchemy import event
from study_sample import POOL, TARGETS, store_study

from xprojdb.browse.files import write_files
from xprojdb.browse.studies.curves import Line, Mark, draw_lines
from xprojdb.db import Database
from xprojdb.errors import MissingExtra
from xprojdb.study.report.analysis import analyse
from xprojdb.study.report.measurements import read_study
from xprojdb.study.report.methods import findings, methods_paragraph
from xprojdb.study.report.tables import curve_rows


def shown(client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.text


def texts(page: str) -> list[str]:
    return [html.unescape(text).strip() for text in re.findall(r">([^<]+)<", page)]


def test_without_a_study_the_page_says_what_one_is(database: Database) -> None:
    client = browser(database)
    assert "There is no study." in shown(client, "/studies")
    assert "there is no study none" in shown(client, "/study/none", 404)


def test_the_list_has_every_study(database: Database) -> None:
    store_study(database)
    store_study(database, "a/b & c", ks=(1, 2), measured=False)
    page = shown(browser(database), "/studies")
    assert re.findall(r'href="(/study/[^"]+)"', page) == ["/study/a/b%20%26%20c", "/study/curves"]
    assert "k = 1, 2, 4" in texts(page) and "all" in texts(page)


def test_a_page_answers_before_anything_is_resampled_and_has_the_report_then(database: Database) -> None:
    cells = store_study(database)
    client = browser(database)
    first = shown(client, "/study/curves")
    assert 'id="live"' in first and "<svg" in first and f"{cells} cells" in " ".join(texts(first))
    client.app.state.pages.analyses.background.join()
    page = shown(client, "/study/curves")
    assert 'id="live"' not in page
    with database.read() as connection:
        analysis = analyse(read_study(connection, "curves"))
    found = texts(page)
    assert methods_paragraph(analysis) in found
    for series in analysis.series:
        assert all(sentence in found for sentence in findings(series))
        assert all(cell in found for row in curve_rows(series) for cell in row)
    assert set(TARGETS) <= set(found) and "pt" not in found
    assert page.count('class="plot curves" viewBox="0 0 420') == 2 + len(TARGETS)
    assert "style=" not in page and "<script>" not in page


def test_a_study_that_is_not_trained_yet_says_so(database: Database) -> None:
    cells = store_study(database, measured=False)
    client = browser(database)
    shown(client, "/study/curves")
    client.app.state.pages.analyses.background.join()
    page = shown(client, "/study/curves")
    assert "nothing of the study curves is measured yet" in page
    assert f"{cells} models, 0 of them trained" in " ".join(texts(page))


def test_a_package_that_is_missing_is_named_and_scores_are_shown(database: Database, monkeypatch) -> None:
    def missing(*_arguments):
        raise MissingExtra("statsmodels is not installed", hint="pip install 'xprojdb[study]'")

    monkeypatch.setattr("xprojdb.browse.studies.analyses.analyse_series", missing)
    store_study(database)
    client = browser(database)
    shown(client, "/study/curves")
    client.app.state.pages.analyses.background.join()
    page = shown(client, "/study/curves")
    assert "statsmodels is not installed (pip install" in html.unescape(page)
    assert "Means so far" in page


def test_cells_follow_one_another(database: Database, monkeypatch) -> None:
    monkeypatch.setattr("xprojdb.browse.studies.reading.CELLS", 10)
    cells = store_study(database)
    client, address, seen = browser(database), "/study/curves", []
    while address:
        page = shown(client, address)
        assert "nothing" not in page
        seen += re.findall(r"<tr><td>ner</td><td>raw</td><td>(\w+)</td><td[^>]*>(\d)</td><td>([a-z ]+)</td>", page)
        follows = re.search(r'<a href="([^"#]+)#cells">next cells', page)
        address = follows[1] if follows else ""
    assert len(seen) == len(set(seen)) == cells
    assert {sources for _, k, sources in seen if k == "1"} == set(POOL)


def test_nothing_is_computed_twice(sqlite_database: Database) -> None:
    store_study(sqlite_database)
    client = browser(sqlite_database)
    shown(client, "/study/curves")
    client.app.state.pages.analyses.background.join()
    asked: list[str] = []
    event.listen(
        sqlite_database.engine, "before_cursor_execute", lambda _, __, query, *___: asked.append(query.lower())
    )
    shown(client, "/study/curves")
    client.app.state.pages.analyses.background.join()
    assert asked and not [query for query in asked if "model_score.counts" in query]


def test_names_and_recipes_are_text(sqlite_database: Database) -> None:
    store_study(sqlite_database, "<b>&", text="<script>alert(1)</script>")
    page = shown(browser(sqlite_database), "/study/<b>&")
    assert "<b>&" not in page and "<script>alert" not in page


def test_files_have_the_whole_page(database: Database, write_conll, tmp_path) -> None:
    combined_sample(database, write_conll, tmp_path)
    store_study(database, "a b")
    folder = write_files(database, tmp_path / "out", limit=2).folder
    (page,) = (folder / "studies").iterdir()
    text = page.read_text(encoding="utf-8")
    assert 'id="live"' not in text and "Difference to one source" in text and "--db" not in text
    for each in folder.rglob("*.html"):
        for address in re.findall(r'(?:href|src)="([^"#]*)', each.read_text(encoding="utf-8")):
            assert (each.parent / address).exists(), (each, address)
    assert "studies.html" in (folder / "index.html").read_text(encoding="utf-8")


def test_files_without_a_study_have_no_page_of_studies(sqlite_database: Database, write_conll, tmp_path) -> None:
    combined_sample(sqlite_database, write_conll, tmp_path)
    folder = write_files(sqlite_database, tmp_path / "out", limit=2).folder
    assert not (folder / "studies.html").exists()
    assert "Studies" not in (folder / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("values", [[0.0], [50.0, 50.0], [1e-9, 3.0, 99.9], [-3.0, 0.0, 4.0]])
def test_a_plot_has_its_points_inside_and_in_order(values: list[float]) -> None:
    marks = [Mark(2**place, value, value - 1, value + 1) for place, value in enumerate(values)]
    drawn = str(draw_lines([Line("one", marks)], "a plot"))
    points = [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', drawn)]
    assert len(points) == len(values)
    assert all(0 <= x <= 420 and 0 <= y <= 210 for x, y in points)
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    heights = [-y for _, y in points]
    assert sorted(range(len(values)), key=heights.__getitem__) == sorted(range(len(values)), key=values.__getitem__)


def test_nothing_is_drawn_of_nothing() -> None:
    assert draw_lines([Line("one", [])], "a plot") == ""
