"""Are this machine and the hosts of the policy fit to take the release?"""

import pytest

from release_sentinel.checks.host import check_host
from release_sentinel.checks.system import check_disk, check_memory, check_process
from release_sentinel.checks.unit import check_unit

pytestmark = pytest.mark.critical


def test_host(gate, ask, target):
    gate.require(ask(check_host, target))


def test_disk(gate, ask, target):
    gate.require(ask(check_disk, target))


def test_memory(gate, ask, target):
    gate.require(ask(check_memory, target))


def test_process(gate, ask, target, process_table, own_processes):
    gate.require(ask(check_process, target, observe=process_table, own_processes=own_processes))


def test_unit(gate, ask, target, unit_table):
    gate.require(ask(check_unit, target, observe=unit_table))
