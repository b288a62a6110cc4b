"""log.py - what reading the log costs: consumers at its tail and replaying it cold, alone and
beside producers, whose durable answers must not wait for that.

    penstock-perf consume ═══ net_memif ═══ penstockd, fused ─── disk

  tail    one consumer at the tail of what producers write: all they can, and half of that
  pace    20,000 records a second, one a batch: from when each was due until it is consumed
  replay  so many gigabytes from the beginning, by one group, and by five at once
  beside  the same while producers write to another topic at half their rate: their answers'
          p99 in turn with that of the same producers alone
  keeping  producers beside retention and compaction (log_keeping.py)
  bandwidth  batches to 1 to 10,000 partitions, beside fio on as many files (log_bandwidth.py)

A replay is cold: the log is written and read past the page cache (O_DIRECT), the gateway has just
started, so that nothing lies in its memory, and the kernel has dropped what it has cached of the
file system. It is held against what the process has read from the disk (/proc/PID/io): less than
the topic once is no cold replay, and the run is not even. What the disk itself, or the host below a
virtual one, keeps in memory nobody here can tell.
"""
import os
import pathlib
import statistics
import sys

import log_bandwidth
import log_keeping
from compare_kafka import processor_seconds
from load import cycles, driver_cycles
from memif_pair import KAFKA, MemifPair, PairError
from record import record

GIGABYTES = 4
SECONDS, FILL_SECONDS, FILLS_MAX, ROUNDS, GROUPS = 5, 2, 20, 3, 5
PRODUCERS = {"connections": 8, "partitions": 8}
SINGLES = {"connections": 64, "partitions": 8, "batch": 1}
PACE = 20000
COLD = 0.99         # of the topic's bytes: what lies in the log's last block is no read of its own
DROP_CACHES = pathlib.Path("/proc/sys/vm/drop_caches")
# Of what is replayed: what producers write meanwhile lies on the disk, too.
ROOM = 10
MUST = {"one": 1.2, "five": 1.2}


class LogPair(MemifPair):
    """A gateway whose costs are told with every run."""

    def used(self):
        words = pathlib.Path(f"/proc/{self.process.pid}/io").read_text().split()
        return processor_seconds(self.process.pid), int(words[words.index("read_bytes:") + 1])

    def measure(self, row, mode, **options):
        cpu_s, read_bytes = self.used()
        run = self.perf(mode, KAFKA, **options)
        after = self.used()
        run |= {"row": row, "cpu_s": after[0] - cpu_s, "disk_read_bytes": after[1] - read_bytes}
        del run["samples"]
        return run

    def cool(self):
        """A gateway that has read nothing, on a kernel that has cached nothing."""
        self.restart(None)
        os.sync()
        try:
            DROP_CACHES.write_text("3")
        except OSError as error:
            print(f"perf: warning: {DROP_CACHES}: {error.strerror}: the file system's own blocks "
                  "may be in memory", file=sys.stderr)


def tail(pair):
    shape = {"topic": "tail", "from": "end", "seconds": SECONDS, **PRODUCERS}
    most = pair.measure("tail", "consume", in_flight=8, **shape)
    half = round(most["achieved_messages_per_s"] / 2)
    return [most, pair.measure("tail", "consume", rate=half, **shape)]


def pace(pair):
    return [pair.measure("pace", "consume", topic="pace", rate=PACE, seconds=SECONDS,
                         **{"from": "end"}, **SINGLES)]


def fill(pair, size):
    """The topic's bytes, when it has `size` at least, and what a closed loop of producers gets."""
    filled, rate = 0, 0
    for _ in range(FILLS_MAX):
        left = (size - filled) / rate if rate else FILL_SECONDS
        run = pair.perf("kafka", KAFKA, topic="replay", in_flight=8, warmup=0,
                        seconds=min(max(round(left, 1) + 0.1, 0.5), 60), **PRODUCERS)
        if run["balance"] != "even":
            break
        filled += run["ledger"]["accepted"] * run["message_bytes"]
        rate = run["achieved_messages_per_s"] * run["message_bytes"]
        if filled >= size:
            return filled, run["achieved_messages_per_s"]
    raise PairError(f"only {filled / 1e9:.1f} GB of {size / 1e9:.1f} could be written")


def replay(pair, row, groups, **producers):
    """From the beginning to the end, by one consumer of each group."""
    pair.cool()
    run = pair.measure(row, "consume", topic="replay", groups=groups, to_end=True,
                       **{"partitions": PRODUCERS["partitions"], **producers})
    once = run["reads"]["ledger"]["bytes"] / groups
    run["cold"] = run["disk_read_bytes"] / once if once else 0
    if run["balance"] == "even" and run["cold"] < COLD:
        run["balance"] = f"not cold: {run['cold']:.0%} of the topic came from the disk"
    return run


