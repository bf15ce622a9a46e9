"""Probabilities that labels are right: what is learned, how well it tells, and that it is found again."""

import numpy as np
import pytest
from projection_sample import english, german, plan_of
from review_sample import accept_all, campaign_of, items_of, labelled
from sqlalchemy import select, update

from xprojdb.db.tables import label, sentence
from xprojdb.errors import UsageError
from xprojdb.execution.run import run_plan
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.review.calibration.calibrate import calibrate_campaign, calibrate_recipe
from xprojdb.review.calibration.curves import FITS, Curve, Judged, binned, calibration_error
from xprojdb.review.calibration.model import Calibration, latest_calibration
from xprojdb.review.decisions import REJECT, NewDecision, decide, read_reviewed
from xprojdb.review.freezing import freeze_reviews


def judged(count=4000, seed=0):
    """Labels whose chance of being right is the root of their margin."""
    draw = np.random.default_rng(seed)
    values = draw.random(count)
    right = (draw.random(count) < np.sqrt(values)).astype(float)
    return Judged(np.full(count, "PER"), values, right, np.ones(count), np.arange(count))


@pytest.mark.parametrize(("method", "near"), [("isotonic", 0.05), ("logistic", 0.12)])
def test_a_curve_is_near_the_truth_and_rises(method, near):
    known = judged()
    curve = FITS[method](known.values, known.right, known.weights)
    places = np.linspace(0.1, 0.9, 17)
    assert np.abs(curve.at(places) - np.sqrt(places)).max() < near
    assert (np.diff(curve.at(np.linspace(-1, 2, 200))) >= 0).all()
    threshold = curve.threshold(0.8)
    assert curve.at(np.array([threshold]))[0] >= 0.8 - 1e-6
    assert curve.at(np.array([threshold - 0.01]))[0] < 0.8


def test_weights_are_repetitions():
    known = judged(300)
    weights = np.random.default_rng(1).integers(1, 4, 300)
    for fit in FITS.values():
        one = fit(known.values, known.right, weights.astype(float))
        many = fit(np.repeat(known.values, weights), np.repeat(known.right, weights), np.ones(weights.sum()))
        places = np.linspace(0, 1, 30)
        assert one.at(places) == pytest.approx(many.at(places), abs=0.01)


def test_errors_of_probabilities():
    known = judged()
    assert calibration_error(binned(np.sqrt(known.values), known), known) < 0.03
    assert calibration_error(binned(known.values, known), known) == pytest.approx(2 / 3 - 1 / 2, abs=0.03)


def test_a_probability_that_no_margin_has():
    assert Curve([0.0, 1.0], [0.2, 0.7]).threshold(0.9) is None
    assert Curve([0.0, 1.0], [0.2, 0.7]).threshold(0.1) == 0.0


def test_its_points_say_what_its_probabilities_do():
    curves = {"LOC": Curve([0.2, 0.6], [0.1, 0.9]), "": Curve([0.0, 0.5, 1.0], [0.3, 0.4, 1.0])}
    known = Calibration("d", "margin", "isotonic", 9, 0.5, 0.1, 0.1, [], curves[""], {"LOC": curves["LOC"]})
    values = np.linspace(-0.2, 1.2, 15)
    for name in ("LOC", "PER"):
        told = np.interp(values, *known.points.get(name, known.points[""]))
        assert told == pytest.approx(known.probabilities([name] * len(values), values))


def test_what_a_campaign_teaches(database, write_conll, tmp_path):
    plan = labelled(database, write_conll, tmp_path, 100)
    step_id = plan.projections[0].step.step_id
    with database.write() as connection:
        for name, margin in (("PER", 0.9), ("LOC", 0.1)):
            here = label.c.step_id == step_id, label.c.label == name
            connection.execute(update(label).where(*here).values(margin=margin))
    campaign = campaign_of(database, plan, size=100)
    for number, item in enumerate(items_of(database, campaign)):
        accept_all(database, campaign, item, "ana")
        with database.read() as connection:
            wrong = [span for span in read_reviewed(connection, campaign, item, "ana").spans if span.label == "LOC"]
        if number % 2:
            decide(database, campaign, item, "ana", [NewDecision(REJECT, span) for span in wrong])
    freeze_reviews(database, campaign)
    result = calibrate_campaign(database, campaign)
    assert result.labels == 160
    low, high = result.curve.at(np.array([0.1, 0.9]))
    assert (low, high) == (pytest.approx(0.5, abs=0.1), 1.0)
    assert result.after < result.before
    assert calibrate_campaign(database, campaign) == result
    with database.read() as connection:
        assert latest_calibration(connection, step_id, "de") == result
        assert latest_calibration(connection, step_id, "es") is None


def test_too_little_to_learn_from(database, write_conll, tmp_path):
    campaign = campaign_of(database, labelled(database, write_conll, tmp_path))
    for item in items_of(database, campaign):
        accept_all(database, campaign, item, "ana")
    freeze_reviews(database, campaign)
    with pytest.raises(UsageError) as caught:
        calibrate_campaign(database, campaign)
    assert caught.value.labels == 32


@pytest.fixture
def two(database, write_conll, tmp_path):
    """German, where persons are wrong, and Dutch, where places are."""
    gold = {
        "de": [line.replace("Turin", "Turin/B-LOC") for line in german(100)],
        "nl": [line.replace("Anna Berg", "Anna/B-PER Berg/I-PER") for line in german(100)],
    }
    files = [
        corpus_file(write_conll(f"news.{lang}.conll", *lines), lang, form="conll", labelled=True)
        for lang, lines in ({"en": english(100)} | gold).items()
    ]
    import_files(database, CorpusInfo("news"), files, parallel=True)
    plan = plan_of(database, tmp_path, top='source = ["en"]\ntarget = ["de", "nl"]')
    run_plan(database, plan)
    return plan


def test_another_language_teaches_what_its_gold_says(database, two):
    own = calibrate_recipe(database, two, "de", method="logistic")
    taught = calibrate_recipe(database, two, "deu", learn_from=["nld"], method="logistic")
    assert own.digest != taught.digest and own.labels == taught.labels == 160
    with database.read() as connection:
        german_step = two.projections[0].step.step_id
        assert latest_calibration(connection, german_step, "de") == taught
        assert latest_calibration(connection, german_step, "nl") is None
    with pytest.raises(UsageError) as caught:
        calibrate_recipe(database, two, "de", learn_from=["es"])
    assert caught.value.lang == "es"


def test_only_the_gold_of_some_splits_teaches(database, two):
    with database.write() as connection:
        query = select(sentence.c.id).where(sentence.c.lang == "de").order_by(sentence.c.id).limit(50)
        keys = list(connection.execute(query).scalars())
        connection.execute(update(sentence).where(sentence.c.id.in_(keys)).values(split="validation"))
    whole, part = (calibrate_recipe(database, two, "de", splits=splits) for splits in ((), ("validation",)))
    assert (whole.labels, part.labels) == (160, 80)
    with pytest.raises(UsageError) as caught:
        calibrate_recipe(database, two, "de", splits=["test"])
    assert caught.value.labels == 0


def test_what_was_asked_for_last_counts(database, two):
    first, second = (calibrate_recipe(database, two, "de", method=method) for method in ("isotonic", "logistic"))
    with database.read() as connection:
        step_id = two.projections[0].step.step_id
        assert latest_calibration(connection, step_id, "de") == second
    assert calibrate_recipe(database, two, "de", method="isotonic") == first
    with database.read() as connection:
        assert latest_calibration(connection, step_id, "de") == first
