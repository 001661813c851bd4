"""Files of other kinds that may be called like the program: manifests, workflows, reports. They are not policies."""

from collections.abc import Mapping

_KINDS = {  # top-level keys that tell what a file is, in lower case
    "a manifest of Kubernetes or a cloud": "apiversion kind resources awstemplateformatversion",
    "the values of a chart": "chart image images replicacount ingress serviceaccount nodeselector tolerations affinity"
    " securitycontext nameoverride fullnameoverride",
    "a compose file": "services volumes networks",
    "a workflow, pipeline or action": "on jobs steps stages stage script before_script include pipeline pipelines pool"
    " trigger triggers workflow workflows inputs runs tasks hooks repos",
    "a report or attestation": "schema_version verdict exitcode exit_code tests predicatetype _type",
    "a schema, or the description of an interface": "properties definitions $defs $id openapi swagger"
    " asyncapi components paths",
    "settings of monitoring or logging": "groups global scrape_configs receivers route panels dashboard handlers"
    " formatters loggers",
    "a package": "devdependencies scripts project build-system package metadata options",
    "a unit or rule of the system": "unit install socket timer definition",
    "settings of another tool": "tox testenv pytest mypy flake8",
}
_KEYS = frozenset(key for keys in _KINDS.values() for key in keys.split())
_JOB = frozenset({"script", "extends", "stage", "steps", "uses", "image", "runs-on", "tasks", "command"})


def is_of_another(document: Mapping[object, object]) -> bool:
    """Return whether the keys of a document tell that it is something else than a policy."""
    if True in document:  # what YAML makes of `on`
        return True
    names = [str(key) for key in document]
    if all(name.isupper() for name in names) or any(":" in name for name in names):  # variables; `[program:x]`
        return True
    jobs = any(isinstance(value, dict) and not _JOB.isdisjoint(value) for value in document.values())
    return jobs or not _KEYS.isdisjoint(name.lower() for name in names)