def beside(pair, rate):
    """In each round producers alone, beside one consumer, and beside five."""
    runs = []
    for number in range(ROUNDS):
        topic = f"beside-{number}"
        pair.create_topic(topic, PRODUCERS["partitions"])
        runs.append(pair.measure("alone", "kafka", topic=topic, rate=rate, seconds=SECONDS,
                                 **PRODUCERS))
        for row, groups in (("one", 1), ("five", GROUPS)):
            runs.append(replay(pair, row, groups, produce_topic=topic, rate=rate, **PRODUCERS))
        pair.delete_topic(topic)
    return runs


def ratios(runs):
    """{row: p99 of producers beside a replay against that alone, of each round}."""
    p99 = {row: [run["latency_us"]["p99"] for run in runs if run["row"] == row]
           for row in ("alone", "one", "five")}
    return {row: [with_it / alone for with_it, alone in zip(p99[row], p99["alone"])]
            for row in ("one", "five")}


def log(gigabytes=GIGABYTES):
    size = gigabytes * 1e9
    topics = {name: PRODUCERS["partitions"] for name in ("tail", "pace", "replay")}
    with LogPair(topics=topics) as pair:
        free = os.statvfs(pair.sandbox.directory)
        if free.f_bavail * free.f_frsize < ROOM * size:
            raise PairError(f"{gigabytes} GB to replay, and what is written beside that, want "
                            f"{ROOM * gigabytes} GB free in {pair.sandbox.directory}")
        filled, most = fill(pair, size)
        runs = tail(pair) + pace(pair)
        pair.delete_topic("tail")
        runs += [replay(pair, "replay", groups) for groups in (1, GROUPS)]
        runs += beside(pair, round(most / 2))
    kept = log_keeping.keeping()
    rows = log_bandwidth.bandwidth()
    return record("log", {"settings": pair.settings, "replayed_bytes": filled, "must": MUST,
                          "p99_ratios": ratios(runs), "keeping": kept, "bandwidth": rows,
                          "runs": runs + kept + [pair["log"] for row in rows
                                                 for pair in row["pairs"]]})


# ---- the table -------------------------------------------------------------------------

def how(run):
    options = run["options"]
    groups = options.get("groups", 1)
    words = [] if run["mode"] == "kafka" else [f"{groups} consumer{'s' if groups > 1 else ''}"]
    if "connections" in options:
        words.append(f"{options['connections']} producers at "
                     f"{options['rate']}/s" if "rate" in options else "producers flat out")
    if "cold" in run:
        words.append(f"read from disk {run['cold']:.2f} x")
    return f"{run['row']}: " + ", ".join(words)


def us(latency, name):
    return f"{latency[name]:.0f}" if latency["count"] else "-"


def row_text(run):
    reads = run.get("reads") or {"records_per_s": 0, "bytes_per_s": 0, "ledger": {"records": 0},
                                 "generator_cycles_per_record": 0, "end_to_end_us": {"count": 0}}
    records, generator = reads["ledger"]["records"], run["generator"]
    cpu = f"{run['cpu_s'] / records * 1e6:.2f}" if records else "-"
    all_cycles = sum(generator[f"cycles_{kind}"] for kind in ("busy", "idle", "stalled"))
    busy = generator["cycles_busy"] / all_cycles if all_cycles else 0
    answers, arrivals = run["latency_us"], reads["end_to_end_us"]
    return (f"{reads['records_per_s']:>12.0f}{reads['bytes_per_s'] / 1e6:>7.0f}{cpu:>8}"
            f"{cycles(run, 'poller') - driver_cycles(run):>8.0f}{driver_cycles(run):>8.0f}"
            f"{cycles(run, 'writer'):>8.0f}{reads['generator_cycles_per_record']:>6.0f}"
            f"{busy:>6.0%}{us(answers, 'p50'):>8}{us(answers, 'p99'):>8}"
            f"{us(arrivals, 'p50'):>8}{us(arrivals, 'p99'):>8}{us(arrivals, 'p999'):>8}  "
            f"{how(run)}{'' if run['balance'] == 'even' else '  NOT EVEN: ' + run['balance']}")


def show(figures):
    print(f"log: {figures['machine']['cpu']}, commit {figures['commit']}, {figures['date']}; "
          f"{figures['replayed_bytes'] / 1e9:.1f} GB replayed; durable answers")
    print(f"{'':27}{'cycles per record':^38}{'answers, us':^16}{'end to end, us':^24}")
    print(f"{'records/s':>12}{'MB/s':>7}{'CPU s/M':>8}{'poller':>8}{'driver':>8}{'writer':>8}"
          f"{'gen.':>6}{'busy':>6}{'p50':>8}{'p99':>8}{'p50':>8}{'p99':>8}{'p99.9':>8}  row")
    for run in figures["runs"]:
        if "cpu_s" in run:
            print(row_text(run))
    for row, each in figures["p99_ratios"].items():
        print(f"p99 of answers beside a cold replay by {row}, against that of the same producers "
              f"alone: {statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f}); "
              f"must {figures['must'][row]}")
    log_keeping.show(figures["keeping"])
    log_bandwidth.show(figures["bandwidth"])
