"""Campaigns: how they were drawn, their progress, and what was frozen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from xprojdb.api.results.base import ReportResult, Row
from xprojdb.api.results.display.rendering import table
from xprojdb.review.progress import ReviewerProgress

if TYPE_CHECKING:
    from xprojdb.review.campaigns import Campaign
    from xprojdb.review.freezing import FrozenReviews
    from xprojdb.review.progress import CampaignProgress

_ACTIONS = ("accept", "correct", "reject", "add", "bulk")


class CampaignResult(ReportResult):
    """A new campaign."""

    report: CampaignProgress

    @property
    def name(self) -> str:
        """Its name."""
        return self.report.campaign.name

    def to_dict(self) -> list[Row]:
        """One row: whose labels it shows, how many sentences were drawn from how many, and how."""
        campaign = self.report.campaign
        return [
            {
                "campaign": campaign.name,
                "recipe": campaign.recipe,
                "lang": campaign.query["lang"],
                "source": campaign.query["source"],
                "sentences": self.report.sentences,
                "population": campaign.query["population"],
                "order": campaign.ordering,
                "seed": campaign.seed,
                "redundancy": campaign.redundancy,
            }
        ]

    def to_json(self) -> Row:
        """The same row."""
        return self.to_dict()[0]

    def __rich__(self) -> RenderableType:
        campaign = self.report.campaign
        share = f"{self.report.sentences:,} of {campaign.query['population']:,} {campaign.query['lang']} sentences"
        return Text(
            f"campaign {campaign.name}: {share}, by {campaign.ordering}\n"
            f"next: xprojdb review start {campaign.name} --reviewer NAME"
        )


class CampaignsResult(ReportResult):
    """The progress of campaigns."""

    report: list[CampaignProgress]

    def to_dict(self) -> list[Row]:
        """A row for each reviewer of each campaign; one without a reviewer if nobody has started."""
        return [
            {
                "campaign": progress.campaign.name,
                "sentences": progress.sentences,
                "finished": progress.finished,
                "begun": progress.begun,
                **_reviewer_row(reviewer),
            }
            for progress in self.report
            for reviewer in (progress.reviewers or [ReviewerProgress("")])
        ]

    def to_json(self) -> Any:
        """What ``xprojdb review status --json`` prints."""
        return [asdict(progress) for progress in self.report]

    def __rich__(self) -> RenderableType:
        if not self.report:
            return Text("no campaigns yet; draw one with xprojdb review new NAME")
        return Group(*(part for progress in self.report for part in _progress(progress)))


def _reviewer_row(reviewer: ReviewerProgress) -> Row:
    return {
        "reviewer": reviewer.reviewer or None,
        "reviewer_finished": reviewer.finished,
        "skipped": reviewer.skipped,
        **{action: reviewer.actions.get(action, 0) for action in _ACTIONS},
        "seconds": reviewer.seconds,
    }


def _progress(progress: CampaignProgress) -> Iterator[RenderableType]:
    campaign = progress.campaign
    times = f" by {campaign.redundancy} reviewers" if campaign.redundancy > 1 else ""
    yield Text.assemble(
        (campaign.name, "bold"), f" ({_origin(campaign)}, by {campaign.ordering}, seed {campaign.seed})"
    )
    yield Text(f"{progress.finished:,} of {progress.sentences:,} sentences finished{times}, {progress.begun:,} begun")
    if progress.reviewers:
        yield _reviewers(progress)


def _origin(campaign: Campaign) -> str:
    return f"{campaign.recipe}, {campaign.query.get('lang')}" if campaign.recipe else "labels from elsewhere"


def _reviewers(progress: CampaignProgress) -> Table:
    shown = table("reviewer", "finished>", "skipped>", *(f"{action}>" for action in _ACTIONS), "seconds>")
    for reviewer in progress.reviewers:
        counts = (f"{reviewer.actions.get(action, 0):,}" for action in _ACTIONS)
        seconds = "–" if reviewer.seconds is None else f"{reviewer.seconds:.0f}"
        shown.add_row(reviewer.reviewer, f"{reviewer.finished:,}", f"{reviewer.skipped:,}", *counts, seconds)
    return shown


class FrozenReviewsResult(ReportResult):
    """The step with the labels that reviewers agreed on.

    :param name: of the campaign.
    """

    report: FrozenReviews

    def __init__(self, report: FrozenReviews, name: str) -> None:
        super().__init__(report)
        self.name = name

    def to_dict(self) -> list[Row]:
        """One row: the step's digest, and how many sentences became gold or were left out."""
        row = asdict(self.report)
        del row["step_id"]
        return [{"campaign": self.name, **row}]

    def __rich__(self) -> RenderableType:
        report = self.report
        again = " (as before)" if report.known else ""
        return Text(
            f"step review {report.digest[:8]}{again}: {report.sentences:,} sentences, {report.labels:,} labels\n"
            f"left out: {report.unfinished:,} not finished, {report.disputed:,} disputed\n"
            f"next: xprojdb review evaluate {self.name}"
        )
