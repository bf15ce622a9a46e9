"""Labels of annotators elsewhere are the same rows as reviews, and become gold as these do."""

import pytest
from review_sample import campaign_of, labelled
from sqlalchemy import select

from xprojdb.db.tables import review, sentence
from xprojdb.errors import UsageError
from xprojdb.evaluation.evaluate import evaluate_projections
from xprojdb.review.agreement import read_agreement
from xprojdb.review.campaigns import load_campaign
from xprojdb.review.figures import check_fair
from xprojdb.review.freezing import freeze_reviews, freeze_set
from xprojdb.review.imported import LabelStore, StoredLabels
from xprojdb.text.spans import Span

ANNA, TURIN, BOATS = Span(0, 2, "PER"), Span(6, 7, "LOC"), Span(3, 4, "MISC")


@pytest.fixture
def plan(database, write_conll, tmp_path):
    return labelled(database, write_conll, tmp_path)


@pytest.fixture
def keys(database, plan):  # noqa: ARG001 - its sentences
    with database.read() as connection:
        query = select(sentence.c.id).where(sentence.c.lang == "de").order_by(sentence.c.id).limit(3)
        return list(connection.execute(query).scalars())


def store_labels(database, name, annotator, sentences):
    with database.write(counted=False) as connection:
        store = LabelStore.open(connection, name, annotator)
        stored = store.add(sentences)
        store.close()
    return stored


def rows(database):
    with database.read() as connection:
        return [row.action for row in connection.execute(select(review).order_by(review.c.id))]


def test_the_same_again_adds_nothing(database, keys):
    results = {keys[0]: [ANNA, TURIN], keys[1]: []}
    assert store_labels(database, "gold", "ana", results) == StoredLabels(2, 2, 0)
    assert store_labels(database, "gold", "ana", results) == StoredLabels(2, 0, 0)
    assert rows(database) == ["add", "add", "sentence-done", "sentence-done"]


def test_a_correction_is_a_row_and_the_last_word(database, keys):
    store_labels(database, "gold", "ana", {keys[0]: [ANNA, TURIN]})
    assert store_labels(database, "gold", "ana", {keys[0]: [ANNA, BOATS]}) == StoredLabels(1, 1, 1)
    assert store_labels(database, "gold", "ana", {keys[0]: [ANNA, TURIN]}) == StoredLabels(1, 1, 1)
    assert rows(database) == ["add", "add", "sentence-done", "reject", "add", "reject", "add"]
    assert freeze_reviews(database, load_campaign(database, "gold")).labels == 2
    assert load_campaign(database, "gold").labels == ("LOC", "MISC", "PER")


def test_two_annotators_agree_or_not(database, keys):
    for name, spans in (("ana", [ANNA, TURIN]), ("ben", [ANNA])):
        store_labels(database, "gold", name, {keys[0]: spans, keys[1]: [ANNA]})
    (agreement,) = read_agreement(database, load_campaign(database, "gold"))
    assert (agreement.sentences, agreement.equal, agreement.all.tp) == (2, 1, 2)
    frozen = freeze_reviews(database, load_campaign(database, "gold"))
    assert (frozen.sentences, frozen.disputed) == (1, 1)


def test_it_is_gold(database, plan, keys):
    store_labels(database, "gold", "ana", {keys[0]: [ANNA], keys[1]: [ANNA, TURIN]})
    frozen = freeze_reviews(database, load_campaign(database, "gold"))
    with database.read() as connection:
        check_fair(connection, frozen.step_id)
    (score,) = evaluate_projections(database, plan.labellings, gold_step=frozen.step_id, resamples=10)
    assert (score.sentences, score.total[0].tp, score.total[0].predicted, score.total[0].gold) == (2, 3, 4, 3)


def test_a_campaign_with_a_queue_is_left_alone(database, plan, keys):
    campaign_of(database, plan)
    with pytest.raises(UsageError) as caught:
        store_labels(database, "german", "ana", {keys[0]: []})
    assert caught.value.campaign == "german"


def test_what_is_frozen_at_once_is_what_is_read_back(database, keys):
    with database.write(counted=False) as connection:
        store = LabelStore.open(connection, "gold", "ana")
        store.add({keys[2]: [BOATS, ANNA, ANNA]})
        store.add({keys[0]: [TURIN], keys[1]: []})
        frozen = freeze_set(connection, store.close(), store.gold)
    assert (frozen.sentences, frozen.labels, frozen.known) == (3, 3, False)
    again = freeze_reviews(database, load_campaign(database, "gold"))
    assert again.known and again.digest == frozen.digest
