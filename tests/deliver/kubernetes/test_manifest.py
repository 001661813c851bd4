"""The Job is valid, least privileged, holds no secret, and its status carries the verdict."""

import re
from typing import Any

import kubernetes_validate
import pytest
import yaml
from msgspec.structs import replace

from release_sentinel.deliver.kubernetes.manifest import LABELS, JobSpec, manifest
from release_sentinel.deliver.kubernetes.yaml import dump

PLAIN = JobSpec("prod", "v1.0.0", "registry.example.com/gate@sha256:0")
FULL = replace(
    PLAIN,
    namespace="shop",
    secrets=("deploy", "api"),
    configs=("settings",),
    repository="https://git.example.com/shop.git",
    ref="v1.0.0",
    credentials="git",
    deadline=60,
    retries=3,
    arguments=("--gate-strict",),
)
KINDS = {
    "job": PLAIN,
    "full": FULL,
    "cron": replace(FULL, cron="5 4 * * *"),
    "argocd": replace(FULL, hook="argocd"),
    "helm": replace(FULL, hook="helm"),
}
each_kind = pytest.mark.parametrize("spec", KINDS.values(), ids=KINDS)


def job_of(spec: JobSpec) -> dict[str, Any]:
    """Return a Job's specification, that of a CronJob's Jobs, too."""
    made = manifest(spec)["spec"]
    job: dict[str, Any] = made["jobTemplate"]["spec"] if spec.cron else made
    return job


def pod_of(spec: JobSpec) -> dict[str, Any]:
    """Return the specification of a Job's pod."""
    pod: dict[str, Any] = job_of(spec)["template"]["spec"]
    return pod


def containers_of(spec: JobSpec) -> list[dict[str, Any]]:
    """Return all containers of a Job's pod, the gate first."""
    pod = pod_of(spec)
    return [*pod["containers"], *pod.get("initContainers", [])]


@pytest.mark.sweep
@each_kind
@pytest.mark.parametrize("version", ["1.29", "1.31", "1.33"])
def test_the_api_takes_it(spec: JobSpec, version: str) -> None:
    """By Kubernetes' own schemas, in which nothing is unknown."""
    document = yaml.safe_load(dump(manifest(spec)))
    assert document == manifest(spec)
    kubernetes_validate.validate(document, version, strict=True)


@each_kind
def test_each_verdict_has_its_rule(spec: JobSpec) -> None:
    """A pod that the cluster takes away does not count; of the gate's codes, only a CRITICAL may be tried again."""
    disrupted, *rules = job_of(spec)["podFailurePolicy"]["rules"]
    assert disrupted["action"] == "Ignore"
    assert [condition["type"] for condition in disrupted["onPodConditions"]] == ["DisruptionTarget"]
    told = {tuple(rule["onExitCodes"]["values"]): rule["action"] for rule in rules}
    assert told == {(1,): "FailJob", (2,): "Count" if spec.retries else "FailJob", (130, 143): "FailJob"}
    assert {rule["onExitCodes"]["containerName"] for rule in rules} == {"gate"}  # not git's exit codes
    assert {rule["onExitCodes"]["operator"] for rule in rules} == {"In"}


@each_kind
def test_what_a_pod_failure_policy_demands(spec: JobSpec) -> None:
    """The API refuses the policy with any other restart policy; schemas do not tell."""
    assert pod_of(spec)["restartPolicy"] == "Never"
    assert job_of(spec)["backoffLimit"] == spec.retries


@pytest.mark.parametrize(("retries", "least"), [(0, 360), (1, 730), (3, 1510)])
def test_the_job_outlasts_the_gate(retries: int, least: int) -> None:
    """All tries, each with its deadline and time to start, and the pauses in between."""
    spec = replace(PLAIN, deadline=300, retries=retries)
    assert job_of(spec)["activeDeadlineSeconds"] >= least
    rounds = replace(spec, arguments=("--gate-wait=15m", "--gate-hold", "600", "--gate-all"))
    assert job_of(rounds)["activeDeadlineSeconds"] >= least + (retries + 1) * 1500
    arguments = containers_of(spec)[0]["args"]
    assert arguments[arguments.index("--gate-deadline") + 1] == "300"


@each_kind
def test_the_finished_job_goes(spec: JobSpec) -> None:
    """After a time in which it can be read."""
    assert job_of(spec)["ttlSecondsAfterFinished"] == 3600


