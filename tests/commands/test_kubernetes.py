"""`release-sentinel kubernetes`: what it prints, refuses and leaves."""

import json
from pathlib import Path

import pytest
import yaml

from release_sentinel.cli import main
from release_sentinel.deliver.kubernetes import waiting
from tests.conftest import CLI, RELEASE, SECRET, Sentinel, run
from tests.deliver.kubernetes.parts import JOB, Cluster, job, pod, pods
from tests.reports.samples import SAMPLES

WANTED = ("--env", "prod", "--version", "v1.0.0", "--image", "gate:1")


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return the error of a command line that exits 1 and prints nothing else."""
    with pytest.raises(SystemExit) as ended:
        main(("kubernetes", *words))
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (1, "")
    return err.partition(": error: ")[2].strip()


def test_job_prints_a_manifest(capsys: pytest.CaptureFixture[str]) -> None:
    """Options become the Job's, and those that it does not know the gate's."""
    words = (*WANTED, "--secret", "a", "--secret", "b", "--namespace=shop", "--retries=2", "--gate-strict", "-q")
    assert main(("kubernetes", "job", *words)) == 0
    document = yaml.safe_load(capsys.readouterr().out)
    assert document["kind"] == "Job"
    assert document["metadata"]["namespace"] == "shop"
    assert document["spec"]["backoffLimit"] == 2
    (gate,) = document["spec"]["template"]["spec"]["containers"]
    assert [source["secretRef"]["name"] for source in gate["envFrom"]] == ["a", "b"]
    assert gate["args"][-2:] == ["--gate-strict", "-q"]


@pytest.mark.parametrize(
    ("option", "kind", "annotation"),
    [
        (("--cron", "5 4 * * *"), "CronJob", ""),
        (("--argocd",), "Job", "argocd.argoproj.io/hook"),
        (("--helm",), "Job", "helm.sh/hook"),
    ],
)
def test_job_prints_other_kinds(
    capsys: pytest.CaptureFixture[str], option: tuple[str, ...], kind: str, annotation: str
) -> None:
    """A schedule, or a hook."""
    main(("kubernetes", "job", *WANTED, *option))
    document = yaml.safe_load(capsys.readouterr().out)
    assert document["kind"] == kind
    assert annotation in {"", *document["metadata"].get("annotations", {})}


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ((), "no command is given"),
        (("jobs",), "'jobs' is not a command"),
        (("job",), "missing: --env, --version, --image"),
        (("job", *WANTED, "--env", "dev"), "--env is given twice"),
        (("job", "--env="), "--env is '' (an unset variable?)"),
        (("job", *WANTED, "--name", "A_b"), "argument --name: 'A_b' is not a valid name: "),
        (("job", *WANTED, "--secret", "a b"), "argument --secret: 'a b' is not a valid name: "),
        (("job", *WANTED, "--deadline", "0"), "argument --deadline: '0' is not a number of seconds above 0"),
        (("job", *WANTED, "--retries", "-1"), "argument --retries: '-1' is not a whole number"),
        (("job", *WANTED, "--argocd", "--helm"), "argument --helm: not allowed with argument --argocd"),
        (("job", *WANTED, "--cron", "@daily", "--helm"), "argument --helm: not allowed with argument --cron"),
        (
            ("job", *WANTED, "--repository", "https://me:pass@git.example.com/shop"),
            "argument --repository: credentials in the URL would be public there: use --credentials",
        ),
        (
            ("job", *WANTED, "--repository", "https://ghp_token@git.example.com/shop"),
            "argument --repository: credentials in the URL would be public there: use --credentials",
        ),
        (
            ("job", *WANTED, "--repository", ""),
            "argument --repository: '' is not a URL (an unset variable?)",
        ),
        (("job", *WANTED, "--gate-policy", "a\nb"), "'a\\nb' holds a character that cannot be shown"),
        (("wait",), "the following arguments are required: JOB"),
        (("wait", JOB, "--timeout", "soon"), "argument --timeout: 'soon' is not a number of seconds above 0"),
        (("wait", ""), "argument JOB: '' is not a valid name: "),
        (("wait", 64 * "a"), f"argument JOB: '{64 * 'a'}' is not a valid name: "),
        (("job", *WANTED, "--name", 53 * "a"), f"argument --name: '{53 * 'a'}' is not a valid name: "),
    ],
)
def test_a_mistake_exits_1(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], error: str) -> None:
    """It says what is wrong."""
    assert refused(capsys, *words).startswith(error)


def test_no_secret_gets_into_a_manifest(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that is a secret here is refused, not printed."""
    monkeypatch.setenv("RS_DEPLOY_TOKEN", SECRET)
    error = refused(capsys, "job", *WANTED, "--gate-policy", f"/x/{SECRET}")
    assert error == "the command line holds a secret: put it into a Secret, and name that by --secret"


@pytest.mark.parametrize("words", [("-h",), ("--help",), ("job", "--help"), ("wait", "-h")])
def test_help_alone_exits_0(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    """On standard output."""
    assert main(("kubernetes", *words)) == 0
    assert capsys.readouterr().out.startswith("usage: release-sentinel kubernetes ")


@pytest.mark.parametrize("words", [("wait", JOB, "--help"), ("job", *WANTED, "-h")])
def test_help_beside_others_exits_1(words: tuple[str, ...]) -> None:
    """A pipeline must not read it as SAFE."""
    assert main(("kubernetes", *words)) == 1


def test_wait_exits_with_the_gate_s_code(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reasons stand below the verdict."""
    monkeypatch.setattr(waiting, "_PAUSE", 0.0)
    cluster = Cluster(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(cluster.folder), prepend=":")
    cluster.answer("job", job(), job("Failed"))
    cluster.answer("pods", pods(pod(2, SAMPLES["critical"])))
    assert main(("kubernetes", "wait", JOB, "-n", "shop")) == 2
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("CRITICAL (exit 2): v1.0.0 to prod")
    assert rest[0] == "[CRITICAL] disk: 91% in use"


@pytest.mark.parametrize("name", [JOB, 63 * "a"])  # as long as Kubernetes, and a Helm chart, may have it
def test_wait_without_a_cluster_exits_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """One line on standard error."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(("kubernetes", "wait", name)) == 1
    assert capsys.readouterr() == (
        "",
        "release-sentinel: kubectl is not on PATH: install it, or read the Job's status\n",
    )


def test_run_leaves_the_verdict(sentinel: Sentinel, tmp_path: Path) -> None:
    """The exit code is the gate's, the message its verdict, and the block tells whose disk it was."""
    file = tmp_path / "termination-log"
    file.touch()
    env = {**sentinel.settings, "KUBERNETES_SERVICE_HOST": "10.0.0.1", "RS_DEPLOY_TOKEN": ""}
    words = ("kubernetes", "run", "--message", str(file), *RELEASE)
    done = run(*CLI, *words, cwd=sentinel.repo.path, env=env)
    told = json.loads(file.read_text(encoding="utf-8"))
    assert (done.code, told["verdict"], told["exit_code"]) == (1, "BLOCKED", 1)
    assert told["reasons"] == ["[POLICY] configuration: RS_DEPLOY_TOKEN is blank"]
    assert "note: inside a pod, disk, memory and process judge this pod, and no other host" in done.block


def test_run_says_incomplete_until_it_is_done(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Also where the command line is wrong."""
    file = tmp_path / "termination-log"
    file.touch()
    refused(capsys, "run", "--message", str(file), "--env", "prod")
    assert json.loads(file.read_text(encoding="utf-8"))["verdict"] == "INCOMPLETE"
