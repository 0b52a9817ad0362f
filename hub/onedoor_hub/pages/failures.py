"""What a reader or a program is told when a request cannot be answered."""

import traceback

import structlog
from flask import Flask, Response, json, render_template, request
from flask_babel import gettext as _
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException

log = structlog.get_logger(__name__)


def install(app: Flask) -> None:
    """Answer every failure with one calm line: a page, or for the API a problem document."""

    @app.errorhandler(HTTPException)
    def _known(error: HTTPException):
        if error.code is None or error.code < 400:
            return error  # a redirect
        return answer(error.code, error.description or error.name, error.get_headers())

    @app.errorhandler(DBAPIError)
    def _database(error: DBAPIError):
        log.error("database cannot be read", path=request.path, error=str(error.orig))
        return answer(503, "The database cannot be read right now; try again in a minute.")

    @app.errorhandler(Exception)
    def _unknown(error: Exception):
        # As plain text: a formatter that prints local variables would print devices' keys.
        trace = "".join(traceback.format_exception(error))
        log.error("request failed", path=request.path, trace=trace)
        return answer(500, "The hub could not answer; its log says why.")


def answer(status: int, detail: str, headers=()) -> Response:
    """The failure as a problem document (RFC 9457) under ``/api/``, else as a page."""
    if request.path.startswith("/api/"):
        response = problem(status, detail)
    else:
        response = Response(render_template("failure.html", text=_text(status)), status)
    for name, value in headers:
        if name.lower() in ("allow", "retry-after"):
            response.headers[name] = value
    response.headers["Cache-Control"] = "no-store"
    return response


def problem(status: int, detail: str) -> Response:
    """A problem document as RFC 9457 has it; ``type`` about:blank: the status says the kind."""
    titles = {400: "Bad request", 404: "Not found", 405: "Method not allowed"}
    titles |= {500: "Hub failure", 503: "Unavailable"}
    body = {
        "type": "about:blank",
        "title": titles.get(status, "Request refused"),
        "status": status,
        "detail": detail,
    }
    return Response(json.dumps(body), status, mimetype="application/problem+json")


def _text(status: int) -> str:
    return {
        404: _("There is no such page here."),
        405: _("This page can only be read."),
        503: _("The hub cannot read its database right now. Try again in a minute."),
    }.get(status) or (
        _("The hub could not answer. Its log says why.")
        if status >= 500
        else _("The hub did not understand this request.")
    )
