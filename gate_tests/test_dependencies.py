"""Do the services that the release depends on answer?"""

import pytest

from release_sentinel.checks.api import check_api
from release_sentinel.checks.certificate import check_certificate
from release_sentinel.checks.prometheus import check_prometheus
from release_sentinel.checks.tcp import check_tcp

pytestmark = pytest.mark.critical


def test_api(gate, ask, target):
    gate.require(ask(check_api, target))


def test_tcp(gate, ask, target):
    gate.require(ask(check_tcp, target))


def test_certificate(gate, ask, target):
    gate.require(ask(check_certificate, target))


def test_prometheus(gate, ask, target):
    gate.require(ask(check_prometheus, target))
