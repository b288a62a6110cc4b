"""perf/run [NAME...] - runs the named measurements and records them under perf/results/.

  stages   cycles per item of every stage alone, at vector sizes 1, 8 and 32

Without a name: all of them. Each run adds one JSON file (machine, commit, date, settings,
figures) and prints it as a table; --json prints the JSON instead.
"""
import argparse
import datetime
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "perf" / "results"
BUILD = ROOT / "build"


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


def stages():
    """Each stage alone. The port's driver is not in these figures."""
    figures = json.loads(output(str(BUILD / "perf" / "bench_stages")))
    return record("stages", figures)


def print_stages(result):
    ghz = result["counter_hz"] / 1e9
    print(f"{result['machine']['cpu']}, counter {ghz:.2f} GHz, commit {result['commit']}, "
          f"{result['date']}")
    print(f"{'stage':<16}{'n=1':>9}{'n=8':>9}{'n=32':>9}{'M/s (32)':>10}  item")
    for row in result["stages"]:
        cycles = row["cycles"]
        rate = result["counter_hz"] / cycles["32"] / 1e6 if cycles["32"] else float("inf")
        print(f"{row['stage']:<16}{cycles['1']:>9.1f}{cycles['8']:>9.1f}{cycles['32']:>9.1f}"
              f"{rate:>10.2f}  {row['item']}")


SCENARIOS = {"stages": (stages, print_stages)}


def main():
    parser = argparse.ArgumentParser(
        prog="perf/run", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in SCENARIOS]
    if unknown:
        parser.error(f"no measurement is called {unknown[0]}; there are: {', '.join(SCENARIOS)}")
    for name in arguments.names or SCENARIOS:
        measure, show = SCENARIOS[name]
        result = measure()
        if arguments.json:
            print(json.dumps(result, indent=1))
        else:
            show(result)


if __name__ == "__main__":
    main()
