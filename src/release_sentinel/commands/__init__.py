"""What `release-sentinel` can do beside a gate run: a module for each command."""

# Each is a module in here, loaded when it is asked for: what it takes, and what it does.
COMMANDS = {
    "explain": ("[GATE]", "what a gate requires, why, and how to fix a failure"),
    "guide": ("[TOPIC]", "the manual: a page for each topic, or the list of them"),
    "policy": ("", "the policy in effect (for --env ENV), and where each of its values came from"),
    "schema": ("", "the JSON Schema of release-sentinel.toml, for editors"),
    "verify": ("FILE", "whether a verdict file says SAFE about a release, for the deploy step"),
    "tag": ("", "tags the commit of a SAFE verdict file, as --gate-tag does at the end of a run"),
    "release": ("", "finishes the release of a verdict file: tag, push, release on the forge"),
    "watch": ("", "after a deployment: do the critical gates stay healthy for as long as --for says?"),
    "history": (
        "FOLDER",
        "the history in kept verdict files: last verdicts, gates that fail or flap, held releases, measures",
    ),
    "init": ("[CI]", "writes what a repository needs: policy, gate, pipeline; or a Git hook, or a gate pack"),
    "hook": ("", "judges the version tags of a push; `init hook` writes the Git hook that calls it"),
    "completion": ("SHELL", "the completion script of this command line for bash, zsh or fish"),
    "kubernetes": ("", "the gate as a Job in a cluster: its manifest, and waiting for its verdict"),
    "dashboard": ("", "a Grafana dashboard over the metrics of --gate-metrics; with --alerts, alert rules"),
    "demo": ("", "three real runs on a throw-away repository: SAFE, BLOCKED, CRITICAL"),
}
