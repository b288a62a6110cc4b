"""record.py - figures in, a file under perf/results/ out, with machine, commit and date."""
import datetime
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / os.environ.get("PENSTOCK_BUILD", "build")
RESULTS = ROOT / "perf" / "results"
LOAD_BEFORE = os.getloadavg()[0]  # of the machine, when nothing of ours has run yet


def output(*command):
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def machine():
    """What the figures were measured on."""
    cpu = {}
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        cpu.setdefault(key.strip(), value.strip())
    memory = pathlib.Path("/proc/meminfo").read_text().split()[1]
    return {
        "cpu": cpu.get("model name", "unknown"),
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory) / 2**20),
        "kernel": os.uname().release,
        "load_before": LOAD_BEFORE,
        "compiler": output("cc", "--version").splitlines()[0],
    }


def record(name, figures):
    """Writes one result and returns it."""
    now = datetime.datetime.now(datetime.timezone.utc)
    commit = output("git", "rev-parse", "--short", "HEAD").strip()
    changed = bool(output("git", "status", "--porcelain", "--untracked-files=no").strip())
    result = {
        "name": name,
        "date": now.isoformat(timespec="seconds"),
        "commit": commit + ("+changes" if changed else ""),
        "machine": machine(),
        **figures,
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}-{now:%Y%m%d-%H%M%S}-{commit}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(f"recorded in {path.relative_to(ROOT)}", file=sys.stderr)
    return result
