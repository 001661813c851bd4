"""A Git server on loopback that wants credentials."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

USER, PASSWORD = "kim", "Zq5-wR8t:B3n@L"
QUOTED = "Zq5-wR8t%3AB3n%40L"


class Forge:
    """A Git server on loopback that wants credentials, and notes which command lines are there while it answers."""

    def __init__(self, folder: Path, server: HTTPServer) -> None:
        self.folder, self.server = folder, server
        self.accepted = (USER, PASSWORD)
        self.seen: list[str] = []
        self.answered = 0
        server.expect_request(re.compile(r"/.*\.git/.*")).respond_with_handler(self._answer)

    def url(self, login: str = f"{USER}:{QUOTED}@", name: str = "shop.git") -> str:
        """Return a repository's URL, with credentials."""
        return f"http://{login}127.0.0.1:{self.server.port}/{name}"

    def _answer(self, request: Request) -> Response:
        self.seen += [" ".join(words) for words in _command_lines()]
        login = request.authorization
        if login is None or (login.username, login.password) != self.accepted:
            return Response("no", 401, {"WWW-Authenticate": 'Basic realm="forge"'})
        self.answered += 1
        environ = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": request.path,
            "QUERY_STRING": request.query_string.decode(),
            "REQUEST_METHOD": request.method,
            "REMOTE_USER": USER,
            "CONTENT_TYPE": request.content_type or "",
        }
        body = request.get_data()
        done = subprocess.run(["git", "http-backend"], env=environ, input=body, capture_output=True, check=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        pairs = [line.split(": ", 1) for line in head.decode().splitlines()]
        return Response(content, 200, dict(pairs))


def _command_lines() -> Iterator[list[str]]:
    for process in psutil.Process().children(recursive=True):
        try:
            yield process.cmdline()
        except psutil.Error:  # it has just ended
            continue
