"""groups.py - consumers by the thousand in; how long a change of their group takes them, what other
groups see of it, commits a second, and what waiting costs, out.

    group-swarm, kernel TCP ── tap ── penstockd, fused

Members are as Java's consumers: a heartbeat each three seconds, so that a change is heard of
within three, and then each comes again. The others' heartbeats, ten times as many as Java's, say
how long anybody waits behind that.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "config"))

from compare_kafka import processor_seconds  # noqa: E402
from memif_pair import KAFKA, MemifPair  # noqa: E402
from penstock_server import PenstockServer  # noqa: E402
from record import BUILD, record  # noqa: E402
from sandbox import CLIENT_INTERFACE, Sandbox, run_tool  # noqa: E402

TOPIC, PARTITIONS = "swarm", 100
MEMBERS, OTHERS, COMMITTERS = 10_000, 100, 1_000
WAITERS = (200, 10_000)
COMMIT_SECONDS, LOAD_SECONDS, SAID_BYTES_MAX = 6, 60, 1 << 16
# A state of ten thousand members as Java's are 1.8 MB, one record: Kafka's limit is the same.
SETTINGS = {"message.max.bytes": "4194304", "socket.request.max.bytes": "104857600",
            "penstock.memory.mb": "512"}
TAP_PACKETS = 20_000    # so that a burst of requests finds room in the tap


class Server(PenstockServer):
    def start(self):
        super().start()
        run_tool("ip", "link", "set", "dev", CLIENT_INTERFACE, "txqueuelen", str(TAP_PACKETS))
        self.create_topic(TOPIC, PARTITIONS)

    def lost(self):
        counters = json.loads(self.gateway.ctl("stats", "--json").stdout)["counters"]
        return counters["nic_missed"], counters["tcp_retransmits"]


def swarm(sandbox, server, **options):
    """What group-swarm saw, and the share of a CPU that the gateway took in each phase."""
    host, port = server.address
    command = [str(BUILD / "perf/group-swarm"), "--server", f"{host}:{port}", "--topic", TOPIC,
               "--partitions", str(PARTITIONS)]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    process = sandbox.start(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    shares, phase, seen = {}, "", {}
    for line in process.stdout:
        now, used = time.monotonic(), processor_seconds(server.pid())
        if line.startswith("{"):
            seen = json.loads(line)
        elif line == "over\n":
            shares[phase] = (used - used_from) / (now - since)
        else:
            phase, since, used_from = line.strip(), now, used
    if process.wait():
        raise SystemExit("perf/run groups: group-swarm did not end well")
    for name, share in shares.items():
        seen[name]["cpu"] = share
    return {"options": options, **seen}


def said(errors):
    """What a gateway says when it has read its groups. The place in the file is shared with it, and
    stays where it is."""
    pattern = r"groups: (\d+) records of (\d+) partitions read in (\d+) ms"
    deadline = time.monotonic() + LOAD_SECONDS
    while time.monotonic() < deadline:
        found = re.search(pattern, os.pread(errors.fileno(), SAID_BYTES_MAX, 0).decode())
        if found:
            return dict(zip(("records", "partitions", "ms"), map(int, found.groups())))
        time.sleep(0.1)
    raise SystemExit("perf/run groups: the commits of before are not read")


def commits():
    """Without kernel sockets; the first run makes the topic that commits are kept in. Then a start
    that finds them all."""
    with MemifPair(topics={TOPIC: PARTITIONS}) as pair, tempfile.TemporaryFile() as errors:
        shape = {"connections": COMMITTERS, "topic": TOPIC, "partitions": PARTITIONS}
        pair.perf("commit", KAFKA, seconds=1, **shape)
        run = pair.perf("commit", KAFKA, seconds=COMMIT_SECONDS, **shape)
        pair.restart(errors)
        return run, said(errors)


def groups():
    memif, load = commits()
    sandbox = Sandbox("tap")
    try:
        server = Server(sandbox, SETTINGS)
        server.start()
        rows = [swarm(sandbox, server, members=MEMBERS, others=OTHERS, seconds=7),
                swarm(sandbox, server, others=OTHERS, committers=COMMITTERS)]
        rows += [swarm(sandbox, server, waiters=count) for count in WAITERS]
        missed, again = server.lost()
        wrong = server.stop()
    finally:
        sandbox.close()
    if wrong:
        raise SystemExit(f"perf/run groups: {wrong}")
    return record("groups", {"settings": SETTINGS, "rows": rows, "memif": memif,
                             "load": load,
                             "nic_missed": missed, "tcp_retransmits": again})


def told(latency):
    return (f"{latency['count']} answered, p50 {latency['p50_ms']:.2f} ms, p99 "
            f"{latency['p99_ms']:.2f}, max {latency['max_ms']:.1f}")


def show_change(name, change):
    print(f"  {name:<8}all had come again after {change['came_s']:.2f} s, had a generation after "
          f"{change['told_s']:.2f}, their shares after {change['shared_s']:.2f}")


def show_steady(name, phase):
    rate = f"{phase['per_s']:.0f}/s, " if phase["per_s"] else ""
    print(f"  {name:<8}{rate}{told(phase['latency'])}; {100 * phase['cpu']:.1f} % of a CPU")


def show_memif(run):
    latency, cores = run["latency_us"], run["gateway"]["cores"]
    done = run["achieved_messages_per_s"] * run["seconds"]
    poller = sum(core["cycles_busy"] for core in cores if core["role"] == "poller")
    print(f"memif: {run['achieved_messages_per_s']:.0f} commits/s, refused "
          f"{run['refused_per_s']:.0f}, p50 {latency['p50'] / 1e3:.2f} ms, p99 "
          f"{latency['p99'] / 1e3:.2f}, max {latency['max'] / 1e3:.1f}; {poller / done:.0f} cycles "
          f"of the poller each; {run['balance']}")


def show(result):
    print(f"{result['machine']['cpu']}, kernel {result['machine']['kernel']}, "
          f"commit {result['commit']}, {result['date']}; lost at the port {result['nic_missed']}, "
          f"segments sent again {result['tcp_retransmits']}")
    show_memif(result["memif"])
    print("a start with them: {records} records of {partitions} partitions read in {ms} ms"
          .format(**result["load"]))
    for row in result["rows"]:
        print(", ".join(f"{name} {value}" for name, value in row["options"].items()))
        for name in ("gather", "calm", "leave", "join", "commit", "wait"):
            if name not in row or name == "gather" and "members" not in row["options"]:
                continue
            (show_steady if "per_s" in row[name] else show_change)(name, row[name])
            if row[name]["others"]["count"]:
                print(f"  {'':<8}others: {told(row[name]['others'])}")
        if row["errors"]:
            print(f"  errors  {row['errors']}")
