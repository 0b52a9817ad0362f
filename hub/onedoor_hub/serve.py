"""The web server: gunicorn, one worker with threads, so that hub and pages share a process."""

import socket

import structlog
from gunicorn.app.base import BaseApplication

from onedoor_hub.service import EMBEDDED, Service, broker_address
from onedoor_hub.settings import Settings
from onedoor_hub.store.engine import migrate, open_engine

log = structlog.get_logger()


class _Server(BaseApplication):
    def __init__(self, settings: Settings):
        self._settings = settings
        self._service: Service | None = None
        super().__init__()

    def load_config(self):
        options = {
            "bind": _where(self._settings.host, self._settings.port),
            "workers": 1,
            "worker_class": "gthread",
            "threads": self._settings.threads,
            "graceful_timeout": 2,
            "loglevel": "warning",
            "control_socket_disable": True,
            "when_ready": self._when_ready,
            "worker_exit": self._worker_exit,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self):
        """Called in the worker: the threads of the hub must start after the fork."""
        self._service = Service(self._settings)
        self._service.start()
        return self._service.app()

    def _when_ready(self, _server):
        log.info("pages", url="http://" + _where(self._settings.host, self._settings.port) + "/")

    def _worker_exit(self, _server, _worker):
        if self._service is not None:
            self._service.stop()


def _where(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def check_free(host: str, port: int, what: str) -> None:
    """Raise OSError with one clear line where a port cannot be listened on."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise OSError(
            f"{what}: cannot listen on {_where(host, port)} ({error.strerror}); choose another "
            "address or port, or stop what uses this one"
        ) from None


def free_port(host: str = "127.0.0.1") -> int:
    """A port of this machine that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def serve(settings: Settings) -> None:
    """Run the hub until it is told to stop. Raises OSError or HubError with one clear line."""
    check_free(settings.host, settings.port, "pages")
    if settings.broker == EMBEDDED:
        check_free(settings.broker_host, settings.broker_port, "embedded broker")
    broker_address(settings)
    # Here as well as in the worker: what is wrong with the database is told in one line.
    engine = open_engine(settings.database_url)
    migrate(engine)
    engine.dispose()
    _Server(settings).run()
