"""Verdicts to make pages of: those of a usual day, and those of the worst one."""

import math
from dataclasses import dataclass
from datetime import date, timedelta

from msgspec.structs import replace

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN
from release_sentinel.config.model import Waiver
from release_sentinel.measures import Measure
from release_sentinel.redacted import RedactedVerdict
from release_sentinel.timeline import Phase, Step
from release_sentinel.verdict import Disabled, GateResult, Missing, PolicyFile, Provenance, Release, Rounds, UsedPack
from release_sentinel.vocabulary import Stage, Status
from tests.reports.samples import RELEASE, SAMPLES, STARTED, verdict

COMMIT = RELEASE.commit
WHERE = Provenance(
    remote="https://github.com/acme/shop.git",
    url="https://github.com/acme/shop/actions/runs/7081234567",
    commit_url=f"https://github.com/acme/shop/commit/{COMMIT}",
    actor="kim",
    policies=(PolicyFile("release-sentinel.toml", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),),
    packs=(UsedPack("acme", "2.1.0", "acme-gates", "ef" * 32),),
)
SHOP = replace(RELEASE, repository="/srv/build/shop", branch_source="GITHUB_REF", remote="origin")


@dataclass
class Clock:
    """Lets one gate begin when the one before has ended."""

    now: float = 0.05

    def gate(self, id_: str, stage: Stage, status: Status, reason: str, seconds: float, **more: object) -> GateResult:
        """Return a result, with its steps `what, seconds, words` made to follow each other within its time."""
        begun, steps = self.now, []
        at = begun
        for what, took, words in more.pop("asked", ()):  # type: ignore[attr-defined]  # mixed kinds
            steps.append(Step(what, at, took, words))
            at += took + 0.02
        self.now = max(begun + seconds, at)
        return GateResult(id_, stage, status, reason, seconds=self.now - begun, began=begun, steps=tuple(steps), **more)  # type: ignore[arg-type]  # as above


def usual(**changed: GateResult) -> list[GateResult]:
    """Return what a run with the built-in gates says, with some of its results changed."""
    clock = Clock()
    policy, critical = Stage.POLICY, Stage.CRITICAL
    head = ("git rev-parse", 0.004, "")
    remote = ("git ls-remote", 0.41, "")
    health = ("GET https://shop.example.com/health", 0.062, "")
    gates = [
        clock.gate("environment", policy, OK, "prod is an environment of the policy", 0.001),
        clock.gate("repository", policy, OK, "/srv/build/shop at 0123456789ab", 0.02, asked=[head]),
        clock.gate("clean-tree", policy, OK, "the working tree is clean", 0.03, asked=[("git status", 0.021, "")]),
        clock.gate("branch", policy, OK, "main, according to GITHUB_REF and origin", 0.45, asked=[remote]),
        clock.gate("version", policy, OK, "v1.0.0 is a release version", 0.001),
        clock.gate("tag", policy, OK, "v1.0.0 exists neither here nor on origin", 0.01),
        clock.gate("configuration", policy, OK, "3 required settings are present", 0.002),
        clock.gate(
            "disk",
            critical,
            OK,
            "/ (/dev/sda1, ext4) 41.3 % in use",
            0.011,
            measures=(Measure("used", 41.3, "%", 75, 85),),
        ),
        clock.gate(
            "memory", critical, OK, "62 % of the host in use", 0.004, measures=(Measure("used", 62, "%", 70, 85),)
        ),
        clock.gate(
            "process",
            critical,
            OK,
            "2 processes named shop-agent",
            0.013,
            measures=(Measure("count", 2, "", None, None),),
        ),
        clock.gate(
            "api",
            critical,
            OK,
            "200 from https://shop.example.com/health",
            0.07,
            asked=[health],
            measures=(Measure("latency", 62.1, "ms", 500, 1000),),
        ),
    ]
    return [changed.get(gate.id.replace("-", "_"), gate) for gate in gates]


def judged(gates: list[GateResult], problems: tuple[str, ...] = (), seconds: float = 0.0) -> RedactedVerdict:
    """Return the verdict on the shop with these results."""
    ended = max([seconds, *(gate.began + gate.seconds for gate in gates)]) + 0.03
    said = verdict(*gates, problems=problems, release=SHOP)
    return replace(said, provenance=WHERE, ended=STARTED + timedelta(seconds=ended))


