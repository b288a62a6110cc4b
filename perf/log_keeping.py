"""log_keeping.py - what it costs producers that logs are kept in bounds beside them: retention
deletes what they write, and a log that others have written is compacted.

    penstock-perf kafka ═══ net_memif ═══ penstockd, fused ─── disk
                                             its cleaner, a thread beside control

  alone       producers at half of what they can
  retention   the same to a topic that holds little of what they write
  compaction  the same as alone, while what a fleet has told is compacted: the newest frame of
              each vehicle stays

In each round one after the other; how much went meanwhile is asked of the gateway's own counters:
a row in which nothing did is not even. When a compaction had less to do than producers took, the
row says for how many of its bytes it worked.
"""
import statistics

from memif_pair import FLEET, KAFKA, MemifPair

ROUNDS, SECONDS = 3, 5
PRODUCERS = {"connections": 8, "partitions": 8}
HALF = 0.5
SEGMENT_BYTES = 32 << 20
KEPT_BYTES = 2 * SEGMENT_BYTES                  # of each partition
VEHICLES, TOLD_SECONDS = 10000, 8
SETTINGS = {
    "listener.name.fleet.topic": "told",
    "log.retention.check.interval.ms": "500",
    "log.cleaner.backoff.ms": "100",
    "log.segment.delete.delay.ms": "1000",
}
# The counter of what a row is about.
WORK = {"retention": "log_bytes_deleted", "compaction": "log_bytes_compacted"}
MUST = 1.2


def produce(pair, row, topic, **options):
    """One run of the producers, and the bytes that went meanwhile."""
    run = pair.perf("kafka", KAFKA, topic=topic, seconds=SECONDS, **PRODUCERS, **options)
    del run["samples"]
    counters = run["gateway"]["counters"]
    run |= {"row": row, "went_bytes": {name: counters.get(counter, 0)
                                       for name, counter in WORK.items()}}
    if run["balance"] == "even" and row in WORK and not run["went_bytes"][row]:
        run["balance"] = f"no {row}: nothing went"
    return run


def tell(pair):
    """So much of a fleet that its compaction lasts as long as a run."""
    pair.alter_topic("told", segment_bytes=SEGMENT_BYTES)
    pair.perf("fleet", FLEET, connections=VEHICLES, in_flight=4, seconds=TOLD_SECONDS)


def of_round(rate):
    """On a gateway of its own. Without a rate producers take all that they can."""
    with MemifPair(SETTINGS) as pair:
        pair.create_topic("alone", PRODUCERS["partitions"], segment_bytes=SEGMENT_BYTES)
        if not rate:
            return [produce(pair, "most", "alone", in_flight=8)]
        pair.create_topic("kept", PRODUCERS["partitions"], segment_bytes=SEGMENT_BYTES,
                          retention_bytes=KEPT_BYTES)
        tell(pair)
        runs = [produce(pair, "alone", "alone", rate=rate),
                produce(pair, "retention", "kept", rate=rate)]
        pair.alter_topic("told", cleanup_policy="compact", min_cleanable_dirty_ratio=0)
        return runs + [produce(pair, "compaction", "alone", rate=rate)]


def keeping():
    """The runs of all rounds."""
    most = of_round(rate=None)
    rate = round(most[0]["achieved_messages_per_s"] * HALF)
    return most + [run for _ in range(ROUNDS) for run in of_round(rate)]


def ratios(runs):
    """{row: p99 of the producers against that of the same round alone}."""
    p99 = {row: [run["latency_us"]["p99"] for run in runs if run["row"] == row]
           for row in ("alone", *WORK)}
    return {row: [with_it / alone for with_it, alone in zip(p99[row], p99["alone"])]
            for row in WORK}


# ---- the table -------------------------------------------------------------------------

def row_text(run):
    latency, went = run["latency_us"], run["went_bytes"]
    return (f"{run['achieved_messages_per_s']:>12.0f}{latency['p50']:>9.0f}{latency['p99']:>9.0f}"
            f"{latency['p999']:>9.0f}{went['retention'] / 1e6:>9.0f}"
            f"{went['compaction'] / 1e6:>11.0f}  {run['row']}"
            f"{'' if run['balance'] == 'even' else '  NOT EVEN: ' + run['balance']}")


def show(runs):
    print(f"\nproducers beside retention and compaction; answers in us, what went in MB\n"
          f"{'records/s':>12}{'p50':>9}{'p99':>9}{'p99.9':>9}{'deleted':>9}{'compacted':>11}  row")
    for run in runs:
        print(row_text(run))
    for row, each in ratios(runs).items():
        print(f"p99 of answers beside {row}, against the same alone: "
              f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f}); must {MUST}")
