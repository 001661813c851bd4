#!/bin/sh
# Holds back a version tag unless the release gate says SAFE about it. Branches, other tags and deletions pass.
# The environment: RS_ENV, else `git config release-sentinel.env`, else the one below.
program=$(git config --get release-sentinel.program) || program=release-sentinel
if ! command -v "$program" >/dev/null 2>&1; then
    echo "pre-push: $program is not installed, so no tag can be judged and nothing is pushed" >&2
    echo "    -> install it, or: git config release-sentinel.program /path/to/release-sentinel" >&2
    echo "    -> git push --no-verify pushes without the gate" >&2
    exit 1
fi
exec "$program" hook --env <env> -- "$@"
