"""Waits for a Job that judges a release, and returns its verdict as an exit code. Asks the cluster by `kubectl`."""

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from release_sentinel import strict_json
from release_sentinel.deliver.kubernetes.manifest import CONTAINER, LABELS
from release_sentinel.errors import SentinelError
from release_sentinel.vocabulary import EXIT_BLOCKED, EXIT_CRITICAL, EXIT_SAFE, INCOMPLETE, SAFE

_PAUSE = 2.0  # seconds between two looks
_PATIENCE = 20.0  # seconds for one answer
_FAILURES = 5  # in a row, after which the cluster is taken for gone
_SPARE = 60.0  # seconds beyond the Job's own deadline
_UNBOUNDED = 900.0  # seconds for a Job without a deadline
_VERDICTS = {EXIT_BLOCKED, EXIT_CRITICAL, 130, 143}


class ClusterError(SentinelError):
    """`kubectl` did not answer as it should; `lasting`: asking again would change nothing."""

    def __init__(self, message: str, *, lasting: bool = False) -> None:
        super().__init__(message)
        self.lasting = lasting


class Ending(Struct, frozen=True):
    """How a Job ended: the exit code that says so, and sentences for people."""

    code: int
    lines: tuple[str, ...]


def wait(job: str, *, namespace: str = "", timeout: float | None = None) -> Ending:
    """Wait until a Job is complete or has failed, `timeout` seconds at most (None: its own deadline and a minute).

    Raises `ClusterError` where the cluster does not answer or knows no such Job.
    """
    cluster, start, failures = _Cluster(namespace), time.monotonic(), 0
    while True:
        try:
            seen = cluster.get("job", job)
            failures = 0
            if ended := _condition(seen):
                return _ending(seen, ended, cluster.pods_of(seen))
            bound = timeout or seen["spec"].get("activeDeadlineSeconds", _UNBOUNDED) + _SPARE
            if time.monotonic() - start > bound:
                why = "; ".join(_hindrances(cluster.pods_of(seen)))
                said = f"the Job {job} did not end within {bound:g} s" + (f": {why}" if why else "")
                return Ending(EXIT_BLOCKED, (f"{INCOMPLETE} (exit {EXIT_BLOCKED}): {said}",))
        except ClusterError as error:
            failures += 1
            if error.lasting or failures >= _FAILURES or (timeout and time.monotonic() - start > timeout):
                raise
        time.sleep(_PAUSE)


class _Cluster:
    """What `kubectl` says of a namespace."""

    def __init__(self, namespace: str) -> None:
        self._options = ["--output=json", f"--request-timeout={_PATIENCE:g}s"]
        self._options += [f"--namespace={namespace}"] if namespace else []

    def get(self, *what: str) -> dict[str, Any]:
        command = ["kubectl", "get", *self._options, *what]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=2 * _PATIENCE,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except FileNotFoundError as error:
            raise ClusterError("kubectl is not on PATH: install it, or read the Job's status", lasting=True) from error
        except subprocess.TimeoutExpired as error:
            raise ClusterError(f"kubectl did not answer within {2 * _PATIENCE:g} s") from error
        if done.returncode:
            said = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
            lasting = any(word in said for word in ("(NotFound)", "(Forbidden)", "(Unauthorized)"))
            raise ClusterError(f"kubectl get {' '.join(what)} failed: {said}", lasting=lasting)
        try:
            answer = strict_json.loads(done.stdout)
        except ValueError as error:
            raise ClusterError(f"kubectl get {' '.join(what)} answered with no JSON document") from error
        if not isinstance(answer, dict):
            raise ClusterError(f"kubectl get {' '.join(what)} answered with no object")
        return answer

    def pods_of(self, job: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the Job's own pods; those of an older one of the same name may still be there."""
        name, uid = job["metadata"]["name"], job["metadata"].get("uid")
        found = self.get("pods", f"--selector=job-name={name}").get("items", [])
        return [pod for pod in found if uid in {o.get("uid") for o in pod["metadata"].get("ownerReferences", [])}]


def _condition(job: Mapping[str, Any]) -> dict[str, Any]:
    """Return the condition that ends a Job; an empty one as long as it runs."""
    conditions = job.get("status", {}).get("conditions", [])
    return next((one for one in conditions if one["type"] in {"Complete", "Failed"} and one["status"] == "True"), {})


def _ending(job: Mapping[str, Any], ended: Mapping[str, Any], pods: Sequence[Mapping[str, Any]]) -> Ending:
    gates = [state for pod in pods for state in _terminated(pod, "containerStatuses") if state["name"] == CONTAINER]
    last = max(gates, key=lambda state: str(state.get("finishedAt", "")), default={})
    message = _message(last)
    name, verdict = job["metadata"]["name"], message.get("verdict")
    about = f"{message.get('version')} to {message.get('env')}" if message else "no verdict was left"
    reasons = tuple(" ".join(str(reason).split()) for reason in message.get("reasons", []))
    if ended["type"] == "Complete":
        ours = LABELS.items() <= job["metadata"].get("labels", {}).items()
        if verdict == SAFE or (ours and not gates):  # the pod may be gone by now: the Job's status stays
            return Ending(EXIT_SAFE, (f"{SAFE} (exit 0): {about}, says the Job {name}",))
        said = f"the Job {name} is complete, but its container says {verdict or 'nothing'}: is it a release gate?"
        return Ending(EXIT_BLOCKED, (f"{INCOMPLETE} (exit {EXIT_BLOCKED}): {said}", *reasons))
    code = last.get("exitCode")
    if code in _VERDICTS and ended.get("reason") != "DeadlineExceeded":
        return Ending(code, (f"{verdict or 'not SAFE'} (exit {code}): {about}, says the Job {name}", *reasons))
    why = " ".join(f"{ended.get('reason', '')} {ended.get('message', '')}".split())
    hindrances = tuple(_hindrances(pods))
    return Ending(EXIT_BLOCKED, (f"{INCOMPLETE} (exit {EXIT_BLOCKED}): the Job {name} failed: {why}", *hindrances))


def _terminated(pod: Mapping[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    """Yield how each container of a pod ended, if it has."""
    for container in pod.get("status", {}).get(kind, []):
        if ended := container.get("state", {}).get("terminated"):
            yield {**ended, "name": container["name"]}


def _message(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the verdict that a container has left; an empty one where it left none."""
    try:
        message = strict_json.loads(str(state.get("message", "")))
    except ValueError:
        return {}
    return message if isinstance(message, dict) and "verdict" in message else {}


def _hindrances(pods: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Say what keeps pods from judging: an image that is not there, a clone that failed, no memory."""
    for pod in pods:
        name = pod["metadata"]["name"]
        for kind in ("initContainerStatuses", "containerStatuses"):
            for container in pod.get("status", {}).get(kind, []):
                if waiting := container.get("state", {}).get("waiting"):
                    yield f"pod {name}, container {container['name']} waits: {waiting.get('reason')}"
            for ended in _terminated(pod, kind):
                if ended["exitCode"]:
                    reason = ended.get("reason", "Error")
                    yield f"pod {name}, container {ended['name']} ended with exit code {ended['exitCode']} ({reason})"
