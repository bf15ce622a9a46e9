"""Pages on which people judge labels; they work with the keyboard, the mouse, and as plain forms."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from xprojdb.browse.pages import Pages
from xprojdb.browse.review.pages import next_open, read_review_page, span_of
from xprojdb.browse.security import Session, is_form_token
from xprojdb.review.campaigns import Campaign, Item, list_campaigns, read_item
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
from xprojdb.review.everywhere import Planned, decide_all, same_phrase, unanimous
from xprojdb.review.progress import read_progress

#: how many labels of a bulk decision are shown first
SAMPLE = 20
#: seconds after which the time spent on a sentence is not counted
_LONGEST = 3600.0
Form = Mapping[str, str]


def review_routes(pages: Pages) -> list[Route]:
    """The routes of reviews."""
    desk = _Desk(pages)
    return [
        Route("/review", desk.campaigns),
        Route("/review/{campaign:int}", desk.campaign),
        Route("/review/{campaign:int}/bulk", desk.bulk),
        Route("/review/{campaign:int}/bulk", _posting(desk.bulk_decided), methods=["POST"]),
        Route("/review/{campaign:int}/{rank:int}", desk.item),
        Route("/review/{campaign:int}/{rank:int}", _posting(desk.decided), methods=["POST"]),
        Route("/review/{campaign:int}/{rank:int}/everywhere", _posting(desk.everywhere), methods=["POST"]),
    ]


def _posting(handle: Callable[[Request, Form], Response]) -> Callable[[Request], Awaitable[Response]]:
    """A form handler, called if the session may write and the form belongs to it."""

    async def posted(request: Request) -> Response:
        session: Session = request.state.session
        async with request.form(max_files=0, max_fields=50) as form_data:
            form = {name: value for name, value in form_data.items() if isinstance(value, str)}
        if not session.reviewer:
            raise HTTPException(403, "this browser is read-only; reviewers get access with xprojdb review start")
        if not is_form_token(session, form.get("form_token")):
            raise HTTPException(403, "this form belongs to another session: reload the page")
        return await run_in_threadpool(handle, request, form)

    return posted


class _Desk:
    """The handlers."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._database = pages.database

    def campaigns(self, request: Request) -> Response:
        reports = [read_progress(self._database, campaign) for campaign in list_campaigns(self._database)]
        return self._page(
            request, "campaigns.html", campaigns=reports, command=self._pages.commands.of("review", "status")
        )

    def campaign(self, request: Request) -> Response:
        """The next sentence that the reviewer has left open; if there is none, a summary."""
        campaign, reviewer = self._campaign(request), _session(request).reviewer
        with self._database.read() as connection:
            rank = next_open(connection, campaign, reviewer)
        if rank is not None:
            return RedirectResponse(f"/review/{campaign.id}/{rank}", 303)
        progress = read_progress(self._database, campaign)
        command = self._pages.commands.of("review", "freeze", campaign.name)
        return self._page(request, "finished.html", campaign=campaign, progress=progress, command=command)

    def item(self, request: Request) -> Response:
        return self._item(request)

    def _item(self, request: Request, problem: ReviewError | None = None) -> Response:
        campaign, reviewer = self._campaign(request), _session(request).reviewer
        item = self._place(request, campaign)
        page = read_review_page(self._database, self._pages.recipes, campaign, item, reviewer)
        at = request.query_params.get("at", "0")
        values = {"problem": problem, "at": int(at) if at.isdecimal() and len(at) < 5 else 0}
        command = self._pages.commands.explain(page.text.name, campaign.recipe)
        response = self._page(request, "review.html", page=page, command=command, **values)
        response.status_code = 422 if problem else 200
        return response

    def decided(self, request: Request, form: Form) -> Response:
        campaign, reviewer = self._campaign(request), _session(request).reviewer
        item = self._place(request, campaign)
        here = f"/review/{campaign.id}/{item.rank}"
        try:
            if form.get("do") == "undo":
                undo(self._database, campaign, item, reviewer)
                return RedirectResponse(here, 303)
            decisions = self._decisions(campaign, item, reviewer, form)
            state = decide(self._database, campaign, item, reviewer, decisions)
        except ReviewError as error:
            return self._item(request, error)
        if state.state != "open" and decisions[-1].action in (DONE, SKIP):
            return self._next(campaign, reviewer, item.rank)
        at = form.get("at", "")
        return RedirectResponse(f"{here}?at={int(at) + 1}" if at.isdecimal() and len(at) < 5 else here, 303)

    def _next(self, campaign: Campaign, reviewer: str, after: int) -> Response:
        with self._database.read() as connection:
            rank = next_open(connection, campaign, reviewer, after)
        return RedirectResponse(f"/review/{campaign.id}" + ("" if rank is None else f"/{rank}"), 303)

    def _decisions(self, campaign: Campaign, item: Item, reviewer: str, form: Form) -> list[NewDecision]:
        seconds, action = _seconds(form), form.get("do", "")
        if action in ("accept-all", "accept-all-done"):
            with self._database.read() as connection:
                state = read_reviewed(connection, campaign, item, reviewer)
            decisions = [NewDecision(ACCEPT, span, seconds=seconds) for span in state.undecided]
            return (
                [*decisions, NewDecision(DONE, seconds=seconds)]
                if action == "accept-all-done"
                else decisions or _nothing()
            )
        if action in (DONE, SKIP):
            return [NewDecision(action, seconds=seconds, note=form.get("note", "").strip()[:2000] or None)]
        return [_about_label(campaign, form, seconds)]

    def everywhere(self, request: Request, form: Form) -> Response:
        """The same decision wherever the same words have the same label: shown first, made on confirmation."""
        campaign, reviewer = self._campaign(request), _session(request).reviewer
        item = self._place(request, campaign)
        with self._database.read() as connection:
            state = read_reviewed(connection, campaign, item, reviewer)
            old = span_of(form.get("old", ""), campaign.labels)
            row = state.decided.get(old) if old else None
            if old is None or row is None or row.action == ADD:
                raise HTTPException(422, "decide about this label first")
            decision = NewDecision(row.action, old, row.new)
            planned = same_phrase(connection, campaign, reviewer, item, old, decision)
        here = f"/review/{campaign.id}/{item.rank}"
        if form.get("confirmed") != str(len(planned)):
            return self._confirm(request, campaign, planned, f"{here}/everywhere", {"old": form["old"]}, here)
        return self._decide_all(request, campaign, reviewer, planned, here)

    def bulk(self, request: Request) -> Response:
        return self._bulk(request, request.query_params)

    def bulk_decided(self, request: Request, form: Form) -> Response:
        return self._bulk(request, form)

    def _bulk(self, request: Request, values: Mapping[str, str]) -> Response:
        """Accept the labels that all voters agree on: shown first, made on confirmation."""
        campaign, reviewer = self._campaign(request), _session(request).reviewer
        margin, place = _margin(values.get("margin", "")), values.get("label", "")
        name = _label_at(campaign, place)
        with self._database.read() as connection:
            planned = unanimous(connection, campaign, reviewer, margin, name)
        here = f"/review/{campaign.id}/bulk"
        if request.method != "POST" or values.get("confirmed") != str(len(planned)):
            return self._confirm(
                request,
                campaign,
                planned,
                here,
                {"margin": f"{margin:g}", "label": place if name else ""},
                f"/review/{campaign.id}",
            )
        return self._decide_all(request, campaign, reviewer, planned, f"/review/{campaign.id}")

    def _confirm(
        self, request: Request, campaign: Campaign, planned: list[Planned], action: str, fields: Form, back: str
    ) -> Response:
        values = {"campaign": campaign, "planned": planned, "sample": planned[:SAMPLE], "action": action, "back": back}
        command = self._pages.commands.of("review", "status", campaign.name)
        return self._page(request, "confirm.html", fields=fields, command=command, **values)

    def _decide_all(
        self, request: Request, campaign: Campaign, reviewer: str, planned: list[Planned], back: str
    ) -> Response:
        decided, refused = decide_all(self._database, campaign, reviewer, planned)
        command = self._pages.commands.of("review", "status", campaign.name)
        values = {"decided": decided, "refused": refused, "back": back, "command": command}
        return self._page(request, "decided.html", campaign=campaign, **values)

    def _campaign(self, request: Request) -> Campaign:
        key = request.path_params["campaign"]
        campaign_ = next((campaign for campaign in list_campaigns(self._database) if campaign.id == key), None)
        if campaign_ is None:
            raise HTTPException(404)
        if not _session(request).reviewer:
            command = self._pages.commands.of("review", "start", campaign_.name, "--reviewer", "NAME")
            raise HTTPException(403, f"this browser is read-only; reviewers get access with: {command}")
        return campaign_

    def _place(self, request: Request, campaign: Campaign) -> Item:
        rank = request.path_params["rank"]
        with self._database.read() as connection:
            item = read_item(connection, campaign.id, rank) if rank < 2**31 else None
        if item is None:
            raise HTTPException(404)
        return item

    def _page(self, request: Request, template: str, **values: Any) -> Response:
        return HTMLResponse(self._pages.render(template, session=_session(request), **values))


