"""A real Elasticsearch of one's own: one node or three on a loopback address nobody else has, gone when the run is."""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.elastic import distribution
from tests.elastic.distribution import ElasticError

_HEAP = "512m"
_START_SECONDS = 240
_SETTINGS = (
    "xpack.security.enabled: false",
    "cluster.routing.allocation.disk.threshold_enabled: false",  # how full this machine's disk is, is not the matter
    "cluster.routing.allocation.node_concurrent_recoveries: 8",
    "cluster.fault_detection.follower_check.interval: 500ms",
)
# Starts much sooner and is fast enough: no second compiler, no parallel collector, no log of every collection.
_JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", f"-Xms{_HEAP}", f"-Xmx{_HEAP}")


class Node:
    """One node: its number (from 1), its address, and its processes."""

    def __init__(self, cluster: Cluster, number: int, port: int, transport: int) -> None:
        self.number = number
        self.name = f"node-{number}"
        self.port = port
        self.transport = transport
        self.url = f"http://{cluster.address}:{port}"
        self._cluster = cluster
        self._group = 0

    def start(self) -> None:
        """Start it; `Cluster.wait` says when it answers."""
        self._group = self._cluster.run(self.name)

    @property
    def alive(self) -> bool:
        """Tell whether its first process still runs; a dead one may be there yet, as a zombie."""
        with suppress(OSError):
            return Path(f"/proc/{self._group}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        return False

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(self._group, signal.SIGKILL)
        while _listens(self._cluster.address, self.port):
            time.sleep(0.01)


class Cluster:
    """Nodes that know each other, and requests to them that are the test's own, not the product's."""

    def __init__(self, directory: Path, home: Path, java: Path, keeper: subprocess.Popen[str]) -> None:
        self.directory = directory
        digest = hashlib.sha256(directory.name.encode()).digest()
        self.address = f"127.{64 + digest[0] % 128}.{digest[1]}.{1 + digest[2] % 254}"
        self.nodes: list[Node] = []
        self._home = home
        self._java = java
        self._keeper = keeper
        self._as: dict[str, Any] = {}
        if os.getuid() == 0:  # the server refuses to run as root
            nobody = pwd.getpwnam("nobody")
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    @property
    def urls(self) -> list[str]:
        """Return every node's address."""
        return [node.url for node in self.nodes]

    def start(self, nodes: int) -> None:
        """Start so many nodes and wait until they are one cluster."""
        ports = _free_ports(self.address, 2 * nodes)
        self.nodes = [Node(self, number + 1, *ports[2 * number : 2 * number + 2]) for number in range(nodes)]
        for node in self.nodes:
            self._configure(node)
            node.start()
        self.wait()

    def wait(self, nodes: int | None = None, status: str = "green") -> None:
        """Wait until so many nodes (without a number: all) are one cluster of at least this status.

        Raises:
            ElasticError: they ended or are not within four minutes, with the end of the first node's log.
        """
        wanted = len(self.nodes) if nodes is None else nodes
        path = f"/_cluster/health?wait_for_nodes={wanted}&wait_for_status={status}&timeout=2s"
        agree: set[Node] = set()  # one alone may not have noticed yet that another died
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until and any(node.alive for node in self.nodes):
            for node in self.nodes:
                with suppress(OSError):
                    agree.discard(node)
                    if not self.ask("GET", path, node=node)["timed_out"]:
                        agree.add(node)
            if len(agree) >= wanted:
                return
            time.sleep(0.25)
        log = (self.directory / f"{self.nodes[0].name}.out").read_text(errors="replace")
        raise ElasticError(f"{wanted} nodes did not become a cluster: {log[-2000:]}")

    def mend(self, status: str = "yellow") -> None:
        """Start again the nodes that were killed."""
        for node in self.nodes:
            if not node.alive:
                node.start()
        self.wait(status=status)

    def clear(self) -> None:
        """Remove every index."""
        for index in self.ask("GET", "/_cat/indices?format=json&h=index"):
            self.ask("DELETE", f"/{index['index']}")

    def ask(self, method: str, path: str, body: Any = None, *, node: Node | None = None) -> Any:
        """Send one plain request to a node (the first) and return its answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            (node or self.nodes[0]).url + path, data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def run(self, name: str) -> int:
        """Start a node's programs and return their process group."""
        java = str(self._java)
        env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "ES_JAVA_HOME": java, "HOME": str(self.directory / name)}
        env |= {"ES_PATH_CONF": str(self.directory / name / "config"), "ES_TMPDIR": str(self.directory / name / "tmp")}
        env |= {"CLI_JAVA_OPTS": "-XX:TieredStopAtLevel=1"}
        argv = [str(self._home / "bin/elasticsearch")]
        order = {"argv": argv, "env": env, "log": str(self.directory / f"{name}.out"), "as": self._as}
        assert self._keeper.stdin is not None
        assert self._keeper.stdout is not None
        self._keeper.stdin.write(json.dumps(order) + "\n")
        self._keeper.stdin.flush()
        return int(self._keeper.stdout.readline())

    def _configure(self, node: Node) -> None:
        own = self.directory / node.name
        config = own / "config"
        for folder in (config / "jvm.options.d", own / "data", own / "logs", own / "tmp"):
            folder.mkdir(parents=True)
        names = json.dumps([each.name for each in self.nodes])
        seeds = json.dumps([f"{self.address}:{each.transport}" for each in self.nodes])
        lines = ["cluster.name: holdfast-tests", f"node.name: {node.name}", f"network.host: {self.address}"]
        lines += [f"http.port: {node.port}", f"transport.port: {node.transport}"]
        lines += [f"path.data: {own / 'data'}", f"path.logs: {own / 'logs'}", *_SETTINGS]
        if len(self.nodes) == 1:
            lines.append("discovery.type: single-node")
        else:
            lines += [f"cluster.initial_master_nodes: {names}", f"discovery.seed_hosts: {seeds}"]
        (config / "elasticsearch.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (config / "jvm.options").write_text(_jvm(self._home), encoding="utf-8")
        (config / "log4j2.properties").write_text(_LOGGING, encoding="utf-8")
        if self._as:
            for path in (own, *own.rglob("*")):
                os.chown(path, self._as["user"], self._as["group"])


_LOGGING = """\
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m{nolookups}%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""


@contextmanager
def cluster(nodes: int = 1) -> Iterator[Cluster]:
    """Start a cluster and end it, also when the run is killed.

    Raises:
        ElasticError: it cannot be fetched or started here.
    """
    java = distribution.java_home(os.environ)
    if java is None:
        raise ElasticError(distribution.missing(os.environ))
    archive = distribution.fetch(os.environ)
    directory = Path(tempfile.mkdtemp(prefix="holdfast-elastic-"))
    argv = [sys.executable, "-I", str(Path(__file__).parent / "keeper.py"), str(directory)]
    keeper = subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True, cwd="/"
    )
    try:
        directory.chmod(0o711)
        made = Cluster(directory, distribution.unpack(archive, directory), java, keeper)
        made.start(nodes)
        yield made
    finally:
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait(timeout=60)


def _jvm(home: Path) -> str:
    """Return the server's own options for Java, less what only a large server wants."""
    left_out = ("#", "-XX:+UseG1GC", "-Xlog", "-XX:+HeapDump")
    lines = (home / "config/jvm.options").read_text(encoding="utf-8").splitlines()
    return "\n".join([line for line in lines if line and not line.startswith(left_out)] + list(_JVM)) + "\n"


def _free_ports(address: str, count: int) -> list[int]:
    """Return ports that are free on an address of our own, all looked for at once so that none comes twice."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((address, 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _listens(address: str, port: int) -> bool:
    with socket.socket() as asked:
        asked.settimeout(1)
        return asked.connect_ex((address, port)) == 0
