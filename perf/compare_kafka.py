"""compare_kafka.py - Apache Kafka and Penstock in turn, the same clients; ratios out.

usage: perf/compare-kafka [--quick] [--pairs N] [--seconds S] [--only WORD] [--segments wire]
                          [--mtu BYTES] [--directory DIR] [--set key=value]... [--json]

One server is alive at a time: Kafka, Penstock, Kafka, Penstock. Each runs in a network
namespace of its own, the clients in another, on a veth pair between them; each starts on an
empty directory of the same disk and is warmed up before it is measured. A ratio is taken
within a pair, so that what drifts on the machine drifts for both.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "config"))

import compare_best
import compare_clients
import compare_table
import kafka_server
import memif_pair
import penstock_server
import quickstart
import record
from compare_rows import MATRIX, MEANING, PARTITIONS, batches, singles
from sandbox import CLIENT_INTERFACE, Sandbox, SandboxError, run_tool

LIMIT_SECONDS = 90          # of one client's run, beyond what it is told to take
FILLS_MAX = 12
DROP_CACHES = pathlib.Path("/proc/sys/vm/drop_caches")
STEER = ("mount -t sysfs sysfs /sys && "
         f"echo $0 >/sys/class/net/{CLIENT_INTERFACE}/queues/rx-0/rps_cpus")
WARM_UP = [batches(100, 140, "all"), singles(5, flush=False)]


def say(text):
    print(f"compare-kafka: {text}", file=sys.stderr, flush=True)


class Failure(Exception):
    """Ends the comparison with a sentence."""


def processor_seconds(pid):
    """User and system time of all threads of a process, ended ones too."""
    words = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def waits_ns(pid):
    """{thread: how long it was ready to run and had no CPU} (schedstat)."""
    waits = {}
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            waits[thread.name] = int((thread / "schedstat").read_text().split()[1])
        except OSError:
            continue        # it ended between two lines
    return waits


class Sample:
    """What a server had used by now."""

    def __init__(self, server):
        self.counters = server.counters()
        self.cpu_s = processor_seconds(server.pid())
        self.waits_ns = waits_ns(server.pid())
        self.at = time.monotonic()


def server_cost(before, after, records):
    """CPU seconds per million records; for Penstock the busy cycles, too."""
    millions = records / 1e6
    seconds = after.at - before.at
    waited_ns = sum(wait - before.waits_ns.get(thread, 0)
                    for thread, wait in after.waits_ns.items())
    cost = {"server_cpu_share": (after.cpu_s - before.cpu_s) / seconds,
            "server_wait_share": waited_ns / 1e9 / seconds}
    if not millions:
        return cost
    cost["cpu_s_per_million"] = (after.cpu_s - before.cpu_s) / millions
    used = {key: after.counters[key] - before.counters[key] for key in after.counters}
    if used and used["cycles"]:
        hertz = used["cycles"] / after.counters["cores"] / seconds
        cost["busy_cycles_per_record"] = used["busy_cycles"] / records
        cost["busy_s_per_million"] = used["busy_cycles"] / hertz / millions
        cost["busy_share"] = used["busy_cycles"] / used["cycles"]
        cost["retransmits"], cost["nic_missed"] = used["retransmits"], used["nic_missed"]
    return cost


def measure(sandbox, server, row, topic, times):
    """One client against one server: its figures and what they cost the server."""
    command = compare_clients.command(row, server.address, topic, times)
    samples = [Sample(server)]
    client = sandbox.start(command, env=server.environment(), stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    said = []
    errors = threading.Thread(target=lambda: said.append(client.stderr.read()), daemon=True)
    watch = threading.Timer(times.warmup + times.seconds + LIMIT_SECONDS, client.kill)
    errors.start()
    watch.start()
    lines = []
    for line in client.stdout:
        lines.append(line.strip())
        if lines[-1] in ("steady", "stopped"):
            samples.append(Sample(server))
    status = client.wait()
    watch.cancel()
    errors.join()
    samples.append(Sample(server))
    if status != 0:
        why = compare_clients.complaint(row, lines) or "".join(said).strip()[-500:]
        return {"failed": f"client ended with {status}: {why}"}
    figures = compare_clients.figures(row, lines)
    steady, stopped = (samples[1], samples[2]) if len(samples) == 4 else (samples[0], samples[-1])
    figures.update(server_cost(steady, stopped, figures.pop("records_measured")))
    return figures


def open_server(kind, options, jars):
    sandbox = Sandbox("kernel" if kind == "kafka" else "af_packet", options.mtu)
    if kind == "kafka":
        if options.segments == "wire":
            sandbox.offloads_off()
        return sandbox, kafka_server.KafkaServer(sandbox, jars)
    return sandbox, penstock_server.PenstockServer(
        sandbox, {"penstock.port.mtu": str(options.mtu), **options.settings})


def fill(sandbox, server, row, topic, times):
    """A server that cannot follow is given the load again, until it has what will be read."""
    command = compare_clients.fill_command(row, server.address, topic, times)
    wanted = compare_clients.records(row, times)
    written = 0
    for _ in range(FILLS_MAX):
        with sandbox.start(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           text=True) as blaster:
            said = blaster.communicate(timeout=LIMIT_SECONDS)[0].splitlines()
        written += json.loads(said[-1])["records_all"] if blaster.returncode == 0 else 0
        if written >= wanted:
            return
    raise Failure(f"{server.name}: {row.name}: only {written} records were written")


def keep_order(row):
    """What a server's kernel sends on one CPU overtakes what it sends on another, and a TCP of its
    own takes nothing before its turn: for such a client one CPU has all that arrives."""
    run_tool("unshare", "--mount", "sh", "-c", STEER, "1" if compare_clients.is_raw(row) else "0")


def measure_row(sandbox, server, row, number, times):
    topic = f"{row.client}-{number}"
    server.create_topic(topic, row.partitions, row.flush)
    if compare_clients.is_reader(row):
        fill(sandbox, server, row, topic, times)
    os.sync()                   # what the row before left in the page cache is its own
    if compare_clients.is_cold(row):
        DROP_CACHES.write_text("3")
    keep_order(row)
    time.sleep(0.5)
    return measure(sandbox, server, row, topic, times)


def warm_up(sandbox, server, times):
    server.create_topic("warm", PARTITIONS)
    time.sleep(1)
    for row in WARM_UP:
        done = measure(sandbox, server, row, "warm", times)
        if "failed" in done:
            raise Failure(f"{server.name}: {done['failed']}")


def measure_server(kind, rows, options, jars):
    """{row name: figures} of a fresh server."""
    sandbox, server = open_server(kind, options, jars)
    try:
        server.start()
        warm_up(sandbox, server, compare_clients.Times(0, options.warm_seconds))
        found = {}
        for number, row in enumerate(rows):
            found[row.name] = measure_row(sandbox, server, row, number, options.times)
            say(f"{kind:<9}{row.name}: " + compare_table.brief(found[row.name]))
        trouble = server.stop()
        if trouble:
            raise Failure(trouble)
        return found
    finally:
        sandbox.close()


# ---- pairs --------------------------------------------------------------------------------

RATIOS = {      # name: (figure, whether more is better)
    "throughput": (("records_per_s",), True),
    "p50": (("latency_us", "p50"), False),
    "p99": (("latency_us", "p99"), False),
    "p999": (("latency_us", "p999"), False),
    "cpu": (("cpu_s_per_million",), False),
}


def look_up(figures, path):
    for key in path:
        figures = figures.get(key) if figures else None
    return figures


def ratio_of(pair, path, is_more_better):
    ours, theirs = look_up(pair["penstock"], path), look_up(pair["kafka"], path)
    if not ours or not theirs or any("failed" in figures for figures in pair.values()):
        return None
    return ours / theirs if is_more_better else theirs / ours


def ratios(pairs):
    """{name: median, least, most} over the pairs of a row."""
    result = {}
    for name, (path, is_more_better) in RATIOS.items():
        each = [ratio_of(pair, path, is_more_better) for pair in pairs]
        each = [value for value in each if value is not None]
        if each:
            result[name] = {"median": statistics.median(each), "least": min(each),
                            "most": max(each), "each": each}
    return result


def compare(options):
    groups = [(title, [row for row in rows if is_wanted(row, options)]) for title, rows in MATRIX]
    rows = [row for _, rows in groups for row in rows]
    if not rows:
        raise Failure("no row is left to measure")
    jars = kafka_server.fetch()
    pairs = [measure_pair(number, rows, options, jars) for number in range(options.pairs)]
    table = [row_of(title, row, pairs, "penstock") for title, rows in groups for row in rows]
    return table + [row_of(compare_best.GROUP, row, pairs, "best") for row in rows if row.best]


def measure_pair(number, rows, options, jars):
    """{"kafka", "penstock", "best": {row name: figures}}."""
    say(f"pair {number + 1} of {options.pairs}, {len(rows)} rows")
    pair = {kind: measure_server(kind, rows, options, jars) for kind in ("kafka", "penstock")}
    pair["best"] = compare_best.measure([row for row in rows if row.best], options.times,
                                        processor_seconds)
    for name, figures in pair["best"].items():
        say(f"{'memif':<9}{name}: " + compare_table.brief(figures))
    return pair


def row_of(group, row, pairs, ours):
    """One line of the table: Kafka against one of our paths."""
    runs = [{"kafka": pair["kafka"][row.name], "penstock": pair[ours][row.name]}
            for pair in pairs]
    return {"group": group, "row": row.name, "pairs": runs, "ratios": ratios(runs)}


def is_wanted(row, options):
    """A TCP of its own wants whole checksums, and segments that fit its ring."""
    if compare_clients.is_raw(row) and options.segments != "wire":
        return False
    return (row.quick or not options.quick) and options.only in row.name


# ---- command line -------------------------------------------------------------------------

def setting(text):
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f'wants key=value, not "{text}"')
    return key.strip(), value.strip()


def read_options():
    parser = argparse.ArgumentParser(prog="perf/compare-kafka", description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few rows, short: four minutes")
    parser.add_argument("--pairs", type=int, default=2, help="of server runs (2)")
    parser.add_argument("--seconds", type=float, help="measured per row (5; quick: 2)")
    parser.add_argument("--only", default="", metavar="WORD", help="rows whose name has it")
    parser.add_argument("--segments", default="kernel", choices=("kernel", "wire"),
                        help="wire: Kafka's kernel, too, gets them no longer than the MTU")
    parser.add_argument("--mtu", type=int, default=1500, help="of the link, for both (1500)")
    parser.add_argument("--directory", help="where both servers put their data")
    parser.add_argument("--set", dest="settings", type=setting, action="append", default=[],
                        metavar="key=value", help="a setting of Penstock's")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    options = parser.parse_args()
    options.settings = dict(options.settings)
    seconds = options.seconds or (2 if options.quick else 5)
    options.times = compare_clients.Times(1, seconds)
    options.warm_seconds = 4 if options.quick else 8
    return options


def main():
    options = read_options()
    if options.directory:
        tempfile.tempdir = os.path.abspath(options.directory)
    load = os.getloadavg()[0]
    if load > os.cpu_count() / 2:
        say(f"warning: the load average is {load:.1f}: others use this machine, and "
            "what is measured is theirs, too")
    try:
        table = compare(options)
    except (Failure, SandboxError, quickstart.Failure, kafka_server.KafkaError,
            memif_pair.PairError) as failure:
        say(failure)
        return 1
    result = record.record("compare-kafka", {
        "kafka": kafka_server.VERSION, "kafka_jvm": kafka_server.HEAP + kafka_server.JVM,
        "segments": options.segments, "mtu": options.mtu, "penstock_settings": options.settings,
        "pairs": options.pairs, "seconds": options.times.seconds,
        "load_before": load, "load_after": os.getloadavg()[0],
        "filesystem": record.output("stat", "-f", "-c", "%T", tempfile.gettempdir()).strip(),
        "rows": table, "meaning": MEANING})
    print(json.dumps(result, indent=1) if options.json else compare_table.text(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
