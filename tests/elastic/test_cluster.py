from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.elastic.cluster import Cluster

KEEPER = Path(__file__).parent / "keeper.py"
STARTING = f"""
import json, subprocess, sys, time
keeper = subprocess.Popen([sys.executable, {str(KEEPER)!r}, sys.argv[1]], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True, start_new_session=True)
order = {{"argv": ["sleep", "600"], "env": {{"PATH": "/usr/bin:/bin"}}, "log": sys.argv[1] + "/log", "as": {{}}}}
keeper.stdin.write(json.dumps(order) + chr(10))
keeper.stdin.flush()
print(keeper.stdout.readline().strip(), flush=True)
time.sleep(600)
"""


def test_a_run_that_is_killed_leaves_no_process_and_no_directory(tmp_path: Path) -> None:
    directory = tmp_path / "cluster"
    directory.mkdir()
    run = subprocess.Popen([sys.executable, "-c", STARTING, str(directory)], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    started = int(run.stdout.readline())
    os.kill(started, 0)
    run.send_signal(signal.SIGKILL)
    run.wait()
    while directory.exists():
        time.sleep(0.02)
    with pytest.raises(ProcessLookupError):
        os.kill(started, 0)


@pytest.mark.elasticsearch
def test_three_nodes_are_one_cluster_and_none_of_them_is_root(search_cluster: Cluster) -> None:
    assert search_cluster.ask("GET", "/_cluster/health")["number_of_nodes"] == 3
    nodes = search_cluster.ask("GET", "/_nodes/process")["nodes"].values()
    assert 0 not in {Path(f"/proc/{node['process']['id']}").stat().st_uid for node in nodes}


@pytest.mark.elasticsearch
def test_a_node_that_is_killed_is_gone_and_comes_back(search_cluster: Cluster) -> None:
    search_cluster.ask("PUT", "/kept", {"settings": {"number_of_replicas": 1}})
    search_cluster.wait()  # until each copy is where it belongs
    search_cluster.nodes[2].kill()
    search_cluster.wait(2, "yellow")
    search_cluster.mend()
    assert all(node.alive for node in search_cluster.nodes)
    assert search_cluster.ask("GET", "/_cat/indices?format=json&h=index") == [{"index": "kept"}]
