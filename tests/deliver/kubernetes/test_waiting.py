"""Waiting for a Job ends with the gate's own code, and is never SAFE without a reason."""

from pathlib import Path

import pytest

from release_sentinel.deliver.kubernetes import waiting
from release_sentinel.deliver.kubernetes.waiting import ClusterError, Ending, wait
from tests.deliver.kubernetes.parts import JOB, Cluster, job, pod, pods
from tests.reports.samples import SAMPLES

SAFE = f"SAFE (exit 0): v1.0.0 to prod, says the Job {JOB}"


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A cluster whose `kubectl` stands first on PATH; no look is waited for."""
    cluster = Cluster(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(cluster.folder), prepend=":")
    monkeypatch.setattr(waiting, "_PAUSE", 0.0)
    return cluster


def ended(cluster: Cluster, condition: str, *found: object, reason: str = "", ours: bool = True) -> Ending:
    """Return what is told of a Job that ended thus, with these pods."""
    cluster.answer("job", job(condition, reason, ours=ours))
    cluster.answer("pods", {"items": list(found)})
    return wait(JOB)


def test_a_complete_job_is_safe(cluster: Cluster) -> None:
    """Its container says so, and about which release."""
    assert ended(cluster, "Complete", pod(0, SAMPLES["safe"])) == Ending(0, (SAFE,))


@pytest.mark.parametrize(
    ("code", "sample", "words"),
    [
        (1, "blocked", "BLOCKED (exit 1)"),
        (2, "critical", "CRITICAL (exit 2)"),
        (1, "incomplete", "INCOMPLETE (exit 1)"),
        (143, "interrupted", "INCOMPLETE (exit 143)"),
    ],
)
def test_a_failed_job_has_the_gate_s_code(cluster: Cluster, code: int, sample: str, words: str) -> None:
    """And its reasons."""
    ending = ended(cluster, "Failed", pod(code, SAMPLES[sample]), reason="PodFailurePolicy")
    assert ending.code == code
    assert ending.lines[0] == f"{words}: v1.0.0 to prod, says the Job {JOB}"
    reasons = [reason.replace("could not be determined: ", "") for reason in SAMPLES[sample].reasons]
    assert list(ending.lines[1:]) == reasons


def test_a_code_without_a_message_counts(cluster: Cluster) -> None:
    """The status is the verdict, the message its words."""
    assert ended(cluster, "Failed", pod(2, "no JSON")) == Ending(
        2, (f"not SAFE (exit 2): no verdict was left, says the Job {JOB}",)
    )


def test_the_last_pod_decides(cluster: Cluster) -> None:
    """Of a Job that was retried."""
    found = [pod(2, SAMPLES["critical"], at=1), pod(1, SAMPLES["blocked"], at=9), pod(2, SAMPLES["critical"], at=5)]
    assert ended(cluster, "Failed", *found).code == 1


@pytest.mark.parametrize(
    ("found", "reason", "words"),
    [
        ((), "BackoffLimitExceeded", "BackoffLimitExceeded so it was"),
        ((pod(137),), "BackoffLimitExceeded", "container gate ended with exit code 137 (Error)"),
        ((pod(128, container="clone"),), "BackoffLimitExceeded", "container clone ended with exit code 128 (Error)"),
        ((pod(1, container="clone"),), "BackoffLimitExceeded", "container clone ended with exit code 1 (Error)"),
        ((pod(2, container="clone"),), "BackoffLimitExceeded", "container clone ended with exit code 2 (Error)"),
        ((pod(0, SAMPLES["safe"]),), "DeadlineExceeded", "DeadlineExceeded so it was"),
        ((pod(2, SAMPLES["critical"]),), "DeadlineExceeded", "DeadlineExceeded so it was"),
        ((pod(),), "DeadlineExceeded", "container gate waits: ImagePullBackOff"),
    ],
    ids=[
        "no pod",
        "out of memory",
        "clone failed",
        "clone ended with 1",
        "clone ended with 2",
        "cut off after the gate",
        "cut off between two tries",
        "no image",
    ],
)
def test_a_failed_job_without_a_verdict_is_incomplete(
    cluster: Cluster, found: tuple[object, ...], reason: str, words: str
) -> None:
    """Exit 1, and what is known of why."""
    ending = ended(cluster, "Failed", *found, reason=reason)
    assert ending.code == 1
    assert ending.lines[0].startswith(f"INCOMPLETE (exit 1): the Job {JOB} failed: {reason}")
    assert words in "\n".join(ending.lines)


@pytest.mark.parametrize("found", [pod(0, SAMPLES["blocked"]), pod(0, ""), pod(0, SAMPLES["partial"])])
def test_a_complete_job_that_does_not_say_safe_is_not(cluster: Cluster, found: object) -> None:
    """Another program exits 0 as well."""
    ending = ended(cluster, "Complete", found)
    assert ending.code == 1
    assert ending.lines[0].endswith("is it a release gate?")


@pytest.mark.parametrize(("ours", "code"), [(True, 0), (False, 1)])
def test_a_complete_job_whose_pod_is_gone(cluster: Cluster, ours: bool, code: int) -> None:
    """Its status stays; it counts if the Job is one of ours."""
    assert ended(cluster, "Complete", ours=ours).code == code


def test_pods_of_an_older_job_do_not_count(cluster: Cluster) -> None:
    """They may still be there under the same name."""
    found = [pod(1, SAMPLES["blocked"], at=1), pod(2, SAMPLES["critical"], at=9, uid="u-0")]
    assert ended(cluster, "Failed", *found).code == 1


def test_it_waits_for_the_end(cluster: Cluster) -> None:
    """Neither a running Job nor a moment without an answer ends it."""
    running = job("SuccessCriteriaMet")
    cluster.answer("job", job(), "The connection was refused", running, "again", job(), job("Complete"))
    cluster.answer("pods", pods(pod(0, SAMPLES["safe"])))
    assert wait(JOB, namespace="shop").code == 0
    assert len(cluster.calls) == 7
    assert all("--namespace=shop" in call and "--request-timeout=" in call for call in cluster.calls)
    assert cluster.calls[-1].endswith(f"pods --selector=job-name={JOB}")


def test_the_wait_is_bounded(cluster: Cluster) -> None:
    """It says what the pod waits for."""
    cluster.answer("job", job())
    cluster.answer("pods", pods(pod()))
    ending = wait(JOB, timeout=0.01)
    assert ending.code == 1
    (told,) = ending.lines
    assert told.startswith(f"INCOMPLETE (exit 1): the Job {JOB} did not end within 0.01 s: ")
    assert told.endswith(f": pod {JOB}-0, container gate waits: ImagePullBackOff")


def test_without_a_bound_the_job_s_own_counts(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a minute more, here less."""
    monkeypatch.setattr(waiting, "_SPARE", -5.0)
    cluster.answer("job", job(activeDeadlineSeconds=5.01))
    cluster.answer("pods", pods())
    assert "did not end within 0.01 s" in wait(JOB).lines[0]


@pytest.mark.parametrize(
    ("error", "calls"),
    [
        (f'Error from server (NotFound): jobs.batch "{JOB}" not found', 1),
        ("Error from server (Forbidden): jobs.batch is forbidden", 1),
        ("The connection to the server was refused", 5),
    ],
)
def test_kubectl_s_own_words_are_told(cluster: Cluster, error: str, calls: int) -> None:
    """What asking again does not change ends it at once, anything else after five in a row."""
    cluster.answer("job", error)
    with pytest.raises(ClusterError) as raised:
        wait(JOB)
    assert str(raised.value) == f"kubectl get job {JOB} failed: {error}"
    assert len(cluster.calls) == calls


def test_without_kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what is missing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClusterError, match="kubectl is not on PATH"):
        wait(JOB)


@pytest.mark.parametrize(("answer", "words"), [("{", "no JSON document"), ("[]", "no object")])
def test_an_answer_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, words: str) -> None:
    """A kubectl that prints something else is told, not believed."""
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(f"#!/bin/sh\necho '{answer}'\n", encoding="utf-8")
    kubectl.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(waiting, "_PAUSE", 0.0)
    with pytest.raises(ClusterError, match=words):
        wait(JOB)
