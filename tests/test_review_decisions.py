"""What reviewers decide stays, the last word holds, and what cannot be is refused."""

import pytest
from review_sample import accept_all, campaign_of, items_of, labelled, labelled_item
from sqlalchemy import select

from xprojdb.db.tables import review
from xprojdb.review.decisions import (
    ACCEPT,
    ADD,
    CORRECT,
    DONE,
    REJECT,
    SKIP,
    NewDecision,
    ReviewError,
    decide,
    read_reviewed,
    undo,
)
from xprojdb.text.spans import Span

ANNA, TURIN = Span(0, 2, "PER"), Span(6, 7, "LOC")


@pytest.fixture
def campaign(database, write_conll, tmp_path):
    return campaign_of(database, labelled(database, write_conll, tmp_path))


@pytest.fixture
def item(database, campaign):
    return labelled_item(database, campaign)


@pytest.fixture
def say(database, campaign, item):
    def decided(*decisions, reviewer="ana"):
        return decide(database, campaign, item, reviewer, decisions)

    return decided


def rows(database):
    with database.read() as connection:
        return connection.execute(select(review).order_by(review.c.id)).all()


def test_nothing_said_is_nothing_decided(database, campaign, item):
    with database.read() as connection:
        state = read_reviewed(connection, campaign, item, "ana")
    assert (state.shown, state.undecided, state.spans, state.state) == ([ANNA, TURIN], [ANNA, TURIN], [], "open")


def test_every_kind_of_decision(say):
    state = say(
        NewDecision(ACCEPT, ANNA),
        NewDecision(CORRECT, TURIN, Span(5, 7, "ORG")),
        NewDecision(ADD, None, Span(3, 4, "MISC")),
        NewDecision(DONE),
    )
    assert state.spans == [ANNA, Span(3, 4, "MISC"), Span(5, 7, "ORG")]
    assert state.state == "sentence-done"
    assert say(NewDecision(REJECT, Span(3, 4, "MISC"))).spans == [ANNA, Span(5, 7, "ORG")]


def test_the_last_word_holds_and_no_row_changes(database, say):
    say(NewDecision(REJECT, ANNA), NewDecision(CORRECT, TURIN, Span(6, 7, "ORG")))
    before = rows(database)
    state = say(NewDecision(ACCEPT, ANNA), NewDecision(ACCEPT, TURIN))
    assert state.spans == [ANNA, TURIN]
    assert rows(database)[: len(before)] == before
    assert len(rows(database)) == 4


def test_undo_takes_back_one_after_another(database, campaign, item, say):
    say(NewDecision(ACCEPT, ANNA), NewDecision(REJECT, ANNA), NewDecision(SKIP))
    taken = [undo(database, campaign, item, "ana").action for _ in range(3)]
    assert taken == [SKIP, REJECT, ACCEPT]
    assert undo(database, campaign, item, "ana") is None
    with database.read() as connection:
        assert read_reviewed(connection, campaign, item, "ana").undecided == [ANNA, TURIN]
    assert [row.action for row in rows(database)] == ["accept", "reject", "skip", "undo", "undo", "undo"]
    assert say(NewDecision(ACCEPT, ANNA)).spans == [ANNA]


def test_reviewers_do_not_meet(database, campaign, item, say):
    say(NewDecision(REJECT, ANNA))
    with database.read() as connection:
        assert read_reviewed(connection, campaign, item, "ben").undecided == [ANNA, TURIN]
    assert undo(database, campaign, item, "ben") is None


@pytest.mark.parametrize(
    ("decision", "reason"),
    [
        (NewDecision(ACCEPT, Span(1, 2, "PER")), "unknown"),
        (NewDecision(CORRECT, ANNA, Span(0, 8, "PER")), "outside"),
        (NewDecision(CORRECT, ANNA, Span(-1, 2, "PER")), "outside"),
        (NewDecision(CORRECT, ANNA, Span(2, 2, "PER")), "outside"),
        (NewDecision(CORRECT, ANNA, None), "outside"),
        (NewDecision(CORRECT, ANNA, Span(0, 7, "PER")), "overlap"),
        (NewDecision(ADD, None, Span(1, 3, "PER")), "overlap"),
        (NewDecision(ADD, None, Span(3, 4, "DATE")), "label"),
        (NewDecision(DONE), "undecided"),
    ],
)
def test_what_cannot_be_is_refused_whole(database, say, decision, reason):
    with pytest.raises(ReviewError) as caught:
        say(NewDecision(ACCEPT, TURIN), decision)
    assert caught.value.reason == reason
    assert rows(database) == []


def test_a_label_that_took_the_words_of_another_keeps_that_from_coming_back(say):
    say(NewDecision(REJECT, ANNA), NewDecision(ADD, None, Span(1, 3, "ORG")))
    with pytest.raises(ReviewError) as caught:
        say(NewDecision(ACCEPT, ANNA))
    assert caught.value.reason == "overlap"


def test_a_sentence_without_labels_can_be_finished(database, campaign):
    done = 0
    for item in items_of(database, campaign):
        with database.read() as connection:
            bare = not read_reviewed(connection, campaign, item, "ana").shown
        if bare:
            accept_all(database, campaign, item, "ana")
            done += 1
    assert done == 4
