"""A dependency on loopback that answers by a script."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Answer:
    """One answer to a request; `pause` is in seconds, before it is sent."""

    status: int = 200
    body: str | bytes = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0.0


class Dependency:
    """An HTTP server on 127.0.0.1, started by `with`; it gives its answers in turn, and the last one from then on.

    `requests` are those that came: method, path, headers.
    """

    def __init__(self, *answers: Answer) -> None:
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self._lock = threading.Lock()
        self.answer(*answers)
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """The address, with a path."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/health"

    def answer(self, *answers: Answer) -> None:
        """Give these answers from now on; 200 where none is named."""
        with self._lock:
            self.answers: list[Answer] = [*answers] or [Answer()]
            self.requests.clear()

    def following(self, method: str, path: str, headers: Mapping[str, str]) -> Answer:
        """Take note of a request, and return the answer to it."""
        with self._lock:
            self.requests.append((method, path, dict(headers)))
            return self.answers[min(len(self.requests), len(self.answers)) - 1]

    def wait(self, seconds: float) -> None:
        """Wait before an answer, as long as the server is there."""
        self._closing.wait(seconds)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()


def _handler(dependency: Dependency) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = dependency.following(self.command, self.path, dict(self.headers))
            dependency.wait(answer.pause)
            body = answer.body.encode() if isinstance(answer.body, str) else answer.body
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_PUT = _answer  # noqa: N815 - the names that the base class calls

        def log_message(self, *_: Any) -> None:
            """Write nothing: the output belongs to the test."""

    return Handler
