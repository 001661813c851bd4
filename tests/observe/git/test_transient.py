"""A Git host that is overloaded for a moment is asked again, within the bound; what is final is not."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.observe import Unseen, git
from release_sentinel.observe.git import process
from tests.conftest import Repo

HEAD = "refs/heads/main"


class Host(SimpleHTTPRequestHandler):
    """Serves a bare repository as files, after `failures` of its requests have failed with `status`."""

    failures: list[int]

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Fail, or send a file."""
        if not self.failures:
            super().do_GET()
        elif status := self.failures.pop():
            self.send_error(status)
        else:
            self.close_connection = True  # without an answer


@contextmanager
def host(folder: Path, *failures: int) -> Iterator[str]:
    """Serve the folder; yield the address of its `origin.git`."""
    handler = type("Handler", (Host,), {"failures": list(failures)})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/origin.git"
        server.shutdown()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no more than moments."""
    monkeypatch.setattr(process, "_PAUSE", 0.01)


@pytest.mark.parametrize("failures", [[429], [503], [502, 500], [0]], ids=["429", "503", "twice", "broken"])
def test_a_moment_of_overload_is_waited_out(repo: Repo, tmp_path: Path, failures: list[int]) -> None:
    """The remote is asked again."""
    Repo(tmp_path / "origin.git").git("update-server-info")
    with host(tmp_path, *failures) as url:
        repo.git("remote", "set-url", "origin", url)
        seen = git.tags(repo.path, ["v1.0.0"], branches=["main"]).remote
    assert isinstance(seen, git.Refs), seen
    assert seen.commits == {HEAD: repo.head}


@pytest.mark.parametrize(("status", "tries"), [(503, 4), (429, 4), (404, 1), (403, 1)])
def test_what_stays_is_said(repo: Repo, tmp_path: Path, status: int, tries: int) -> None:
    """With the number of tries, and that it may pass by itself; what is final is asked once."""
    with host(tmp_path, *[status] * 50) as url:
        repo.git("remote", "set-url", "origin", url)
        seen = git.tags(repo.path, ["v1.0.0"]).remote
    assert isinstance(seen, Unseen)
    assert ("could not be queried, 4 times" in seen.why) is (tries > 1)
    assert seen.remedy.startswith("run the gate again in a moment: this may be transient") is (tries > 1)
    assert seen.remedy.endswith("try `git ls-remote origin` here")
