"""The manifest of the Job that judges a release inside a cluster, as data."""

import re
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True)
class Wanted:
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
    def told_name(self) -> str:
        """The name of the Job: the given one, or one of its own for each release, as a Job cannot be changed."""
        parts = (self.env,) if self.hook or self.cron else (self.env, self.version)
        made = re.sub(r"[^a-z0-9]+", "-", "-".join(("release-gate", *parts)).lower())
        return self.name or made[:_NAME_LENGTH].strip("-")


def manifest(wanted: Wanted) -> dict[str, Any]:
    """Return the Job, or the CronJob, as Kubernetes' API takes it."""
    meta: dict[str, Any] = {"name": wanted.told_name}
    if wanted.namespace:
        meta["namespace"] = wanted.namespace
    meta |= {"labels": LABELS}
    if wanted.hook:
        meta |= {"annotations": _HOOKS[wanted.hook]}
    if not wanted.cron:
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": _job(wanted)}
    schedule = {
        "schedule": wanted.cron,
        "concurrencyPolicy": "Forbid",
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {"metadata": {"labels": LABELS}, "spec": _job(wanted)},
    }
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta, "spec": schedule}


def _job(wanted: Wanted) -> dict[str, Any]:
    return {
        "backoffLimit": wanted.retries,
        "activeDeadlineSeconds": _active_deadline(wanted),
        "ttlSecondsAfterFinished": wanted.keep,
        "podFailurePolicy": {"rules": _rules(wanted)},
        "template": {"metadata": {"labels": LABELS}, "spec": _pod(wanted)},
    }


def _active_deadline(wanted: Wanted) -> int:
    """Return what the Job may take: the gate always ends by itself, with a verdict, before Kubernetes ends it."""
    first, longest = _PAUSES
    pauses = sum(min(first * 2**number, longest) for number in range(wanted.retries))
    return int((wanted.deadline + _START) * (wanted.retries + 1) + pauses)


def _rules(wanted: Wanted) -> list[dict[str, Any]]:
    """Return a rule for each verdict; the first that matches decides.

    The failed Job's condition names the exit code. Only a CRITICAL may be worth a retry. A pod that the cluster takes
    away has judged nothing, and does not count.
    """

    def on_exit(action: str, *codes: int) -> dict[str, Any]:
        return {"action": action, "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": list(codes)}}

    return [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        on_exit("FailJob", 1),
        on_exit("Count" if wanted.retries else "FailJob", 2),
        on_exit("FailJob", 130, 143),
    ]


def _pod(wanted: Wanted) -> dict[str, Any]:
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
        "containers": [_container(wanted, CONTAINER, ["release-sentinel"], _arguments(wanted))],
        "volumes": _volumes(wanted),
    }
    if wanted.repository:
        pod["initContainers"] = [_container(wanted, "clone", ["git"], _clone(wanted))]
    return pod


def _container(wanted: Wanted, name: str, command: list[str], arguments: list[str]) -> dict[str, Any]:
    mounts: list[dict[str, Any]] = [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108 - the pod's own
    if wanted.repository:
        mounts.append({"name": "work", "mountPath": _WORK})
    if wanted.credentials:
        mounts.append({"name": "credentials", "mountPath": _HOME, "readOnly": True})
    container: dict[str, Any] = {
        "name": name,
        "image": wanted.image,
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
        sources = [{"secretRef": {"name": secret}} for secret in wanted.secrets]
        sources += [{"configMapRef": {"name": config}} for config in wanted.configs]
        container |= {"envFrom": sources} if sources else {}
        container |= {
            "workingDir": _CLONE if wanted.repository else REPOSITORY,
            "terminationMessagePolicy": "FallbackToLogsOnError",
        }
    return container


def _arguments(wanted: Wanted) -> list[str]:
    release = ["--env", wanted.env, "--version", wanted.version, "--gate-deadline", f"{wanted.deadline:g}"]
    mode = ["--gate-tag-mode", "existing"] if wanted.ref and wanted.ref == wanted.version else []
    return ["kubernetes", "run", *release, *mode, *wanted.arguments]


def _clone(wanted: Wanted) -> list[str]:
    """Return the arguments of a whole clone: the gates ask for history and branches."""
    ref = [f"--branch={wanted.ref}"] if wanted.ref else []
    return ["clone", "--quiet", *ref, "--", wanted.repository, _CLONE]


def _volumes(wanted: Wanted) -> list[dict[str, Any]]:
    volumes: list[dict[str, Any]] = [{"name": "tmp", "emptyDir": {}}]
    if wanted.repository:
        volumes.append({"name": "work", "emptyDir": {}})
    if wanted.credentials:
        only = {"secretName": wanted.credentials, "items": [{"key": ".netrc", "path": ".netrc"}], "defaultMode": 0o440}
        volumes.append({"name": "credentials", "secret": only})
    return volumes
