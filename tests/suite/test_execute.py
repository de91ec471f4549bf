"""Rows run in other processes, here or on a cluster: a crash is a result, and nothing is lost."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from parity.suite.execute import execute
from parity.suite.report import failing, merged, report_of, suite_data, verdict_of
from parity.suite.survey import Effort
from parity.suite.task import tasks_of
from parity.verdict import Verdict

CRASHING = "tests.suite.specimens.crashing"
NAMES = [*(f"copy {n}" for n in range(3)), "dies", "dies once"]
EFFORT = Effort(examples=3)


def nothing():
    """Workers that need no preparation."""


@pytest.fixture
def tasks(tmp_path, monkeypatch):
    monkeypatch.setenv("PARITY_TEST_MARK", str(tmp_path / "mark"))
    rows = [("deaths", name, ("float32",)) for name in NAMES]
    single = tasks_of(rows, package=CRASHING, effort=EFFORT, runtimes=["torch"])
    together = replace(single[0], pairs=tuple(p for task in single[2::2] for p in task.pairs))
    return [*single[:2], single[3], together]


def check(found):
    counts = Counter(tally.row for tally in found)
    assert counts == dict.fromkeys(NAMES, 1)
    verdicts = {tally.row: verdict_of(tally) for tally in found}
    assert verdicts.pop("dies") is Verdict.error
    assert all(verdict.passes for verdict in verdicts.values()), verdicts


def test_a_row_that_kills_its_process_is_a_result_and_those_beside_it_go_on(tasks):
    found = [t for _, tallies in execute(tasks, workers=2, settle=nothing) for t in tallies]
    check(found)
    (dead,) = [tally for tally in found if tally.row == "dies"]
    assert "the process ended" in dead.failure


@pytest.mark.timeout(280)
def test_a_cluster_loses_nothing_when_a_worker_dies_half_way(tasks, monkeypatch):
    import ray
    from ray.cluster_utils import Cluster

    roots = os.pathsep.join(filter(None, [str(Path.cwd()), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("PYTHONPATH", roots)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        monkeypatch.setenv("RAY_ADDRESS", cluster.address)
        done = execute(tasks, workers=2, cluster=True, settle=nothing)
        check([t for _, tallies in done for t in tallies])
    finally:
        ray.shutdown()
        cluster.shutdown()


def test_a_report_counts_each_row_once_and_says_what_fails(tasks):
    from parity.environment import collect

    found = [t for _, tallies in execute(tasks[:2], workers=1, settle=nothing) for t in tallies]
    again = merged([*found, *(t for t in found if t.row == "copy 9")])
    assert len(again) == len(found)
    data = suite_data(found, collect())
    report = report_of(data)
    assert report.passes
    assert [result.case for result in report.results] == ["copy 0", "copy 1"]
    assert not failing(data.tallies)
