"""The examples of the document that the product grew from pass as they were written there.

Only `https://api.github.com` became a server on loopback: these tests reach no network.
"""

import logging
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from release_sentinel.checks.api import check_api
from release_sentinel.checks.config import ensure_required_config
from release_sentinel.checks.env import ensure_env_allowed
from release_sentinel.checks.git import (
    ensure_branch_allowed,
    ensure_clean_tree,
    ensure_git_repo,
    ensure_tag_not_exists,
    ensure_version_valid,
)
from release_sentinel.checks.result import CRIT, OK, WARN
from release_sentinel.checks.system import check_disk, check_memory, check_process
from release_sentinel.config import get_env
from release_sentinel.core import run_checks
from release_sentinel.logging import setup_logging
from tests.conftest import Repo


def test_run_checks_returns_int(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`run_checks` answers with an exit code."""
    monkeypatch.chdir(tmp_path)
    code = run_checks("dev", "v0.0.1")
    assert isinstance(code, int)


def test_valid_envs() -> None:
    """dev, stage and prod are environments."""
    for env in ("dev", "stage", "prod"):
        ensure_env_allowed(env)


def test_invalid_env_blocks() -> None:
    """`production` is none."""
    with pytest.raises(RuntimeError):
        ensure_env_allowed("production")


def test_missing_env_vars_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the required variables the configuration is refused."""
    monkeypatch.delenv("RS_REQUIRED_PROCESS", raising=False)
    monkeypatch.delenv("RS_API_URL", raising=False)
    monkeypatch.delenv("RS_DEPLOY_TOKEN", raising=False)

    with pytest.raises(RuntimeError):
        ensure_required_config()


def test_required_env_vars_pass(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """With them it is handed out, and the token is in no log."""
    monkeypatch.setenv("RS_REQUIRED_PROCESS", "python")
    monkeypatch.setenv("RS_API_URL", "https://api.github.com")
    monkeypatch.setenv("RS_DEPLOY_TOKEN", "dummy-secret")

    with caplog.at_level(logging.DEBUG):
        cfg = ensure_required_config()
    assert cfg["process"] == "python"
    assert str(cfg["api_url"]).startswith("https://")
    assert cfg["token"] == "dummy-secret"
    assert "dummy-secret" not in caplog.text + repr(cfg)


def test_process_check_ok_for_running_process() -> None:
    """The Python that runs the tests guarantees a python process."""
    res = check_process("python")
    assert res.status in (OK,)  # noqa: FURB171 - as the seed wrote it


def test_process_check_crit_for_fake_process() -> None:
    """A process that does not run is critical."""
    res = check_process("definitely_not_a_real_process_123")
    assert res.status == CRIT


def test_api_ok(httpserver: HTTPServer) -> None:
    """A dependency that answers 200 is fine."""
    httpserver.expect_request("/").respond_with_data("fine")
    res = check_api(httpserver.url_for("/"), retries=1)
    assert res.status == OK


def test_api_critical_on_bad_url() -> None:
    """A port where no one listens is critical."""
    res = check_api("http://127.0.0.1:9", retries=1)
    assert res.status == CRIT


def test_core_blocks_on_missing_config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Missing configuration is a policy failure: exit 1."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RS_REQUIRED_PROCESS", raising=False)
    monkeypatch.delenv("RS_API_URL", raising=False)
    monkeypatch.delenv("RS_DEPLOY_TOKEN", raising=False)

    code = run_checks(env="dev", version="v0.1.0")
    assert code == 1


def test_the_other_names_of_the_seed(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Git checks raise or do not, the host checks answer, get_env and setup_logging take the seed's arguments."""
    monkeypatch.chdir(repo.path)
    ensure_git_repo()
    ensure_clean_tree()
    ensure_branch_allowed()
    ensure_version_valid("v1.0.0")
    ensure_tag_not_exists("v1.0.0")
    with pytest.raises(RuntimeError, match="Invalid version format"):
        ensure_version_valid("1.0.0")
    assert check_disk("/").status in {OK, WARN, CRIT}
    assert check_memory().status in {OK, WARN, CRIT}
    assert get_env("RS_NOT_THERE", default="x") == "x"
    setup_logging(logging.INFO)
