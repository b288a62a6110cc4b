"""compare_best.py - rows in; what Penstock does with them from its own generator over memif.

Kafka's best path is the kernel's sockets, Penstock's is a DPDK port. The load is the blaster's:
the same requests, connections and requests in flight; acks as the row says.
"""
from memif_pair import MemifPair

GROUP = ("each on its best path: Kafka over kernel sockets (rows above), Penstock from its "
         "generator over net_memif")
KAFKA_PORT, PARTITIONS = 9092, 8


def shape(row):
    options = {"connections": row.connections, "partitions": PARTITIONS, "batch": row.batch,
               "record_size": row.record_bytes, "acks": -1 if row.acks == "all" else row.acks}
    return {**options, **({"rate": row.rate} if row.rate else {"in_flight": row.in_flight})}


def figures(run, batch, cpu_s):
    """penstock-perf's figures under the names of the other clients'."""
    ledger = run["ledger"]
    records = ledger["accepted"] * batch
    result = {"records_per_s": run["achieved_records_per_s"], "latency_us": run["latency_us"],
              "errors": ledger["refused"], "unanswered": ledger["unanswered"],
              "balance": run["balance"]}
    if records:
        result["cpu_s_per_million"] = cpu_s / (records / 1e6)
    if run["balance"] != "even":
        result["failed"] = run["balance"]
    return result


def measure(rows, times, processor_seconds):
    """{row name: figures}; CPU is that of the whole run over all its records."""
    found = {}
    with MemifPair(topics={"perf": PARTITIONS}) as pair:
        for row in rows:
            before = processor_seconds(pair.process.pid)
            run = pair.perf("kafka", KAFKA_PORT, warmup=times.warmup, seconds=times.seconds,
                            **shape(row))
            spent = processor_seconds(pair.process.pid) - before
            found[row.name] = figures(run, row.batch, spent)
    return found
