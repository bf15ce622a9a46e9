"""The web application: which address shows which page."""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from xprojdb.browse.limits import TooSlow
from xprojdb.browse.links import ServerLinks
from xprojdb.browse.listing.filters import read_filters
from xprojdb.browse.pages import ASSETS, Pages, read_asset
from xprojdb.browse.review.routes import review_routes
from xprojdb.browse.security import Doorkeeper, Guard
from xprojdb.db import Database
from xprojdb.errors import UsageError, XprojdbError

#: maximal digits of a key in an address
_LONGEST_KEY = 19


def make_app(database: Database, doorkeeper: Doorkeeper) -> Starlette:
    """The application for a database; it only writes what reviewers decide. Its state has the ``pages``."""
    pages = Pages(database, ServerLinks())

    def sentences(request: Request) -> Response:
        return HTMLResponse(pages.sentences(read_filters(request.query_params)))

    def sentence(request: Request) -> Response:
        return HTMLResponse(pages.sentence(request.path_params["name"], request.query_params.get("recipe")))

    def compare(request: Request) -> Response:
        first, second = (request.query_params.get(name, "").strip() for name in ("first", "second"))
        return HTMLResponse(pages.compare(first, second, _key(request.query_params.get("after", ""))))

    def overview(_request: Request) -> Response:
        return HTMLResponse(pages.overview())

    def runs(_request: Request) -> Response:
        return HTMLResponse(pages.runs())

    def studies(_request: Request) -> Response:
        return HTMLResponse(pages.studies())

    def study(request: Request) -> Response:
        return HTMLResponse(pages.study(request.path_params["name"], _key(request.query_params.get("after", ""))))

    app = Starlette(
        routes=[
            Route("/", sentences),
            Route("/sentence/{name:path}", sentence),
            Route("/compare", compare),
            Route("/overview", overview),
            Route("/runs", runs),
            Route("/studies", studies),
            Route("/study/{name:path}", study),
            Route("/assets/{name}", _asset),
            *review_routes(pages),
        ],
        middleware=[Middleware(Guard, doorkeeper=doorkeeper)],
        exception_handlers={XprojdbError: _problem(pages), HTTPException: _refused(pages)},
    )
    app.state.pages = pages
    return app


def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in ASSETS:
        raise HTTPException(404, "no such file")
    return Response(read_asset(name), media_type=ASSETS[name], headers={"Cache-Control": "no-cache"})


def _key(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < _LONGEST_KEY else 0


Handler = Callable[[Request, Exception], Response]


def _problem(pages: Pages) -> Handler:
    def handle(_request: Request, error: Exception) -> Response:
        assert isinstance(error, XprojdbError)
        status = 503 if isinstance(error, TooSlow) else 404 if {"sentence", "study"} & error.fields.keys() else 400
        status = status if isinstance(error, (UsageError, TooSlow)) else 500
        return HTMLResponse(pages.problem(error.message, error.hint), status)

    return handle


def _refused(pages: Pages) -> Handler:
    def handle(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        message = "no such page" if error.status_code == 404 else error.detail
        return HTMLResponse(pages.problem(message, None), error.status_code)

    return handle
