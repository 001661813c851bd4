"""The manifest of the Job that judges a release inside a cluster, as data."""

import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

from msgspec import Struct

from release_sentinel import durations

CONTAINER = "gate"
LABELS = {"app.kubernetes.io/name": "release-sentinel", "app.kubernetes.io/component": "release-gate"}
REPOSITORY = "/repo"  # where the image has the release's work tree
_WORK = "/work"  # belongs to root: Git would not trust a work tree at its top
_CLONE = f"{_WORK}/repo"
USER = 10001  # as in the container file
_HOME = "/home/gate"
_START = 120.0  # seconds for the image, the clone, and the gate's own end after its deadline
_PAUSES = (10, 360)  # seconds: Kubernetes' first pause before a retry, which then doubles, and its longest
_NAME_LENGTH = 52  # characters: a CronJob adds eleven to it, and 63 is the limit
_HOOKS = {
    "argocd": {"argocd.argoproj.io/hook": "PreSync", "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation"},
    "helm": {"helm.sh/hook": "pre-install,pre-upgrade", "helm.sh/hook-delete-policy": "before-hook-creation"},
}
HOOKS = tuple(_HOOKS)


class JobSpec(Struct, frozen=True):
    """What a Job is to judge, and how. Times in seconds."""

    env: str
    version: str
    image: str
    name: str = ""  # a blank: made of what is judged
    namespace: str = ""
    secrets: tuple[str, ...] = ()  # names of Secrets whose keys become environment variables
    configs: tuple[str, ...] = ()  # the same of ConfigMaps
    repository: str = ""  # is cloned; a blank: the image holds the work tree
    ref: str = ""  # a branch or tag of it; a blank: its default branch
    credentials: str = ""  # the name of a Secret whose key `.netrc` Git uses
    deadline: float = 300
    retries: int = 0  # of a CRITICAL
    keep: int = 3600  # how long the finished Job stays
    cron: str = ""  # a schedule: a CronJob
    hook: str = ""  # argocd, helm
    arguments: tuple[str, ...] = ()  # more of them for the gate

    @property
    def job_name(self) -> str:
        """The name of the Job: the given one, or one of its own for each release, as a Job cannot be changed."""
        parts = (self.env,) if self.hook or self.cron else (self.env, self.version)
        made = re.sub(r"[^a-z0-9]+", "-", "-".join(("release-gate", *parts)).lower())
        return self.name or made[:_NAME_LENGTH].strip("-")


def manifest(spec: JobSpec) -> dict[str, Any]:
    """Return the Job, or the CronJob, as Kubernetes' API takes it."""
    meta: dict[str, Any] = {"name": spec.job_name}
    if spec.namespace:
        meta["namespace"] = spec.namespace
    meta |= {"labels": LABELS}
    if spec.hook:
        meta |= {"annotations": _HOOKS[spec.hook]}
    if not spec.cron:
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": _job(spec)}
    schedule = {
        "schedule": spec.cron,
        "concurrencyPolicy": "Forbid",
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {"metadata": {"labels": LABELS}, "spec": _job(spec)},
    }
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta, "spec": schedule}


def _job(spec: JobSpec) -> dict[str, Any]:
    return {
        "backoffLimit": spec.retries,
        "activeDeadlineSeconds": _active_deadline(spec),
        "ttlSecondsAfterFinished": spec.keep,
        "podFailurePolicy": {"rules": _rules(spec)},
        "template": {"metadata": {"labels": LABELS}, "spec": _pod(spec)},
    }


def _active_deadline(spec: JobSpec) -> int:
    """Return what the Job may take: the gate always ends by itself, with a verdict, before Kubernetes ends it."""
    first, longest = _PAUSES
    pauses = sum(min(first * 2**number, longest) for number in range(spec.retries))
    return int((spec.deadline + _rounds(spec.arguments) + _START) * (spec.retries + 1) + pauses)


def _rounds(arguments: Sequence[str]) -> float:
    """Return the seconds by which --gate-wait and --gate-hold make a run longer."""
    words = [part for word in arguments for part in word.split("=", 1)]
    found = 0.0
    for flag, value in pairwise(words):
        if flag in {"--gate-wait", "--gate-hold"}:
            with suppress(ValueError):  # the gate says what is wrong with it
                found += durations.parse(value)
    return found


def _rules(spec: JobSpec) -> list[dict[str, Any]]:
    """Return a rule for each verdict; the first that matches decides.

    The failed Job's condition names the exit code. Only a CRITICAL may be worth a retry. A pod that the cluster takes
    away has judged nothing, and does not count.
    """

    def on_exit(action: str, *codes: int) -> dict[str, Any]:
        return {"action": action, "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": list(codes)}}

    return [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        on_exit("FailJob", 1),
        on_exit("Count" if spec.retries else "FailJob", 2),
        on_exit("FailJob", 130, 143),
    ]


def _pod(spec: JobSpec) -> dict[str, Any]:
    pod = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(spec, CONTAINER, ["release-sentinel"], _arguments(spec))],
        "volumes": _volumes(spec),
    }
    if spec.repository:
        pod["initContainers"] = [_container(spec, "clone", ["git"], _clone(spec))]
    return pod


def _container(spec: JobSpec, name: str, command: list[str], arguments: list[str]) -> dict[str, Any]:
    mounts: list[dict[str, Any]] = [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108 - the pod's own
    if spec.repository:
        mounts.append({"name": "work", "mountPath": _WORK})
    if spec.credentials:
        mounts.append({"name": "credentials", "mountPath": _HOME, "readOnly": True})
    container: dict[str, Any] = {
        "name": name,
        "image": spec.image,
        "command": command,
        "args": [word.replace("$(", "$$(") for word in arguments],  # Kubernetes would put a variable there
        "env": [{"name": "HOME", "value": _HOME}, {"name": "GIT_TERMINAL_PROMPT", "value": "0"}],
        "volumeMounts": mounts,
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    if name == CONTAINER:
        sources = [{"secretRef": {"name": secret}} for secret in spec.secrets]
        sources += [{"configMapRef": {"name": config}} for config in spec.configs]
        container |= {"envFrom": sources} if sources else {}
        container |= {
            "workingDir": _CLONE if spec.repository else REPOSITORY,
            "terminationMessagePolicy": "FallbackToLogsOnError",
        }
    return container


def _arguments(spec: JobSpec) -> list[str]:
    release = ["--env", spec.env, "--version", spec.version, "--gate-deadline", f"{spec.deadline:g}"]
    mode = ["--gate-tag-mode", "existing"] if spec.ref and spec.ref == spec.version else []
    return ["kubernetes", "run", *release, *mode, *spec.arguments]


def _clone(spec: JobSpec) -> list[str]:
    """Return the arguments of a whole clone: the gates ask for history and branches."""
    ref = ["--branch", spec.ref] if spec.ref else []
    return ["clone", "--quiet", *ref, "--", spec.repository, _CLONE]


def _volumes(spec: JobSpec) -> list[dict[str, Any]]:
    volumes: list[dict[str, Any]] = [{"name": "tmp", "emptyDir": {}}]
    if spec.repository:
        volumes.append({"name": "work", "emptyDir": {}})
    if spec.credentials:
        only = {"secretName": spec.credentials, "items": [{"key": ".netrc", "path": ".netrc"}], "defaultMode": 0o440}
        volumes.append({"name": "credentials", "secret": only})
    return volumes
