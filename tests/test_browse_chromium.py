"""Pages in a real browser: keys, scripts of the world, small screens, no JavaScript, a server that is killed."""

from collections import Counter

import pytest
from browse_sample import HOSTILE, combined_sample, scripts_sample
from chromium import entered, launched, served
from review_sample import campaign_of, items_of, labelled
from sqlalchemy import select
from study_sample import store_study

from xprojdb.browse.escaping import visible
from xprojdb.browse.files import write_files
from xprojdb.db.tables import review
from xprojdb.review.decisions import read_decisions, read_reviewed
from xprojdb.review.progress import read_progress
from xprojdb.text.spans import Span

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect
#: a browser is no Python package, so it need not be there where CI is set; ``.ci/run`` installs one if it can
pytestmark = [pytest.mark.optional, pytest.mark.slow]


@pytest.fixture(scope="module")
def browser():
    with launched() as browser:
        yield browser


@pytest.fixture
def complaints():
    """What consoles said; nothing, at the end."""
    results = []
    yield results
    assert results == []


@pytest.fixture
def path(sqlite_database):
    return sqlite_database.engine.url.database


def address_of(page):
    return page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2]


def overflows(page):
    """By how many pixels a page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_a_list_a_sentence_and_a_comparison(
    browser, complaints, sqlite_database, path, write_conll, tmp_path, child_env
):
    combined_sample(sqlite_database, write_conll, tmp_path)
    with served(path, "browse", env=child_env) as (_, addresses):
        page = entered(browser.new_context(), addresses[0], complaints)
        page.get_by_label("Language").select_option("de")
        page.get_by_role("button", name="Show").click()
        expect(page.locator(".sentences > li")).to_have_count(6)
        page.locator(".name", has_text="news/de/first-1").click()
        expect(page.locator(".lines line")).not_to_have_count(0)
        page.keyboard.press("j")
        expect(page.locator("tr.chosen")).to_have_count(1)
        expect(page.locator(".lines line.strong")).not_to_have_count(0)
        expect(page.locator("tr.chosen")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("tr.chosen details[open]")).to_have_count(1)
        page.locator(".pair .word").first.hover()
        expect(page.locator(".word.near")).not_to_have_count(0)
        page.keyboard.press("n")
        page.wait_for_url("**/first-2*")
        page.get_by_role("link", name="Compare").click()
        page.get_by_label("first").fill("sample")
        page.get_by_label("second").fill("sample")
        page.get_by_role("button", name="Compare").click()
        expect(page.get_by_text("No difference")).to_have_count(1)


def test_scripts_long_sentences_and_hostile_words(browser, complaints, sqlite_database, path, tmp_path, child_env):
    scripts_sample(sqlite_database, tmp_path)
    with served(path, "browse", env=child_env) as (_, addresses):
        page = entered(browser.new_context(viewport={"width": 520, "height": 900}), addresses[0], complaints)
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        for lang in ("ar", "he", "ur", "am", "th", "zh"):
            page.goto(f"{address_of(page)}/sentence/{lang}/{lang}/part-1?recipe=into-{lang}")
            words = page.locator(".side[data-role=t] .word")
            first, last = (words.nth(n).bounding_box() for n in (0, 1))
            assert (first["x"] > last["x"]) is (lang in ("ar", "he", "ur"))
            assert page.locator(".side[data-role=t]").get_attribute("lang") == lang
            assert overflows(page) <= 0
        page.goto(f"{address_of(page)}/sentence/de/de/part-2?recipe=into-de")
        expect(page.locator(".side[data-role=t] .word")).to_have_count(200)
        expect(page.locator(".lines line")).to_have_count(0)
        page.keyboard.press("j")
        expect(page.locator(".lines line")).not_to_have_count(0)
        assert overflows(page) <= 0
        page.goto(f"{address_of(page)}/sentence/de/de/part-3?recipe=into-de")
        shown = page.locator(".side[data-role=t] .word > span").all_inner_texts()
        assert shown == [visible(word) for word in HOSTILE]
        for entry in ("/", "/overview", "/runs", "/compare?first=into-de&second=into-ar"):
            page.goto(address_of(page) + entry)
            assert overflows(page) <= 0
        page.goto(address_of(page) + "/")
        # On a narrow screen, sentences come before the filters.
        sentence, filters = page.locator(".sentences > li").first, page.locator("form.filters")
        assert sentence.bounding_box()["y"] < filters.bounding_box()["y"]
        page.get_by_role("link", name="filters").click()
        expect(filters).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible(browser, complaints, sqlite_database, path, write_conll, tmp_path, child_env, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    plan = labelled(sqlite_database, write_conll, tmp_path)
    campaign = campaign_of(sqlite_database, plan)
    store_study(sqlite_database)
    # The page's own policy forbids foreign scripts, such as that of the check.
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)
    with served(path, "review", "start", "--reviewer", "ana", env=child_env) as (_, addresses):
        page = entered(context, addresses[0], complaints)
        review = f"/review/{campaign.id}"
        page.goto(address_of(page) + "/")
        sentence = page.locator("a.name", has_text="/de/").first.get_attribute("href")
        compared = "/compare?first=sample&second=sample"
        studies = ("/studies", "/study/curves")
        reviews = ("/review", f"{review}/0", f"{review}/bulk")
        for entry in ("/", sentence, compared, "/overview", "/runs", *studies, *reviews):
            page.goto(address_of(page) + entry)
            if entry == "/study/curves":
                # Its curves come as soon as they are computed.
                expect(page.locator("svg.curves[role=img]")).not_to_have_count(0, timeout=60_000)
                expect(page.locator("#live")).to_have_count(0, timeout=60_000)
            wanted = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
            result = axe.Axe().run(page, options=wanted)
            values = [(rule["id"], rule["nodes"][0]["html"][:120]) for rule in result.response["violations"]]
            assert values == [], entry


def test_ten_sentences_by_keys_alone(browser, complaints, sqlite_database, path, write_conll, tmp_path, child_env):
    # By margin, sentences without labels come last.
    campaign = campaign_of(sqlite_database, labelled(sqlite_database, write_conll, tmp_path), "margin", size=10)
    with served(path, "review", "start", "--reviewer", "ana", env=child_env) as (_, addresses):
        page = entered(browser.new_context(), addresses[0], complaints)
        page.goto(f"{address_of(page)}/review/{campaign.id}")
        for number in range(10):
            rank = int(page.url.rsplit("/", 1)[1].partition("?")[0])
            if number == 0:
                press(page, "a")
                # Turin: one word more to its left, and an organisation.
                page.keyboard.press("[")
                page.keyboard.press(str(1 + campaign.labels.index("ORG")))
                press(page, "c")
                page.keyboard.press("m")
                page.keyboard.press("]")
                for _ in range(3):
                    page.keyboard.press("]")
                press(page, "c")
                press(page, "u")
                press(page, "d")
            else:
                press(page, "A")
            assert f"/review/{campaign.id}/{rank}?" not in page.url
        expect(page.get_by_text("are done")).to_have_count(1)
    with sqlite_database.read() as connection:
        counts = Counter(row.action for row in read_decisions(connection, campaign.id))
    assert counts == {"accept": 19, "correct": 1, "add": 1, "undo": 1, "sentence-done": 10}
    first = items_of(sqlite_database, campaign)[0]
    with sqlite_database.read() as connection:
        spans = read_reviewed(connection, campaign, first, "ana").spans
    assert spans == [Span(0, 2, "PER"), Span(5, 7, "ORG")]
    assert read_progress(sqlite_database, campaign).finished == 10


def press(page, key):
    """A key that sends a form, and the page that comes then."""
    with page.expect_navigation():
        page.keyboard.press(key)


def test_without_javascript(browser, complaints, sqlite_database, path, write_conll, tmp_path, child_env):
    campaign = campaign_of(sqlite_database, labelled(sqlite_database, write_conll, tmp_path), size=3)
    with served(path, "review", "start", "--reviewer", "ana", env=child_env) as (_, addresses):
        page = entered(browser.new_context(java_script_enabled=False), addresses[0], complaints)
        page.goto(f"{address_of(page)}/review/{campaign.id}")
        page.get_by_role("button", name="reject").first.click()
        expect(page.locator(".state.reject")).to_have_count(1)
        page.get_by_role("button", name="undo").click()
        expect(page.locator(".state.reject")).to_have_count(0)
        for _ in range(3):
            page.get_by_role("button", name="accept the rest, finish").click()
        expect(page.get_by_text("are done")).to_have_count(1)


def test_the_pointer_chooses_words(browser, complaints, sqlite_database, path, write_conll, tmp_path, child_env):
    campaign = campaign_of(sqlite_database, labelled(sqlite_database, write_conll, tmp_path), "margin", size=3)
    with served(path, "review", "start", "--reviewer", "ana", env=child_env) as (_, addresses):
        page = entered(browser.new_context(), addresses[0], complaints)
        page.goto(f"{address_of(page)}/review/{campaign.id}/0")
        page.keyboard.press("m")
        words = page.locator("#judged .word")
        words.nth(2).hover()
        page.mouse.down()
        words.nth(3).hover()
        page.mouse.up()
        with page.expect_navigation():
            page.locator(".adding button").click()
        expect(page.locator(".state.add")).to_have_count(1)


def test_two_reviewers_and_a_server_that_is_killed(browser, sqlite_database, path, write_conll, tmp_path, child_env):
    campaign = campaign_of(sqlite_database, labelled(sqlite_database, write_conll, tmp_path), size=6, redundancy=2)
    start = ("review", "start", "--reviewer", "ana", "--reviewer", "ben")
    done = 0
    for _ in range(2):
        with served(path, *start, env=child_env) as (process, addresses):
            # A page that is being loaded when the server dies complains.
            pages = [entered(browser.new_context(), address, []) for address in addresses]
            for _ in range(3):
                for page in pages:
                    page.goto(f"{address_of(page)}/review/{campaign.id}")
                    press(page, "A")
                done += 1
            process.kill()
            process.wait()
        with sqlite_database.read() as connection:
            rows = connection.execute(select(review.c.reviewer).where(review.c.action == "sentence-done")).scalars()
            assert Counter(rows) == {"ana": done, "ben": done}
    assert read_progress(sqlite_database, campaign).finished == 6
    with sqlite_database.read() as connection:
        for item in items_of(sqlite_database, campaign):
            assert read_reviewed(connection, campaign, item, "ben").state == "sentence-done"


def test_files_open_from_a_disk(browser, complaints, sqlite_database, write_conll, tmp_path):
    combined_sample(sqlite_database, write_conll, tmp_path)
    folder = write_files(sqlite_database, tmp_path / "out", lang="de").folder
    page = browser.new_context().new_page()
    page.on("console", lambda told: complaints.append(told.text) if told.type in ("error", "warning") else None)
    page.goto((folder / "index.html").as_uri())
    page.locator("a.name").first.click()
    expect(page.locator(".lines line")).not_to_have_count(0)
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="Overview")).to_have_count(1)
