"""Campaigns in which people judge labels: ``db.review``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from xprojdb.api.pages.browsing import require_pages
from xprojdb.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xprojdb.api.opened import Opened
    from xprojdb.api.results.pages.calibration import CalibrationResult
    from xprojdb.api.results.pages.campaigns import CampaignResult, CampaignsResult, FrozenReviewsResult
    from xprojdb.api.results.pages.judgments import AgreementResult, CampaignFiguresResult
    from xprojdb.api.results.pages.server import PageServer
    from xprojdb.api.results.rows import Rows
    from xprojdb.review.campaigns import Campaign

#: the columns of :meth:`Reviews.export`
_COLUMNS = ("id", "lang", "split", "words", "entities", "bulk", "probability", "reviews")


class Reviews:
    """The review campaigns of a database, ``db.review``: queues of labelled sentences, and decisions about them.

    ``db.review.create("swahili")``, ``db.review.start("swahili", ["ana"]).wait()``, ``db.review.freeze("swahili")``,
    then ``db.evaluate(gold="swahili")``.
    """

    def __init__(self, database: Opened) -> None:
        self._database = database
        self._store = database.store

    def create(
        self,
        name: str,
        *,
        recipe: str | None = None,
        lang: str | None = None,
        source: str | None = None,
        splits: Sequence[str] = (),
        size: int = 200,
        by: str = "margin=0.7,random=0.3",
        seed: int = 0,
        labels: Sequence[str] = (),
        guideline: str | Path | None = None,
        redundancy: int = 1,
    ) -> CampaignResult:
        """Draw a campaign: a fixed queue of labelled sentences.

        A queue ordered by margin finds errors fastest but is not a fair sample; a random share makes it possible to
        estimate scores for all sentences.

        :param name: of the campaign: up to 60 characters, without spaces or slashes.
        :param recipe: the recipe whose labels to judge; may be omitted if the database has only one.
        :param lang: the target language, by any of its codes; may be omitted if the recipe has only one.
        :param source: the source language, if several are not combined.
        :param splits: only these splits; empty: all.
        :param size: the maximal number of sentences.
        :param by: ``random``, ``margin``, ``score``, ``disagreement``, ``rare`` or ``probability``, or a mixture of
            several.
        :param seed: random seed of the queue.
        :param labels: additional labels for reviewers.
        :param guideline: a text that reviewers see, or the :class:`~pathlib.Path` of a file with it.
        :param redundancy: how many reviewers should finish each sentence.
        :raises UsageError: when there is a campaign of that name, the recipe labels several languages and none was
            chosen, or no sentence is labelled.
        :raises InputError: when the guideline cannot be read.
        """
        from xprojdb.api.results.pages.campaigns import CampaignResult
        from xprojdb.planning.store import load_plan
        from xprojdb.review.campaigns import check_name
        from xprojdb.review.drawing import CampaignSettings, create_campaign
        from xprojdb.review.progress import read_progress
        from xprojdb.review.queues import parse_mixture
        from xprojdb.text.languages import language

        check_name(name)
        text = _text(guideline) if isinstance(guideline, Path) else guideline
        onto, through = (code and language(code).code for code in (lang, source))
        settings = CampaignSettings(
            name, onto, through, tuple(splits), size, parse_mixture(by), seed, tuple(labels), text, redundancy
        )
        campaign = create_campaign(self._store, load_plan(self._store, recipe), settings)
        return CampaignResult(read_progress(self._store, campaign))

    def start(self, name: str | None = None, reviewers: Sequence[str] = (), *, port: int = 8765) -> PageServer:
        """Start the review pages on this machine, with a button and a key for every decision.

        Every decision is stored before the page moves on. Pages are served in the background until the result's
        ``stop()``; its ``wait()`` blocks until Ctrl+C.

        :param name: the campaign to show first; None: a list of all.
        :param reviewers: the reviewers; each gets an address that works once, in one browser.
        :param port: 0: any free port.
        :raises UsageError: when there is no reviewer or no such campaign, or the port is in use.
        :raises MissingExtra: without the extra ``browse``.
        """
        require_pages("uvicorn", "python_multipart")
        from xprojdb.api.results.pages.server import PageServer
        from xprojdb.review.campaigns import check_name

        if not reviewers:
            raise UsageError("there is no reviewer", hint="name a reviewer with --reviewer")
        for reviewer in reviewers:
            check_name(reviewer)
        home = "/review" if name is None else f"/review/{self._campaign(name).id}"
        return self._database._until_closed(PageServer(self._store, port, reviewers, home))

    def status(self, name: str | None = None) -> CampaignsResult:
        """The progress of campaigns and of each reviewer.

        :param name: of one campaign; None: all, latest first.
        :raises UsageError: when there is no such campaign.
        """
        from xprojdb.api.results.pages.campaigns import CampaignsResult
        from xprojdb.review.campaigns import list_campaigns
        from xprojdb.review.progress import read_progress

        campaigns = list_campaigns(self._store) if name is None else [self._campaign(name)]
        return CampaignsResult([read_progress(self._store, campaign) for campaign in campaigns])

    def agreement(self, name: str) -> AgreementResult:
        """How well reviewers agree on the sentences that both finished: F1 of labels, of spans, and by label.

        :param name: of the campaign.
        :raises UsageError: when there is no such campaign, or no sentence was finished by two reviewers.
        """
        from xprojdb.api.results.pages.judgments import AgreementResult
        from xprojdb.review.agreement import read_agreement

        return AgreementResult(read_agreement(self._store, self._campaign(name)))

    def freeze(self, name: str, *, prefer: str | None = None) -> FrozenReviewsResult:
        """Freeze the sentences that enough reviewers have finished as gold labels, in a step of their own.

        The same reviews always give the same step. ``db.evaluate(gold=NAME)`` measures against it.

        :param name: of the campaign.
        :param prefer: the reviewer whose decision counts if reviewers disagree.
        :raises UsageError: when there is no such campaign, or no sentence can be frozen.
        """
        from xprojdb.api.results.pages.campaigns import FrozenReviewsResult
        from xprojdb.review.freezing import freeze_reviews

        return FrozenReviewsResult(freeze_reviews(self._store, self._campaign(name), prefer), name)

    def evaluate(self, name: str, *, resamples: int = 1000, seed: int = 0) -> CampaignFiguresResult:
        """Score the labels that a campaign shows against its frozen reviews, as an estimate for all sentences.

        Each sentence is weighted by the inverse of its probability of being drawn.

        :param name: of the campaign.
        :param resamples: bootstrap resamples of the sentences.
        :param seed: random seed of the bootstrap.
        :raises UsageError: when there is no such campaign, or nothing was frozen.
        :raises BiasedSample: when some sentences could not have been drawn.
        """
        from xprojdb.api.results.pages.judgments import CampaignFiguresResult
        from xprojdb.review.figures import weighted_figures

        return CampaignFiguresResult(
            weighted_figures(self._store, self._campaign(name), resamples=resamples, seed=seed)
        )

    def calibrate(
        self,
        name: str | None = None,
        *,
        recipe: str | None = None,
        lang: str | None = None,
        learn_from: Sequence[str] = (),
        splits: Sequence[str] = (),
        measure: Literal["margin", "score"] = "margin",
        method: Literal["isotonic", "logistic"] = "isotonic",
        seed: int = 0,
    ) -> CalibrationResult:
        """Learn how likely labels are correct, from the frozen reviews of a campaign or from imported gold labels.

        Its ``threshold(0.95)`` is the margin (or score) from which labels are correct with that probability, for
        ``min_margin`` of :meth:`xprojdb.Database.export`.

        :param name: of the campaign; None: use the imported labels of a recipe's target sentences as gold.
        :param recipe: without a campaign: the recipe; may be omitted if the database has only one.
        :param lang: without a campaign: the target language; may be omitted if the recipe has only one.
        :param learn_from: without a campaign: other target languages of the recipe, to learn from their gold labels.
        :param splits: without a campaign: learn from the gold labels of these splits only.
        :param measure: which value to calibrate.
        :param method: isotonic regression, or a logistic curve (Platt 1999).
        :param seed: random seed of the folds.
        :raises UsageError: when there is no such campaign or recipe, nothing was frozen, or there is too little gold.
        """
        from xprojdb.api.results.pages.calibration import CalibrationResult
        from xprojdb.planning.store import load_plan
        from xprojdb.review.calibration.calibrate import CalibrationOptions, calibrate_campaign, calibrate_recipe
        from xprojdb.text.languages import language

        options: CalibrationOptions = {"measure": measure, "method": method, "seed": seed}
        if name is not None:
            if learn_from or splits:
                hint = "give a recipe instead, or leave out what to learn from"
                raise UsageError("a campaign is calibrated on its own reviews", hint=hint, reason="campaign-given")
            return CalibrationResult(calibrate_campaign(self._store, self._campaign(name), **options))
        onto = lang and language(lang).code
        plan = load_plan(self._store, recipe)
        return CalibrationResult(
            calibrate_recipe(self._store, plan, onto, learn_from=learn_from, splits=splits, **options)
        )

    def export(self, name: str) -> Rows:
        """The sentences that somebody has finished: the majority's labels, and those of each reviewer, by number.

        ``db.review.export("swahili").write("reviews.jsonl", "jsonl")``. Rows are read as they are used.

        :param name: of the campaign.
        :raises UsageError: when there is no such campaign.
        """
        from xprojdb.api.results.rows import Rows
        from xprojdb.review.exporting import exported_reviews

        rows = exported_reviews(self._store, self._campaign(name))
        return Rows(_COLUMNS, ([tuple(row[column] for column in _COLUMNS)] for row in rows))

    def _campaign(self, name: str) -> Campaign:
        from xprojdb.review.campaigns import load_campaign

        return load_campaign(self._store, name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._database.url}>"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}", hint="name a UTF-8 text file", file=str(path)) from error
