"""A stand-in for a forge's API with releases: it keeps what it is given, and fails as it is told."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import unquote

TOKEN = "ghs_0123456789abcdef"
CUT = -1  # the connection is closed without an answer


class Failure(NamedTuple):
    """An answer that is no success. With `kept`, what was asked for has taken place nevertheless."""

    status: int
    said: Any = ""
    headers: Mapping[str, str] = {}
    kept: bool = False


class FakeForge:
    """The releases of acme/shop. `failures` are answered before anything else, one to each POST or GET; None: none."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.releases: dict[str, Any] = {}
        self.failures: dict[str, list[Failure | None]] = {"POST": [], "GET": []}
        self.asked: list[tuple[str, str]] = []
        self.headers: Mapping[str, str] = {}
        self.content: Any = None
        self.url = ""

    @property
    def environ(self) -> dict[str, str]:
        """What the forge's own CI tells a job."""
        if self.kind == "gitlab":
            return {
                "GITLAB_CI": "true",
                "CI_API_V4_URL": self.url,
                "CI_PROJECT_PATH": "acme/shop",
                "CI_JOB_TOKEN": TOKEN,
            }
        mark = "GITEA_ACTIONS" if self.kind == "gitea" else "GITHUB_ACTIONS"
        return {mark: "true", "GITHUB_API_URL": self.url, "GITHUB_REPOSITORY": "acme/shop", "GITHUB_TOKEN": TOKEN}

    def answer(self, method: str, path: str, content: Any) -> tuple[int, Any, Mapping[str, str]]:
        """Return status, body and headers."""
        self.asked.append((method, path))
        failure = self.failures[method].pop(0) if self.failures[method] else None
        if failure and not failure.kept:
            return failure.status, failure.said, failure.headers
        status, said = self._create(content) if method == "POST" else self._look(unquote(path.rpartition("/")[2]))
        return (failure.status, failure.said, failure.headers) if failure else (status, said, {})

    def _create(self, new: Any) -> tuple[int, Any]:
        self.content = new
        if new["tag_name"] in self.releases:
            return 422 if self.kind == "github" else 409, {"message": "Validation Failed", "errors": ["already_exists"]}
        seen = f"https://forge.example/acme/shop/{new['tag_name']}"
        self.releases[new["tag_name"]] = {**new, "html_url": seen, "_links": {"self": seen}}
        return 201, self.releases[new["tag_name"]]

    def _look(self, tag: str) -> tuple[int, Any]:
        there = self.releases.get(tag)
        return (200, there) if there else (404, {"message": "Not Found"})


@contextmanager
def fake_forge(kind: str) -> Iterator[FakeForge]:
    """Serve a forge on loopback."""
    forge = FakeForge(kind)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            forge.headers = dict(self.headers)
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            status, said, headers = forge.answer(self.command, self.path, json.loads(body) if body else None)
            if status == CUT:
                return
            text = (said if isinstance(said, str) else json.dumps(said)).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_GET  # noqa: N815 - what the library calls

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        forge.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield forge
        server.shutdown()
        thread.join()
