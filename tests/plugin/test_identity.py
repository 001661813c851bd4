"""What a verdict is about stays readable: no value of the environment, and no secret, masks a word of it."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from release_sentinel.config.model import Policy
from release_sentinel.identity import identity
from release_sentinel.observe.git.folder import head
from release_sentinel.redaction import Redactor
from release_sentinel.vocabulary import WORDS
from tests.conftest import CLI, Run, Sentinel, run

# Passwords, tokens and users that equal the environment, the version, the branch or the id of a gate.
WEAK = {
    "DATABASE_URL": "postgres://prod:prod@db/prod",
    "CACHE_URL": "redis://:prod@r",
    "MONGO_URL": "mongodb://app:main@db/shop?authSource=prod",
    "FRONT_URL": "https://cdn.example.com/?design=v1.0.0",
    "BUILD_REPOSITORY_URI": "https://prod@dev.azure.com/prod/shop/_git/shop",
    "API_TOKEN": "prod",
    "DB_PASSWORD": "v1.0.0",
    "QUEUE_SECRET": "queue",
    "BRANCH_KEY": "main",
    "GATE_TOKEN": "configuration",
    "SMTP_PASS": "policy",
}
POLICY = 'required_gates = ["queue"]\n'
OWN = """
    @pytest.mark.policy
    def test_queue():
        assert True