def _session(request: Request) -> Session:
    session: Session = request.state.session
    return session


def _about_label(campaign: Campaign, form: Form, seconds: float | None) -> NewDecision:
    action, old = form.get("do", ""), span_of(form.get("old", ""), campaign.labels)
    new = span_of(f"{form.get('start', '')}.{_behind(form.get('last', ''))}.{form.get('label', '')}", campaign.labels)
    if action == ADD and new is not None:
        return NewDecision(ADD, None, new, seconds)
    if action == CORRECT and old is not None and new is not None:
        # A correction to the same label confirms it.
        return NewDecision(ACCEPT, old, seconds=seconds) if old == new else NewDecision(CORRECT, old, new, seconds)
    if action in (ACCEPT, REJECT) and old is not None:
        return NewDecision(action, old, seconds=seconds)
    raise ReviewError("words are given as numbers", hint="use the numbers below the words", reason="form")


def _label_at(campaign: Campaign, place: str) -> str | None:
    """The label of a campaign with this number, if any."""
    known = place.isdecimal() and len(place) < 4 and int(place) < len(campaign.labels)
    return campaign.labels[int(place)] if known else None


def _behind(last: str) -> str:
    """One past the number of a word."""
    return str(int(last) + 1) if last.isdecimal() and len(last) < 6 else ""


def _seconds(form: Form) -> float | None:
    try:
        passed = time.time() - float(form.get("shown_at", ""))
    except ValueError:
        return None
    return round(passed, 1) if 0 <= passed <= _LONGEST else None


def _margin(text: str) -> float:
    try:
        margin = float(text or 0.3)
    except ValueError:
        margin = 0.3
    return min(max(margin, 0.0), 1.0) if margin == margin else 0.3


def _nothing() -> list[NewDecision]:
    raise ReviewError("all labels are decided", hint="finish the sentence", reason="nothing")
