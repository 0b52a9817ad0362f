"""The web server: gunicorn, one worker with threads, so that hub and pages share a process."""

import socket

from gunicorn.app.base import BaseApplication

from onedoor_hub.service import Service
from onedoor_hub.settings import Settings


class _Server(BaseApplication):
    def __init__(self, settings: Settings):
        self._settings = settings
        self._service: Service | None = None
        super().__init__()

    def load_config(self):
        options = {
            "bind": f"{self._settings.host}:{self._settings.port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": self._settings.threads,
            "graceful_timeout": 2,
            "loglevel": "warning",
            "control_socket_disable": True,
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

    def _worker_exit(self, _server, _worker):
        if self._service is not None:
            self._service.stop()


def check_free(host: str, port: int, what: str) -> None:
    """Raise OSError with one clear line where a port cannot be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OSError(
                f"{what}: cannot listen on {host}:{port} ({error.strerror}); choose another "
                "port, or stop what uses this one"
            ) from None


def free_port(host: str = "127.0.0.1") -> int:
    """A port of this machine that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def serve(settings: Settings) -> None:
    """Run the hub until it is told to stop. Raises OSError or SettingsError with one clear line."""
    check_free(settings.host, settings.port, "pages")
    if settings.broker == "embedded":
        check_free(settings.broker_host, settings.broker_port, "embedded broker")
    _Server(settings).run()
