"""What monitoring asks of the hub: is it well, and its figures for Prometheus."""

import re
from collections import defaultdict
from collections.abc import Iterator

from flask import Blueprint, Response, jsonify
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from onedoor_hub.context import Hub, hub
from onedoor_hub.pages.board import box_state
from onedoor_hub.store import scoreboard

blueprint = Blueprint("operations", __name__)


@blueprint.get("/healthz")
def healthz():
    """200 when every part works, else 503, with the troubles by part."""
    running = hub()
    troubles = running.health.troubles()
    try:
        with running.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except DBAPIError as error:
        troubles.setdefault("database", f"cannot be read: {error.orig}")
    answer = jsonify(status="trouble" if troubles else "ok", troubles=troubles)
    answer.headers["Cache-Control"] = "no-store"
    return answer, 503 if troubles else 200


@blueprint.get("/metrics")
def metrics():
    """Counts since the start, troubles, and each device's completeness."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(hub()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Figures(Collector):
    """Reads the hub when it is asked. Labels name only parts, reasons and known devices."""

    def __init__(self, running: Hub):
        self._hub = running

    def collect(self) -> Iterator[Metric]:
        yield from self._counts()
        trouble = GaugeMetricFamily(
            "onedoor_trouble", "1 while a part has trouble", labels=["part"]
        )
        for part in self._hub.health.troubles():
            trouble.add_metric([part], 1)
        yield trouble
        pages = GaugeMetricFamily("onedoor_live_pages", "Pages that are being kept live")
        pages.add_metric([], len(self._hub.live))
        yield pages
        yield from self._devices()

    def _counts(self) -> Iterator[Metric]:
        families = defaultdict(dict)
        for (name, label), n in self._hub.health.counts().items():
            families[re.sub(r"\W", "_", name)][label] = n
        for name, values in sorted(families.items()):
            family = CounterMetricFamily(
                f"onedoor_{name}", f"{name} since the hub's start", labels=["kind"]
            )
            for label, n in values.items():
                family.add_metric([label], n)
            yield family

    def _devices(self) -> Iterator[Metric]:
        with self._hub.engine.connect() as connection:
            boxes = scoreboard.boxes(connection)
        online = GaugeMetricFamily("onedoor_device_online", "1 while online", labels=["device"])
        frozen = GaugeMetricFamily("onedoor_device_frozen", "1 while frozen", labels=["device"])
        seen = GaugeMetricFamily(
            "onedoor_device_last_seen_seconds", "Unix time of its last state", labels=["device"]
        )
        received = GaugeMetricFamily(
            "onedoor_device_entries_received", "Journal entries stored", labels=["device"]
        )
        missing = GaugeMetricFamily(
            "onedoor_device_entries_missing", "Journal entries yet to come", labels=["device"]
        )
        for box in boxes:
            online.add_metric([box.id], int(box_state(box) == "online"))
            frozen.add_metric([box.id], int(box_state(box) == "frozen"))
            if box.last_seen_ms is not None:
                seen.add_metric([box.id], box.last_seen_ms / 1000)
            received.add_metric([box.id], box.received)
            missing.add_metric([box.id], box.expected - box.received)
        yield from (online, frozen, seen, received, missing)
