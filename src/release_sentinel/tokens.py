"""The environment variables that may hold the token of a forge."""

TOKENS = {"github": ("GITHUB_TOKEN",), "gitlab": ("GITLAB_TOKEN",), "gitea": ("GITEA_TOKEN", "FORGEJO_TOKEN")}
JOB_TOKENS = {"github": (), "gitlab": ("CI_JOB_TOKEN",), "gitea": ("GITHUB_TOKEN",)}  # its own CI sets them
ALL_TOKENS = tuple(dict.fromkeys(name for held in (TOKENS, JOB_TOKENS) for names in held.values() for name in names))