def _of(gates: list[GateResult], id_: str) -> GateResult:
    return next(gate for gate in gates if gate.id == id_)


_PLAIN = usual()
_WAIVER = Waiver("disk", "prod", "new disks arrive on Monday", "Kim Lee", date(2024, 6, 30))

SAFE = judged(_PLAIN)
WARNED = replace(
    judged(
        usual(
            memory=replace(
                _of(_PLAIN, "memory"),
                status=WARN,
                reason="78.4 % of the host in use",
                remedy="free memory, or raise `memory.warn`",
                measures=(Measure("used", 78.4, "%", 70, 85),),
            ),
            disk=replace(
                _of(_PLAIN, "disk"),
                status=CRIT,
                reason="/ (/dev/sda1, ext4) 91.2 % in use",
                remedy="free space on /",
                waiver=_WAIVER,
                measures=(Measure("used", 91.2, "%", 75, 85),),
            ),
        )
    ),
    warnings=("the waiver for tag in prod expired on 2024-05-01: remove it from the policy",),
    disabled=(Disabled("signature", Stage.POLICY, "keys are rolled out in June"),),
)


def _blocked() -> RedactedVerdict:
    dirty = replace(
        _of(_PLAIN, "clean-tree"),
        status=CRIT,
        reason="3 paths differ from the commit, expected none",
        remedy="commit or remove these files, or add what a build leaves behind to .gitignore",
        details=("?? dist/shop-1.0.0.tar.gz", " M src/shop/__init__.py", "UU src/shop/cart.py"),
    )
    tag = replace(
        _of(_PLAIN, "tag"),
        status=UNKNOWN,
        reason="origin did not answer within 3 s, expected its tags",
        tries=3,
        seconds=3.4,
        remedy="try again; if it stays silent, check the network of the runner and the credentials for origin",
        steps=tuple(Step("git ls-remote", 0.6 + 1.1 * number, 1.0, "Connection timed out") for number in range(3)),
    )
    missing = replace(
        _of(_PLAIN, "configuration"),
        status=CRIT,
        reason="RS_DEPLOY_TOKEN is empty, RS_API_URL is a placeholder",
        remedy="set these variables in the settings of the pipeline",
    )
    gates = usual(clean_tree=dirty, tag=tag, configuration=missing)
    left = "a policy gate failed: critical gates are not evaluated"
    return judged(
        [
            replace(one, status=None, reason=left, seconds=0.0, steps=(), measures=())
            if one.stage is Stage.CRITICAL
            else one
            for one in gates
        ]
    )


def _rounds() -> RedactedVerdict:
    api = replace(
        _of(_PLAIN, "api"),
        status=CRIT,
        reason="503 from https://shop.example.com/health, expected 200",
        tries=3,
        remedy="look at the service's log; the gate asks again in the next round",
        began=898.0,
        seconds=2.2,
        steps=tuple(
            Step("GET https://shop.example.com/health", 898.0 + 0.6 * n, 0.2 + 0.1 * n, "503 Service Unavailable")
            for n in range(3)
        ),
        measures=(Measure("latency", 1740.5, "ms", 500, 1000),),
    )
    queue = GateResult(
        "prometheus[queue]",
        Stage.CRITICAL,
        UNKNOWN,
        "the query has no data, expected one number",
        remedy="check the query and the scrape of the job",
        began=898.1,
        seconds=0.2,
        steps=(Step("POST http://prometheus:9090/api/v1/query", 898.1, 0.18),),
    )
    days = GateResult(
        "certificate[shop.example.com]",
        Stage.CRITICAL,
        WARN,
        "the chain expires in 12 days",
        remedy="renew it",
        began=898.2,
        seconds=0.1,
        measures=(Measure("days", 12, "days", 30, 7),),
        steps=(Step("TLS with shop.example.com:443", 898.2, 0.09),),
    )
    gates = [
        *(
            replace(one, began=898 + 0.01 * n) if one.stage is Stage.CRITICAL else one
            for n, one in enumerate(usual(api=api))
        ),
        queue,
        days,
    ]
    phases = (
        Phase(0.9, 240.3, 16, ("api", "prometheus[queue]")),
        Phase(255.0, 300.2, 4, ("api",)),
        Phase(315.0, 316.0, 1),
        Phase(330.0, 840.0, 34, (), holding=True),
        Phase(855.0, 900.2, 4, ("api",), holding=True),
    )
    told = Rounds(
        59,
        900,
        600,
        15,
        315.1,
        585.1,
        {"api": 24, "prometheus[queue]": 17},
        "api failed 2 rounds in a row after 540 s of the hold",
        phases,
    )
    shared = (Step("git rev-parse", 0.01, 0.02), Step("git ls-remote", 0.03, 0.4))
    return replace(judged(gates, seconds=900.3), rounds=told, steps=shared)


