"""A process is known by its program, its title, and what it runs; what only looks like a name is none."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from release_sentinel.observe.names import names
from tests.conftest import running
from tests.observe.parts import program
from tests.observe.test_processes import names_of

PYTHON, BUSYBOX = "/usr/bin/python3.12", "/bin/busybox"
# The name, then what the kernel shows: its own name, the executable, the command line as psutil splits it.
NAMED = {
    "script-by-shebang": ("networkd-dispatcher", "networkd-dispat", PYTHON, "/bin/python3 ./networkd-dispatcher -T"),
    "script-with-an-option": ("networkd-dispatcher", "networkd-dispat", PYTHON, "python3 -Es /x/networkd-dispatcher"),
    "script-of-15-characters": ("shop-dispatcher", "shop-dispatcher", "/bin/dash", "/bin/sh /srv/shop-dispatcher"),
    "script-by-env": ("networkd-dispatcher", "python3", PYTHON, "python3 /usr/bin/networkd-dispatcher"),
    "shell-script-by-env": ("shop-agent", "bash", "/usr/bin/bash", "bash ./shop-agent"),
    "gunicorn": ("gunicorn", "gunicorn: maste", PYTHON, "gunicorn: master [shop.wsgi:app]"),
    "nginx": ("nginx", "nginx", "", "nginx: worker process"),
    "nginx-master": ("nginx", "nginx", "", "nginx: master process /usr/sbin/nginx -g daemon off;"),
    "postgres": ("postgres", "postgres", "", "postgres: checkpointer "),
    "sshd": ("sshd", "sshd", "", "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"),
    "php-fpm": ("php-fpm", "php-fpm8.3", "/usr/sbin/php-fpm8.3", "php-fpm: pool www"),
    "celery": ("celeryd", "[celeryd: celer", PYTHON, "[celeryd: celery@web:MainProcess] -active- (worker)"),
    "java-jar": ("shop.jar", "java", "/usr/lib/jvm/17/bin/java", "java -Xmx1g -Dname=a.b -jar /srv/shop.jar --port 80"),
    "java-class": ("com.shop.Main", "java", "/usr/lib/jvm/17/bin/java", "java -cp /srv/lib/* -ea com.shop.Main nginx"),
    "java-simple-class": ("Main", "java", "/usr/lib/jvm/17/bin/java", "java --add-opens a/b=c com.shop.Main"),
    "java-module": ("com.shop.Main", "java", "/usr/bin/java", "java -p mods -m shop/com.shop.Main"),
    "busybox": ("httpd", "busybox", BUSYBOX, "busybox httpd -f"),
    "busybox-by-path": ("httpd", "busybox", BUSYBOX, "/bin/busybox httpd -f"),
    "busybox-by-link": ("httpd", "httpd", BUSYBOX, "httpd -f"),
    "snap": ("nginx", "nginx", "/snap/nginx/12/usr/sbin/nginx", "/snap/nginx/12/usr/sbin/nginx"),
    "snap-wrapper": ("shop", "command-shop.wr", "/usr/bin/dash", "/bin/sh /snap/shop/12/command-shop.wrapper"),
    "snap-launcher": ("shop", "shop.launcher", "/usr/bin/bash", "/bin/bash /snap/shop/x1/bin/shop.launcher"),
    "module": ("shop", "python3", PYTHON, "python3 -m shop --port 80"),
    "module-after-options": ("shop", "python", PYTHON, "python -X dev -Wignore -Im shop"),
    "python-script": ("shop.py", "python", PYTHON, "python -u /srv/shop.py"),
    "node": ("server.js", "node", "/usr/bin/node", "node --enable-source-maps -r dotenv --title=x /srv/server.js"),
    "node-renamed": ("server.js", "MainThread", "/usr/bin/node", "node server.js"),
    "ruby": ("sidekiq", "ruby", "/usr/bin/ruby3.1", "ruby3.1 bin/sidekiq"),
    "loader": ("shop", "ld-linux-x86-64", "/lib/ld-linux-x86-64.so.2", "/lib/ld-linux-x86-64.so.2 /srv/shop"),
}  # fmt: skip
LOOK_ALIKES = {
    "grep": "grep nginx",
    "editor": "vim nginx",
    "editor-of-its-configuration": "vim /etc/nginx/nginx.conf",
    "shell-command": "sh -c nginx",
    "shell-command-with-options": "bash -ec nginx",
    "shell-command-by-path": "sh -c /usr/sbin/nginx",
    "shell-with-a-word": "sh nginx",
    "sudo": "sudo nginx",
    "tail": "tail -f nginx.log",
    "docker": "docker run nginx",
    "python-code": "python3 -c nginx",
    "python-code-in-a-cluster": "python3 -Ic nginx",
    "python-stdin": "python3 - nginx",
    "python-option": "python3 -W nginx",
    "argument-of-a-script": "python3 /usr/bin/editor nginx",
    "argument-of-a-module": "python3 -m pip nginx",
    "look-alike-script": "python3 /srv/nginx.py",
    "java-option": "java -cp nginx Main",
    "java-argument": "java -jar shop.jar nginx",
    "java-argument-file": "java @options nginx",
    "node-code": "node -e nginx",
    "node-unknown-option": "node --title nginx app.js",
    "node-required": "node -r nginx app.js",
    "perl-option": "perl -I nginx",
    "busybox-argument": "busybox vi nginx",
    "busybox-option": "busybox --help nginx",
    "strace": "strace nginx",
    "title-of-another": "watcher: nginx: worker process",
    "title-with-a-suffix": "nginx-exporter: serving",
    "path-like-a-title": "./nginx: x",
    "systemd-run": "systemd-run nginx",
}


@pytest.mark.parametrize(("name", "kernel", "executable", "line"), NAMED.values(), ids=NAMED)
def test_the_name_that_people_use(name: str, kernel: str, executable: str, line: str) -> None:
    """Whatever runs it, it is found by its own name."""
    assert name in names(kernel, executable, line.split(" "))


@pytest.mark.parametrize("line", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_look_alikes(line: str) -> None:
    """A word on a command line is not a name."""
    words = line.split(" ")
    program = words[0].rpartition("/")[2].rstrip(":")
    assert "nginx" not in names(program if program != "nginx" else "x", f"/usr/bin/{program}-1", words)


def test_a_title_that_overwrites_its_command_line() -> None:
    """What is left of the memory is blank, and the title is then in one piece."""
    assert "gunicorn" in names("gunicorn: maste", PYTHON, ["gunicorn: master [shop.wsgi:app]", "", "", ""])
    assert "nginx" not in names("watcher: /usr/s", PYTHON, ["watcher: /usr/sbin/nginx", "", ""])
    assert "nginx" not in names("watcher: /usr/s", PYTHON, ["watcher: /usr/sbin/nginx", "60"])
    assert "nginx" not in names("watcher", PYTHON, ["/usr/bin/watcher --of /usr/sbin/nginx", ""])
    assert "puma" in names("puma: 6.4", "/usr/bin/ruby", ["puma 6.4 (tcp://0.0.0.0:80) [shop]", "", ""])


def test_a_name_that_is_cut_is_completed_only_from_a_script() -> None:
    """A program whose own name is that long is not called like one of its arguments."""
    long = "/usr/bin/networkd-dispatcher"
    seen = names("networkd-dispat", long, [long, "networkd-dispatcher-2", "networkd-dispatX"])
    assert seen == {"networkd-dispatcher"}
    assert names("networkd-dispat", "", ["x", "y", "z", "networkd-dispatcher"]) == {"x"}
    assert "networkd-dispat" not in names("networkd-dispat", PYTHON, ["python3", "networkd-dispatcher"])


def test_names_that_are_not_text() -> None:
    """Bytes that are not UTF-8, also where the kernel cuts a letter into two."""
    cut = os.fsdecode("straßenbahn-schaffner".encode()[:15])
    assert "straßenbahn-schaffner" in names(cut, "/bin/dash", ["/bin/sh", "./straßenbahn-schaffner"])
    letters = os.fsdecode(("ü" * 12).encode()[:15])
    assert "ü" * 12 in names(letters, "/bin/dash", ["/bin/sh", "./" + "ü" * 12])
    assert names("\udcff", "", []) == {"\udcff"}


@pytest.mark.parametrize("command", [[], [""], ["", ""], ["-"], ["python3"], ["java", "-jar"], ["python3", "-m"]])
def test_command_lines_that_end_early(command: list[str]) -> None:
    """A command line that is empty or cut off names nothing more."""
    assert names("x", "", command) <= {"x", "-", "python3", "java"}


def test_names_on_windows() -> None:
    """Paths have other separators, and a drive is no title."""
    seen = names("python.exe", r"C:\Python\python.exe", [r"C:\Python\Python.exe", "-m", "shop"], windows=True)
    assert seen == {"python.exe", "Python.exe", "shop"}
    assert names("x.exe", "", ["nginx: worker"], windows=True) == {"x.exe", "nginx: worker"}


def until_named(pid: int, name: str) -> frozenset[str]:
    """Return the names of a live process once it has one, or a while later: `env` becomes what it starts."""
    end = time.monotonic() + 5
    while name not in (seen := names_of(pid)) and time.monotonic() < end:
        time.sleep(0.01)
    return seen


@pytest.mark.skipif(os.name == "nt", reason="scripts begin with #!")
def test_real_scripts(tmp_path: Path) -> None:
    """By its shebang, whose interpreter the kernel or `env` finds, however long its name is."""
    named = ["#!/usr/bin/env python3"] if shutil.which("python3") else []
    own = [] if " " in sys.executable else [f"#!{sys.executable}"]  # the kernel splits there
    for shebang in (*own, *named):
        script = program(tmp_path / "shop-networkd-dispatcher", f"{shebang}\nimport sys\nsys.stdin.read()\n")
        with running(str(script), "nginx") as process:
            seen = until_named(process.pid, "shop-networkd-dispatcher")
        assert "shop-networkd-dispatcher" in seen
        assert not {"nginx", "shop-networkd-d"} & seen


@pytest.mark.skipif(os.name == "nt", reason="no titles")
def test_a_real_title() -> None:
    """A process that wrote a title over its command line."""
    command = ["gunicorn: master [shop.wsgi:app]"]
    with subprocess.Popen(command, executable="/bin/cat", stdin=subprocess.PIPE) as process:
        seen = names_of(process.pid)
        process.communicate()
    assert "gunicorn" in seen
    assert not {"gunicorn:", "master", "shop.wsgi:app"} & (seen - {"gunicorn:"})
