"""A `kubectl` that answers from files, and the objects that a cluster would answer with."""

import json
from pathlib import Path
from typing import Any

from release_sentinel.deliver.kubernetes.manifest import LABELS
from release_sentinel.deliver.kubernetes.message import compact
from release_sentinel.redacted import RedactedVerdict
from release_sentinel.reports.document import document

JOB = "release-gate-prod-v1-0-0"
_KUBECTL = """\
#!/bin/sh
# Each call is noted, and takes the next answer of its kind; the last one stays.
cd "$(dirname "$0")/answers"
echo "$*" >> calls
kind=job
case "$*" in *" pods "*) kind=pods ;; esac
for file in $kind.*; do break; done
set -- $kind.*
if [ $# -gt 1 ]; then mv "$file" "used.$file"; file="used.$file"; fi
case "$file" in *.error) cat "$file" >&2; exit 1 ;; esac
exec cat "$file"
"""


class Cluster:
    """A folder with a `kubectl` in it, for PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._answers = folder / "answers"
        self._answers.mkdir(parents=True)
        kubectl = folder / "kubectl"
        kubectl.write_text(_KUBECTL, encoding="utf-8")
        kubectl.chmod(0o755)

    def answer(self, kind: str, *answers: dict[str, Any] | str) -> None:
        """Answer questions for `job` or `pods` with these in turn; a text is an error."""
        for number, answer in enumerate(answers):
            error = isinstance(answer, str)
            file = self._answers / f"{kind}.{number:03}.{'error' if error else 'json'}"
            file.write_text(answer if isinstance(answer, str) else json.dumps(answer), encoding="utf-8")

    @property
    def calls(self) -> list[str]:
        """The command lines of all calls."""
        return (self._answers / "calls").read_text(encoding="utf-8").splitlines()


def job(condition: str = "", reason: str = "", *, ours: bool = True, **spec: Any) -> dict[str, Any]:
    """Return a Job, as the API shows it: running, or with the condition that ends it."""
    conditions = [{"type": condition, "status": "True", "reason": reason, "message": "so it was"}] if condition else []
    meta = {"name": JOB, "uid": "u-1", "labels": LABELS if ours else {}}
    return {"metadata": meta, "spec": spec, "status": {"conditions": conditions}}


def pods(*found: dict[str, Any]) -> dict[str, Any]:
    """Return a list of pods."""
    return {"items": list(found)}


def pod(
    code: int | None = None, told: RedactedVerdict | str = "", *, container: str = "gate", at: int = 0, uid: str = "u-1"
) -> dict[str, Any]:
    """Return a pod whose container ended with `code` and left a verdict; None: it waits for its image."""
    message = told if isinstance(told, str) else compact(document(told))
    state: dict[str, Any] = {"waiting": {"reason": "ImagePullBackOff"}}
    if code is not None:
        state = {"terminated": {"exitCode": code, "message": message, "finishedAt": f"2024-05-17T09:30:{at:02}Z"}}
    kind = "containerStatuses" if container == "gate" else "initContainerStatuses"
    meta = {"name": f"{JOB}-{at}", "ownerReferences": [{"uid": uid}]}
    return {"metadata": meta, "status": {kind: [{"name": container, "state": state}]}}