def _hundred() -> RedactedVerdict:
    gates = usual()
    for number in range(89):
        name = f"web{number % 30 + 1}"
        kind, unit = (("disk", "%"), ("memory", "%"), ("api", "ms"))[number // 30]
        value = 20 + 0.9 * number
        status = WARN if value >= 75 else OK
        crit, warn = (85, 75) if unit == "%" else (1000, 500)
        asked = (
            Step(f"ssh deploy@{name}", 1 + 0.01 * number, 0.25)
            if unit == "%"
            else Step(f"GET https://{name}.example.com/health", 1.2, 0.2)
        )
        id_ = f"{kind}[{name}:/var]" if kind == "disk" else f"{kind}[{name}]"
        gates.append(
            GateResult(
                id_,
                Stage.CRITICAL,
                status if unit == "%" else OK,
                f"{value:.1f} {unit} on {name}",
                began=1 + 0.01 * number,
                seconds=0.3,
                measures=(Measure("used", value, unit, warn, crit),),
                steps=(asked,),
            )
        )
    return judged(gates)


HOSTILE = (
    "</script></style></title><script>alert(1)</script><img src=x onerror=alert(1)> \"' onmouseover=alert(1) "
    "&lt; \u202egnp.exe \x00\x1b[31m \udc80 javascript:alert(1) "
)


def _hostile() -> RedactedVerdict:
    text, word = HOSTILE, "W" * 300
    release = Release(text, f"v{text}", f"/srv/{text}", text, f"{word}{text}", text, text)
    where = Provenance(
        text,
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        text,
        (PolicyFile(text, text),),
        (UsedPack(text, text, text, text),),
    )
    waiver = Waiver(f"{text}1", text, text, text, date(2024, 6, 30))
    numbers = (0.0, -5.0, 1e30, math.nan, math.inf, -math.inf)
    measures = tuple(Measure(f"{text}{number}", number, text, 75, 85) for number in numbers)
    gates = [
        GateResult(
            text,
            Stage.POLICY,
            CRIT,
            text + word,
            text,
            (text,) * 5,
            3,
            0.1,
            f"{text}\n{text}",
            None,
            measures,
            began=0.1,
            steps=(Step(text, 0.1, 0.1, text), Step(text, 0.2, math.inf, text), Step(text, math.nan, -1.0, text)),
        ),
        GateResult(word, Stage.POLICY, UNKNOWN, word, word, (word,), traceback=word),
        GateResult(f"{text}1", Stage.CRITICAL, CRIT, text, text, waiver=waiver),
        GateResult(f"{text}2", Stage.CRITICAL, WARN, text, text, (text,)),
        GateResult(f"{text}3", Stage.CRITICAL, None, text),
    ]
    told = Rounds(2, 1, 1, 1, None, 0, {text: 1}, text, (Phase(0, 1, 1, (text, text)),))
    said = verdict(*gates, problems=(text, word), release=release)
    return replace(
        said,
        missing=(Missing(text, text),),
        disabled=(Disabled(text, Stage.POLICY, text),),
        warnings=(text, word),
        provenance=where,
        rounds=told,
        steps=(Step(text, 0, 0.1, text),),
    )


PAGES = {
    "safe": SAFE,
    "warned": WARNED,
    "blocked": _blocked(),
    "rounds": _rounds(),
    "incomplete": replace(
        judged(
            usual()[:-1],
            ("no result from gate api: it was deselected by -k", "pytest collected no file in gate_tests/extra"),
        ),
        missing=(Missing("api", "it was deselected by -k"),),
    ),
    "preview": replace(judged(_PLAIN), preview=True),
    "partial": replace(judged(_PLAIN[:3]), partial=True),
    "watch": replace(_rounds(), watch=True),
    "hundred": _hundred(),
    "hostile": _hostile(),
    **{f"sample {name}": sample for name, sample in SAMPLES.items()},
}
