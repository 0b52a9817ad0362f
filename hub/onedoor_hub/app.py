"""The web application: puts pages, languages and safety headers around a running hub."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, g, request
from flask_talisman import Talisman
from markupsafe import Markup

from onedoor_hub.context import Hub
from onedoor_hub.pages import (
    api,
    board,
    centre,
    counter,
    failures,
    language,
    operations,
    pictures,
    words,
)

_DAY_S = 24 * 3600
_YEAR_S = 365 * _DAY_S

CONTENT_SECURITY_POLICY = {
    "default-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


def create_app(hub: Hub, max_streams: int = 100) -> Flask:
    """The Flask application that shows ``hub`` and keeps up to ``max_streams`` pages live.

    Each live page holds one of the web server's threads, so there must be more threads than that.
    """
    app = Flask("onedoor_hub")
    app.config["MAX_STREAMS"] = max_streams
    app.extensions["onedoor"] = hub
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    # A hub in a centre's own network is reached by plain HTTP; a proxy in front adds TLS.
    Talisman(
        app,
        force_https=False,
        strict_transport_security=False,
        session_cookie_secure=False,
        frame_options="DENY",
        referrer_policy="same-origin",
        content_security_policy=CONTENT_SECURITY_POLICY,
    )
    language.install(app)
    failures.install(app)
    app.context_processor(
        lambda: {
            "words": words,
            "pictures": pictures,
            "clock": g.get("clock"),
            "iso": language.iso,
            "box_state": board.box_state,
            "isolated": _isolated,
            "zip": zip,
        }
    )
    _install_caching(app)
    for blueprint in (
        centre.blueprint,
        counter.blueprint,
        api.blueprint,
        operations.blueprint,
    ):
        app.register_blueprint(blueprint)
    return app


def _isolated(text: str) -> Markup:
    """Text that people entered, put into a sentence without turning its direction."""
    return Markup("<bdi>{}</bdi>").format(text)


def _install_caching(app: Flask) -> None:
    """Static files carry their content's hash in the address and are then kept for a year."""

    @cache
    def content_hash(filename: str) -> str:
        path = Path(app.static_folder or "") / filename
        return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else ""

    @app.url_defaults
    def _version(endpoint, values):
        if endpoint == "static":
            values["v"] = content_hash(values["filename"])

    @app.after_request
    def _cache(response):
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-cache")
        elif response.status_code < 400:
            kept = f"max-age={_YEAR_S}, immutable" if "v" in request.args else f"max-age={_DAY_S}"
            response.headers["Cache-Control"] = f"public, {kept}"
        return response
