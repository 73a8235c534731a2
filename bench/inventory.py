"""How long a large site takes to load, beside libyaml merely parsing the same files, each round in a new process.

500 systems with 20 hosts each. The site is written new for each run of this program, into a temporary directory.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import result

ROUNDS = 9
SYSTEMS = 500
HOSTS = 20
LIMIT_SECONDS = 1.0
HERE = Path(__file__).parent

SETTINGS = "site: big\nvaults: {main: {path: vault}}\nmedia: {weekly: {disks: {a: {directory: /s, attach: /m}}}}\n"
SYSTEM = """{key}:
  hosts:
{hosts}  vars:
    system:
      name: Information system number {number}
      name_local: Hệ thống thông tin số {number}
      unit: Department of Science and Technology
      accountable: Director of the department
      level: 3
      level_decision: {{number: {number}/QD, date: 2026-01-31, by: Provincial People's Committee}}
      rto: 8h
      rpo: 24h
      depends_on: [{needs}]
      serves: 2000 procedures
      data_subjects: {{basic: 300000, sensitive: 0}}
      exposes: [{{host: {key}-01, port: 443, to: any}}]
      data:
        - {{postgresql: main, host: {key}-00}}
        - {{files: [/srv/attachments], host: {key}-01}}
      copies: [{{vault: main, every: 6h}}, {{media: weekly, every: 7d}}]
      logs: [{{host: {key}-01, journald: nginx}}, {{host: {key}-00, file: /var/log/postgresql/*.log}}]
      normal_when:
        - {{http: "http://{key}-01/health", status: 200}}
        - {{sql: main, host: {key}-00, query: select count(*) from dossier, at_least: 1}}
"""


def make(root: Path) -> None:
    """Write the site."""
    (root / "inventory").mkdir(parents=True)
    (root / "holdfast.yml").write_text(SETTINGS, encoding="utf-8")
    for number in range(SYSTEMS):
        key, network = f"sys{number:03}", f"10.{number // 250}.{number % 250}"
        hosts = "".join(
            f"    {key}-{host:02}: {{ansible_host: {network}.{host + 1}, ansible_user: holdfast}}\n"
            for host in range(HOSTS)
        )
        needs = f"sys{number - 1:03}" if number % 5 else ""
        text = SYSTEM.format(key=key, hosts=hosts, number=number, needs=needs)
        (root / "inventory" / f"{key}.yml").write_text(text, encoding="utf-8")


def once(root: Path) -> None:
    """Be one round: load the site, then only parse its files; print both as wall and processor seconds."""
    import yaml

    from inventory import site

    if not yaml.__with_libyaml__:
        sys.exit("NO PEER: this PyYAML was built without libyaml")
    started, worked = time.monotonic(), time.process_time()
    read = site.load(root)
    load = (time.monotonic() - started, time.process_time() - worked)
    if (len(read.systems), len(read.hosts)) != (SYSTEMS, SYSTEMS * HOSTS):
        sys.exit("the site was not read whole")
    started, worked = time.monotonic(), time.process_time()
    for file in sorted((root / "inventory").iterdir()):
        yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    parse = (time.monotonic() - started, time.process_time() - worked)
    print(json.dumps([*load, *parse]))


def measured(root: Path) -> list[float]:
    """Run one round in a process of its own."""
    argv = [sys.executable, "-m", "bench.inventory", str(root)]
    said = subprocess.run(argv, check=True, capture_output=True, text=True, cwd=HERE.parent)
    found: list[float] = json.loads(said.stdout)
    return found


def main() -> int:
    """Measure, print and keep the figures; 1 when loading is slower than it may be."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "site"
        make(root)
        measured(root)  # the first round writes byte code and fills the page cache
        rounds = [measured(root) for _ in range(ROUNDS)]
    load, load_cpu, parse, parse_cpu = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(one[1] / one[3] for one in rounds)
    kept = load <= LIMIT_SECONDS
    print(
        f"site of {SYSTEMS} systems x {HOSTS} hosts: {load:.2f} s (processor {load_cpu:.2f} s); libyaml's safe loader "
        f"merely parsing the files: {parse:.2f} s (processor {parse_cpu:.2f} s), {ratio:.1f} times that; "
        f"the limit of {LIMIT_SECONDS:g} s is {'kept' if kept else 'BROKEN'}"
    )
    figures = {
        "measured": "median seconds of site.load in a new process, imports left out",
        "systems": SYSTEMS,
        "hosts": SYSTEMS * HOSTS,
        "rounds": ROUNDS,
        "load_seconds": round(load, 4),
        "load_processor_seconds": round(load_cpu, 4),
        "libyaml_parse_seconds": round(parse, 4),
        "libyaml_parse_processor_seconds": round(parse_cpu, 4),
        "load_per_parse_processor": round(ratio, 2),
        "limit_seconds": LIMIT_SECONDS,
        "kept": kept,
    }
    result.keep("inventory", figures)
    return 0 if kept else 1


if __name__ == "__main__":
    if len(sys.argv) > 1:
        once(Path(sys.argv[1]))
        sys.exit(0)
    sys.exit(main())
