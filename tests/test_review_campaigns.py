"""Queues, progress, agreement, and gold made of reviews."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from browse_sample import combined_sample
from projection_sample import plan_of
from review_sample import SENTENCES, accept_all, campaign_of, items_of, labelled, labelled_item
from sqlalchemy import select

from xprojdb.db import open_database
from xprojdb.db.opening import address_of
from xprojdb.db.tables import campaign_item, corpus, entity, outcome, review, step
from xprojdb.errors import GroundMoved, UsageError
from xprojdb.evaluation.compare import compare_recipes
from xprojdb.evaluation.evaluate import evaluate_projections
from xprojdb.evaluation.tune import grid_recipe
from xprojdb.execution.run import run_plan
from xprojdb.maintenance.corpus_deletion import delete_corpus
from xprojdb.maintenance.errata.withdrawal import strip
from xprojdb.maintenance.garbage_collection import free_garbage
from xprojdb.maintenance.verify import verify
from xprojdb.review import drawing
from xprojdb.review.agreement import read_agreement
from xprojdb.review.campaigns import load_campaign
from xprojdb.review.decisions import ADD, CORRECT, REJECT, NewDecision, decide
from xprojdb.review.drawing import CampaignSettings, create_campaign
from xprojdb.review.everywhere import decide_all, same_phrase, unanimous
from xprojdb.review.exporting import exported_reviews
from xprojdb.review.figures import BiasedSample, check_fair, weighted_figures
from xprojdb.review.freezing import find_frozen, freeze_reviews, majority
from xprojdb.review.progress import read_progress
from xprojdb.review.queues import parse_mixture
from xprojdb.text.spans import Span

ANNA, TURIN = Span(0, 2, "PER"), Span(6, 7, "LOC")


@pytest.fixture
def plan(database, write_conll, tmp_path):
    return labelled(database, write_conll, tmp_path)


def finish(database, campaign, *reviewers):
    for item in items_of(database, campaign):
        for reviewer in reviewers:
            accept_all(database, campaign, item, reviewer)


def test_a_queue_is_drawn_once_and_can_be_drawn_again(database, plan):
    first = campaign_of(database, plan, "margin=0.5,random=0.5", size=8)
    drawn = items_of(database, first)
    settings = CampaignSettings("again", size=8, by=parse_mixture("margin=0.5,random=0.5"))
    again = items_of(database, create_campaign(database, plan, settings))
    assert [entry.sentence_id for entry in again] == [entry.sentence_id for entry in drawn]
    other = CampaignSettings("other", size=8, by=parse_mixture("margin=0.5,random=0.5"), seed=1)
    assert items_of(database, create_campaign(database, plan, other)) != drawn
    assert Counter(round(entry.probability, 6) for entry in drawn) == {1.0: 4, round(4 / 16, 6): 4}
    assert load_campaign(database, "german").query["population"] == SENTENCES


@pytest.mark.parametrize("by", ["margin", "score", "rare", "random"])
def test_orders(database, plan, by):
    items = items_of(database, campaign_of(database, plan, by, size=5))
    assert len({item.sentence_id for item in items}) == 5
    assert {item.probability for item in items} == {0.25 if by == "random" else 1.0}


@pytest.mark.parametrize("text", ["x", "margin=0.5", "margin=0.5,random=0.6", "margin=0,random=1", "margin=a,random=1"])
def test_a_mixture_that_is_none(text):
    with pytest.raises(UsageError):
        parse_mixture(text)


def test_the_disputed_first(database, write_conll, tmp_path):
    plan = combined_sample(database, write_conll, tmp_path)
    settings = CampaignSettings("disputed", size=2, by=parse_mixture("disagreement"))
    campaign = create_campaign(database, plan, settings)
    assert campaign.query["source"] == "en,es,it"
    assert labelled_item(database, campaign).rank in (0, 1)


def test_without_voters_there_is_no_disagreement(database, plan):
    with pytest.raises(UsageError) as caught:
        campaign_of(database, plan, "disagreement")
    assert caught.value.order == "disagreement"


def test_a_name_is_given_once(database, plan):
    campaign_of(database, plan)
    with pytest.raises(UsageError) as caught:
        campaign_of(database, plan)
    assert caught.value.campaign == "german"


def test_progress_and_agreement(database, plan):
    campaign = campaign_of(database, plan, redundancy=2)
    finish(database, campaign, "ana", "ben")
    item = labelled_item(database, campaign)
    decide(database, campaign, item, "ben", [NewDecision(CORRECT, ANNA, Span(0, 2, "ORG"))])
    decide(database, campaign, labelled_item(database, campaign, 1), "ben", [NewDecision(REJECT, TURIN)])
    progress = read_progress(database, campaign)
    assert (progress.sentences, progress.finished, progress.begun) == (SENTENCES, SENTENCES, SENTENCES)
    ana, ben = progress.reviewers
    assert ana.actions == {"accept": 32}
    assert ben.actions == {"accept": 30, "correct": 1, "reject": 1}
    assert ana.seconds == 7.0
    (agreement,) = read_agreement(database, campaign)
    assert (agreement.sentences, agreement.equal) == (SENTENCES, SENTENCES - 2)
    assert (agreement.all.tp, agreement.all.gold, agreement.all.predicted) == (30, 32, 31)
    assert (agreement.places.tp, agreement.labels["PER"].tp) == (31, 15)


def test_agreement_needs_two(database, plan):
    campaign = campaign_of(database, plan)
    finish(database, campaign, "ana")
    with pytest.raises(UsageError):
        read_agreement(database, campaign)


def test_only_finished_sentences_become_gold(database, plan):
    campaign = campaign_of(database, plan)
    item = labelled_item(database, campaign)
    decide(database, campaign, item, "ana", [NewDecision(REJECT, ANNA)])
    with pytest.raises(UsageError):
        freeze_reviews(database, campaign)
    accept_all(database, campaign, item, "ana")
    done = freeze_reviews(database, campaign)
    assert (done.sentences, done.labels, done.unfinished, done.disputed) == (1, 1, SENTENCES - 1, 0)
    with database.read() as connection:
        spans = connection.execute(select(entity.c.start_word, entity.c.label).where(entity.c.step_id == done.step_id))
        assert spans.all() == [(TURIN.start, "LOC")]
        row = connection.execute(select(step).where(step.c.id == done.step_id)).one()
    assert "ana" not in row.params
    assert json.loads(row.params)["campaign"] == "german"


def test_the_same_reviews_are_the_same_step(database, plan):
    campaign = campaign_of(database, plan)
    finish(database, campaign, "ana")
    first, again = freeze_reviews(database, campaign), freeze_reviews(database, campaign)
    assert (first.digest, first.known, again.known) == (again.digest, False, True)
    decide(database, campaign, labelled_item(database, campaign), "ana", [NewDecision(REJECT, ANNA)])
    other = freeze_reviews(database, campaign)
    assert other.digest != first.digest
    with database.read() as connection:
        assert find_frozen(connection, "german") == other.step_id
        assert find_frozen(connection, first.digest[:12]) == first.step_id


def test_where_reviewers_disagree_there_is_no_gold_unless_one_is_preferred(database, plan):
    campaign = campaign_of(database, plan, redundancy=2)
    finish(database, campaign, "ana", "ben")
    decide(database, campaign, labelled_item(database, campaign), "ben", [NewDecision(REJECT, ANNA)])
    plain = freeze_reviews(database, campaign)
    assert (plain.sentences, plain.disputed) == (SENTENCES - 1, 1)
    preferred = freeze_reviews(database, campaign, "ben")
    assert (preferred.sentences, preferred.disputed, preferred.labels) == (SENTENCES, 0, 31)


def test_majorities():
    one, two = Span(0, 1, "PER"), Span(2, 3, "LOC")
    assert majority([[one, two], [one], [one]]) == [one]
    assert majority([[one], []]) is None
    assert majority([[]]) == []


def test_frozen_reviews_are_gold_for_evaluate(database, plan):
    campaign = campaign_of(database, plan)
    finish(database, campaign, "ana")
    decide(database, campaign, labelled_item(database, campaign), "ana", [NewDecision(ADD, None, Span(3, 4, "MISC"))])
    frozen = freeze_reviews(database, campaign)
    (score,) = evaluate_projections(database, plan.labellings, gold_step=frozen.step_id, resamples=10)
    assert (score.sentences, score.total[0].tp, score.total[0].gold) == (SENTENCES, 32, 33)


def test_a_biased_queue_is_refused_or_weighted(database, plan):
    alone = campaign_of(database, plan, "margin", size=5)
    finish(database, alone, "ana")
    frozen = freeze_reviews(database, alone)
    with database.read() as connection, pytest.raises(BiasedSample):
        check_fair(connection, frozen.step_id)
    with pytest.raises(BiasedSample):
        weighted_figures(database, alone)


def test_weights_tell_of_all_sentences(database, plan):
    """All labels of the ten least certain sentences are wrong, all others right: F1 on all is known."""
    settings = CampaignSettings("mixed", size=12, by=parse_mixture("margin=0.5,random=0.5"))
    mixed = create_campaign(database, plan, settings)
    certain = [entry for entry in items_of(database, mixed) if entry.probability == 1]
    wrong = 0
    for item in items_of(database, mixed):
        accept_all(database, mixed, item, "ana")
        if item in certain:
            rows = [NewDecision(REJECT, span) for span in _shown(database, mixed, item)]
            wrong += len(rows)
            if rows:
                decide(database, mixed, item, "ana", rows)
    freeze_reviews(database, mixed)
    result = weighted_figures(database, mixed, resamples=50)
    assert result.plain < result.labels["all"].f1
    # 32 labels in all; what was sampled of the others stands for them.
    sampled = sum(len(_shown(database, mixed, item)) for item in items_of(database, mixed) if item not in certain)
    right = sampled * 14 / 6
    assert result.labels["all"].precision == pytest.approx(right / (right + wrong))
    assert result.labels["all"].low <= result.labels["all"].f1 <= result.labels["all"].high


def _shown(database, campaign, item):
    from xprojdb.review.decisions import read_reviewed

    with database.read() as connection:
        return read_reviewed(connection, campaign, item, "nobody").shown


def test_the_same_phrase_everywhere(database, plan):
    campaign = campaign_of(database, plan)
    item = labelled_item(database, campaign)
    decision = NewDecision(CORRECT, TURIN, Span(5, 7, "ORG"))
    with database.read() as connection:
        planned = same_phrase(connection, campaign, "ana", item, TURIN, decision)
    assert len(planned) == 15
    assert {entry.text for entry in planned} == {"Turin"}
    assert {entry.decision.new for entry in planned} == {Span(5, 7, "ORG")}
    assert decide_all(database, campaign, "ana", planned) == (15, 0)
    with database.read() as connection:
        assert same_phrase(connection, campaign, "ana", item, TURIN, decision) == []
        assert len(same_phrase(connection, campaign, "ben", item, TURIN, decision)) == 15


def test_what_all_voters_want_is_accepted_in_bulk(database, write_conll, tmp_path):
    plan = combined_sample(database, write_conll, tmp_path)
    campaign = create_campaign(database, plan, CampaignSettings("votes", size=9, by=parse_mixture("random")))
    with database.read() as connection:
        planned = unanimous(connection, campaign, "ana", 0.0)
    assert {(entry.sentence.name, entry.text) for entry in planned} == {("news/de/first-1", "Anna Berg")}
    decide_all(database, campaign, "ana", planned)
    with database.read() as connection:
        assert connection.execute(select(review.c.action)).scalars().all() == ["bulk"]


def test_an_export_names_nobody(database, plan):
    campaign = campaign_of(database, plan, redundancy=2)
    finish(database, campaign, "ana", "ben")
    decide(database, campaign, labelled_item(database, campaign), "ben", [NewDecision(REJECT, ANNA)])
    rows = list(exported_reviews(database, campaign))
    assert len(rows) == SENTENCES
    assert sum(row["entities"] is None for row in rows) == 1
    assert {entry["reviewer"] for row in rows for entry in row["reviews"]} == {"reviewer-1", "reviewer-2"}
    assert "ana" not in json.dumps(rows)


def test_maintenance_knows_reviews(database, plan):
    campaign = campaign_of(database, plan)
    finish(database, campaign, "ana")
    frozen = freeze_reviews(database, campaign)
    assert verify(database).damage == 0
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM recipe")
    free_garbage(database)
    with database.read() as connection:
        kept = {*connection.execute(select(step.c.id)).scalars()}
        assert {campaign.step_id, frozen.step_id} <= kept
    delete_corpus(database, "news")
    with database.read() as connection:
        for table in (campaign_item, review):
            assert connection.execute(select(table)).first() is None
        assert connection.execute(select(outcome).where(outcome.c.step_id == frozen.step_id)).first() is None


def test_frozen_reviews_are_gold_for_grids_and_comparisons(database, plan, tmp_path):
    campaign = campaign_of(database, plan)
    finish(database, campaign, "ana")
    decide(database, campaign, labelled_item(database, campaign), "ana", [NewDecision(REJECT, ANNA)])
    frozen = freeze_reviews(database, campaign)
    with pytest.raises(UsageError):
        grid_recipe(database, plan)
    tuned = grid_recipe(database, plan, thresholds=[0.1], gold_step=frozen.step_id)
    assert tuned.sentences == {"en → de": SENTENCES}
    assert tuned.points[0].mean == pytest.approx(2 * 31 / (32 + 31))
    other = plan_of(database, tmp_path, "[project]\nmin_score = 0.99")
    other.recipe = replace(other.recipe, name="strict")
    run_plan(database, other)
    compared = compare_recipes(database, ["sample", "strict"], resamples=10, gold_step=frozen.step_id)
    assert compared.languages[0].sentences == SENTENCES
    assert compared.languages[0].f1("sample") == pytest.approx(2 * 31 / (32 + 31))


def test_what_is_deleted_while_a_queue_is_drawn_is_said(database, plan, monkeypatch):
    """Between the look and the write, another process may have deleted the corpus, or freed the step."""
    whole = drawing.draw

    def slowly(*given):
        items = whole(*given)
        with open_database(address_of(database)) as other:
            delete_corpus(other, "news")
        return items

    monkeypatch.setattr(drawing, "draw", slowly)
    with pytest.raises(GroundMoved) as refused:
        create_campaign(database, plan, CampaignSettings("week", size=3))
    assert refused.value.gone > 0


def test_a_sentence_that_is_corrected_while_a_queue_is_drawn_is_said(database, plan, monkeypatch):
    """A corrected sentence keeps its key, but what was drawn of it is gone."""
    whole = drawing.draw

    def slowly(*given):
        items = whole(*given)
        with open_database(address_of(database)) as other, other.write() as connection:
            (key,) = connection.execute(select(corpus.c.id)).scalars()
            strip(connection, key, [items[0].sentence_id])
        return items

    monkeypatch.setattr(drawing, "draw", slowly)
    with pytest.raises(GroundMoved) as refused:
        create_campaign(database, plan, CampaignSettings("week", size=3))
    assert refused.value.gone == 1


class _HalfWay(Exception):
    """The deletion of steps stops here."""


def test_a_queue_from_a_step_in_the_middle_of_deletion_is_refused(database, plan, monkeypatch):
    """Its outcomes are gone and its labels are not: a campaign would keep these without the outcomes."""
    whole = drawing.draw

    def slowly(*given):
        items = whole(*given)
        with open_database(address_of(database)) as other, pytest.raises(_HalfWay):
            free_garbage(other, without=["sample"], watch=stop)
        return items

    def stop(name, _rows):
        if name == "outcome":
            raise _HalfWay

    monkeypatch.setattr(drawing, "draw", slowly)
    with pytest.raises(GroundMoved, match="nothing references the step"):
        create_campaign(database, plan, CampaignSettings("week", size=3))
    free_garbage(database)
    assert not any(check.count for check in verify(database).checks)