@each_kind
def test_the_pod_is_restricted(spec: JobSpec) -> None:
    """All that the Pod Security Standard `restricted` asks for, and a root file system that cannot be written."""
    pod = pod_of(spec)
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    assert all(set(volume) & {"emptyDir", "secret"} for volume in pod["volumes"])
    for container in containers_of(spec):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]  # noqa: S108 - the pod's
        assert container["resources"]["limits"]["memory"]


@each_kind
def test_every_mount_has_its_volume(spec: JobSpec) -> None:
    """And every volume is mounted somewhere."""
    mounted = {mount["name"] for container in containers_of(spec) for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod_of(spec)["volumes"]}


def test_secrets_are_named_and_nothing_more() -> None:
    """The gate alone gets them, as variables; no container has a value that could be one."""
    gate, clone = containers_of(FULL)
    assert gate["envFrom"] == [
        {"secretRef": {"name": "deploy"}},
        {"secretRef": {"name": "api"}},
        {"configMapRef": {"name": "settings"}},
    ]
    assert "envFrom" not in clone
    for container in (gate, clone):
        assert {variable["name"] for variable in container["env"]} == {"HOME", "GIT_TERMINAL_PROMPT"}


def test_the_credentials_of_git_are_a_file() -> None:
    """In the home folder of both containers: one clones, and the gate `tag` asks the remote."""
    (volume,) = (volume for volume in pod_of(FULL)["volumes"] if "secret" in volume)
    assert volume["secret"] == {
        "secretName": "git",
        "items": [{"key": ".netrc", "path": ".netrc"}],
        "defaultMode": 0o440,
    }
    for container in containers_of(FULL):
        (mount,) = (mount for mount in container["volumeMounts"] if mount["name"] == volume["name"])
        assert mount["readOnly"]
        assert {"name": "HOME", "value": mount["mountPath"]} in container["env"]


def test_the_gate_s_command_line() -> None:
    """The release, the deadline, and what else was asked for; a version's own tag has to exist."""
    gate, clone = containers_of(FULL)
    release = ["--env", "prod", "--version", "v1.0.0", "--gate-deadline", "60"]
    assert gate["command"] == ["release-sentinel"]
    assert gate["args"] == ["kubernetes", "run", *release, "--gate-tag-mode", "existing", "--gate-strict"]
    assert gate["workingDir"] == clone["args"][-1]
    assert clone["args"][:-1] == ["clone", "--quiet", "--branch", "v1.0.0", "--", "https://git.example.com/shop.git"]


def test_without_a_repository_the_image_has_it() -> None:
    """Nothing is cloned."""
    (gate,) = containers_of(PLAIN)
    assert gate["workingDir"] == "/repo"
    assert "--gate-tag-mode" not in gate["args"]


def test_kubernetes_puts_no_variable_into_an_argument() -> None:
    """A `$(NAME)` reaches the gate as it was written."""
    (gate,) = containers_of(replace(PLAIN, version="v1$(HOME)"))
    assert "v1$$(HOME)" in gate["args"]


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        (PLAIN, "release-gate-prod-v1-0-0"),
        (replace(PLAIN, version="v1.0.0-rc.1+Build_5"), "release-gate-prod-v1-0-0-rc-1-build-5"),
        (replace(PLAIN, name="mine"), "mine"),
        (replace(PLAIN, hook="argocd"), "release-gate-prod"),
        (replace(PLAIN, cron="@daily"), "release-gate-prod"),
        (replace(PLAIN, version="v" + "1" * 100), "release-gate-prod-v" + "1" * 33),
    ],
)
def test_the_name(spec: JobSpec, name: str) -> None:
    """One for each release, which may be applied beside an older one; hooks replace theirs."""
    made = manifest(spec)["metadata"]["name"]
    assert made == name
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?", made)


def test_hooks_are_annotated() -> None:
    """Argo CD and Helm find the Job, and replace the one before."""
    argocd, helm = (manifest(KINDS[kind])["metadata"]["annotations"] for kind in ("argocd", "helm"))
    assert argocd == {
        "argocd.argoproj.io/hook": "PreSync",
        "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
    }
    assert helm == {"helm.sh/hook": "pre-install,pre-upgrade", "helm.sh/hook-delete-policy": "before-hook-creation"}
    assert "annotations" not in manifest(PLAIN)["metadata"]


def test_everything_is_labelled() -> None:
    """`wait` knows a gate by its labels."""
    cron = manifest(KINDS["cron"])
    for meta in (cron["metadata"], cron["spec"]["jobTemplate"]["metadata"], job_of(FULL)["template"]["metadata"]):
        assert meta["labels"] == LABELS