"""


def both(sentinel: Sentinel) -> dict[str, Callable[..., Run]]:
    """Return both ways of running."""
    return {"release-sentinel": sentinel, "pytest": sentinel.pytest}


@pytest.fixture
def shop(sentinel: Sentinel) -> Sentinel:
    """A repository with a gate of its own."""
    sentinel.gate(OWN)
    sentinel.repo.commit("release-sentinel.toml", POLICY)
    sentinel.repo.git("push", "--quiet", "origin", "main")
    return sentinel


def reports(sentinel: Sentinel) -> tuple[str, ...]:
    """Return the options that write every other report."""
    at = sentinel.reports
    plugins = ("-p", "pytest_jsonreport.plugin", "-p", "pytest_metadata.plugin")
    return (*plugins, *sentinel.every_report, f"--json-report-file={at}/r.json", "--json-report")


def assert_readable(shop: Sentinel, done: Run, about: dict[str, str]) -> None:
    """Look into every report for what the verdict is about."""
    verdict = done.verdict
    assert {name: verdict[name] for name in about} == about
    ids = {"environment", "configuration", "queue"}
    assert ids <= {gate["id"] for gate in verdict["gates"]}
    name, version = about["env"], about["version"]
    assert f'<testsuites name="release-sentinel {name} {version}"' in done.junit
    for key, value in about.items():
        assert f'<property name="{key}" value="{value}" />' in done.junit
    assert all(f'classname="release-sentinel.policy" name="{id_}"' in done.junit for id_ in ids)
    assert f"{version}" in done.block[0]
    assert re.search(rf"\b{name}\b", done.block[0])
    statement = json.loads((shop.reports / "gate_attestation.json").read_text())
    assert statement["predicate"]["configuration"][0]["annotations"]["env"] == name
    assert statement["predicate"]["configuration"][0]["annotations"]["version"] == version
    assert statement["subject"][0]["digest"]["gitCommit"] == about["commit"]
    assert f"{version}" in (shop.reports / "gate_summary.md").read_text()
    assert f'{{env="{name}",version="{version}",mode="release"}} 0' in (shop.reports / "gate_metrics.prom").read_text()
    assert f'"id": "release-sentinel/{name}/"' in (shop.reports / "gate_sarif.sarif").read_text()
    assert f"<span>{version} to {name}</span>" in (shop.reports / "gate_html.html").read_text()
    document = json.loads((shop.reports / "r.json").read_text())
    assert document["release"]["env"] == name
    assert document["release"]["verdict"] == verdict["verdict"]
    assert {test["outcome"] for test in document["tests"]} <= {"passed", "failed", "skipped"}


@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
def test_plain_values_of_the_environment_mask_nothing(shop: Sentinel, way: str) -> None:
    """The run is SAFE, every report says of what, and the next steps believe it."""
    done = both(shop)[way](*reports(shop), **WEAK)
    assert (done.code, done.verdict["verdict"]) == (0, "SAFE")
    about = {"env": "prod", "version": "v1.0.0", "branch": "main", "commit": shop.repo.head}
    assert_readable(shop, done, about)
    assert "***" not in json.dumps(done.verdict) + done.junit + done.out
    step = ("--env", "prod", "--version", "v1.0.0")
    file, env = str(shop.reports / "verdict.json"), {**shop.settings, **WEAK}
    verified = run(*CLI, "verify", file, *step, cwd=shop.repo.path, env=env)
    assert (verified.code, verified.out) == (0, f"SAFE: v1.0.0 may go to prod, says {file}\n")
    tagged = run(*CLI, "tag", "--verdict", file, *step, cwd=shop.repo.path, env=env)
    assert tagged.code == 0, tagged.out
    assert tagged.out.startswith("tagged: v1.0.0 at ")
    assert "Release-Env: prod\n" in shop.repo.git("cat-file", "tag", "v1.0.0")


SECRETS = {
    "an environment": ("prod", "the name of an environment"),
    "another environment, in capitals": ("STAGE", "the name of an environment"),
    "the version": ("v1.0.0", "the version"),
    "the version without its prefix": ("1.0.0", "the version"),
    "the branch": ("main", "the name of the branch"),
    "a built-in gate": ("clean-tree", "the id of a gate"),
    "a gate of one's own": ("queue", "the id of a gate"),
    "a verdict": ("SAFE", "a word of every report"),
    "an outcome": ("passed", "a word of every report"),
    "a stage": ("policy", "a word of every report"),
    "a key": ("exit_code", "a word of every report"),
}


@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
def test_a_required_secret_that_every_report_shows_is_refused(shop: Sentinel, way: str) -> None:
    """The reason names the secret and what it equals, and the identity stays readable."""
    names = {f"SECRET_{number}": value for number, (value, _) in enumerate(SECRETS.values())}
    names |= {"SECRET_COMMIT": shop.repo.head, "SECRET_SHORT": shop.repo.head[:12]}
    policy = f"{POLICY}[required]\nsecrets = {json.dumps(list(names))}\n"
    shop.repo.write("release-sentinel.toml", policy)
    done = both(shop)[way](*reports(shop), **names)
    assert done.code == 1
    about = {"env": "prod", "version": "v1.0.0", "branch": "main", "commit": shop.repo.head}
    assert_readable(shop, done, about)
    (configuration,) = [gate for gate in done.verdict["gates"] if gate["id"] == "configuration"]
    told = [f"SECRET_{number} is too weak: it equals {what}," for number, (_, what) in enumerate(SECRETS.values())]
    told += [f"SECRET_{name} is too weak: it equals the id of the commit," for name in ("COMMIT", "SHORT")]
    assert [one for one in told if one not in configuration["reason"]] == []
    assert {gate["outcome"] for gate in done.verdict["gates"]} <= {"passed", "warned", "failed", "not evaluated"}


@pytest.mark.parametrize(
    ("way", "token"),
    [
        ("release-sentinel", "secret"),
        ("pytest", "dummy-secret"),
        ("release-sentinel", "production-deploy-9f8e7d6c"),
        ("pytest", "v1.0.0-9f8e7d6c5b4a"),
    ],
)
def test_a_required_secret_that_resembles_one_is_not(shop: Sentinel, way: str, token: str) -> None:
    """It is masked, and the identity is not."""
    done = both(shop)[way](RS_DEPLOY_TOKEN=token)
    assert (done.code, done.verdict["verdict"]) == (0, "SAFE")
    assert (done.verdict["env"], done.verdict["version"]) == ("prod", "v1.0.0")
    assert 'name="release-sentinel prod v1.0.0"' in done.junit


@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
def test_a_secret_in_place_of_the_identity_is_masked(shop: Sentinel, way: str) -> None:
    """What is neither an environment nor a version may be a secret by mistake; it holds the release back."""
    token = "Zq5wR8tB3nL7vX2c"
    for release in (("--env", token, "--version", "v1.0.0"), ("--env", "prod", "--version", f"v1.0.0-{token}")):
        done = both(shop)[way](release=release, RS_DEPLOY_TOKEN=token)
        assert done.code == 1
        assert token[:8] not in done.out + json.dumps(done.verdict) + done.junit


def test_the_words_of_reports_are_those_of_the_code(shop: Sentinel) -> None:
    """Every key of a verdict file, and every word for an end in it, is public."""
    done = shop()

    def words(value: object) -> set[str]:
        if isinstance(value, dict):
            return {*value, *(word for one in value.values() for word in words(one))}
        return {word for one in value for word in words(one)} if isinstance(value, list) else set()

    assert words(done.verdict) <= set(WORDS)
    for gate in done.verdict["gates"]:
        assert {gate["kind"], gate["outcome"], gate["status"]} <= set(WORDS)


@pytest.mark.parametrize("secret", ["Zq5wR8{}", "{}Kx7tB3nL", "Zq5wR8-{}:Kx7", ":{}: Zq5wR8tB"])
def test_the_product_s_own_words_in_an_inferred_secret_stay(secret: str) -> None:
    """Gate ids, statuses, options and fixed sentences: the secret is masked as a whole."""
    words = identity(Policy(), "v1.0.0", Path(), {})
    assert {"disk", "version-increases", "--gate-strict", "INCOMPLETE", "release-sentinel"} <= words.keys()
    for word in words:
        redactor = Redactor()
        redactor.protect(words)
        redactor.infer(secret.format(word))
        text = f"release-sentinel: [CRITICAL] {word}: {word} (exit code 1)"
        assert redactor.scrub(text) == text
        assert redactor.scrub(f"got {secret.format(word)}!") == "got ***!"


def test_a_required_secret_masks_the_product_s_words_in_it() -> None:
    """It is a secret in each of its pieces, but for a word that stands alone."""
    redactor = Redactor()
    redactor.protect(["--gate-strict"])
    redactor.add("Zq5wR8--gate-strictKx7")
    assert redactor.scrub("x8--gate-strictKx") == "x***"
    assert redactor.scrub("option --gate-strict") == "option --gate-strict"


def test_a_linked_work_tree_knows_its_branch(shop: Sentinel) -> None:
    """Its `.git` is a file that points elsewhere; refs may be packed."""
    other = shop.reports / "linked"
    subprocess.run(["git", "worktree", "add", "-q", "-b", "release/next", str(other)], cwd=shop.repo.path, check=True)
    shop.repo.git("pack-refs", "--all")
    assert head(other) == (shop.repo.head, "release/next")
    assert head(shop.repo.path) == (shop.repo.head, "main")
    shop.repo.git("checkout", "--quiet", "--detach")
    assert head(shop.repo.path) == (shop.repo.head, "")
    assert head(shop.reports / "nowhere") == ("", "")
