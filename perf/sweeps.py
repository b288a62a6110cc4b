"""sweeps.py - Produce requests of every size to few and many partitions: the most a closed
loop gets of records of 10 B to 1 MiB, at 1 to 10,000 partitions, acks=all.

A gateway per number of partitions, a short run per record size: batches of about 16 KiB,
one record when that is bigger, to all partitions in turn. What is under way is bounded by
bytes, so that sizes compare. A number of partitions that cannot be had stays in the
table, with the reason.
"""
import math

from load import cycles
from memif_pair import KAFKA, MemifPair, PairError, TopicError
from record import record

KIB = 1024
RECORD_BYTES = (10, 100, 450, KIB, 10 * KIB, 100 * KIB, KIB * KIB)
PARTITIONS = (1, 8, 1000, 10000)
BATCH_BYTES, RECORD_OVERHEAD = 16 * KIB, 8
CONNECTIONS, IN_FLIGHT_MAX, UNDER_WAY_BYTES = 16, 8, 4 * KIB * KIB
WARMUP, SECONDS = 0.5, 1.5
# One record of 1 MiB and the header of its batch.
SETTINGS = {"message.max.bytes": str(KIB * KIB + KIB)}


def load_of(record_bytes, partitions):
    """Options of penstock-perf for one cell."""
    batch = max(1, BATCH_BYTES // (record_bytes + RECORD_OVERHEAD))
    request = batch * (record_bytes + RECORD_OVERHEAD)
    in_flight = UNDER_WAY_BYTES // (CONNECTIONS * request)
    return {"record_size": record_bytes, "partitions": partitions, "batch": batch,
            "connections": CONNECTIONS,
            "in_flight": min(max(in_flight, 1), IN_FLIGHT_MAX),
            "warmup": WARMUP, "seconds": SECONDS}


def cell_of(options, run):
    """What the table shows of a run; cycles are those of the fused core's two halves."""
    records = run["achieved_records_per_s"] - run["refused_per_s"] * options["batch"]
    per_record = {role: cycles(run, role) for role in ("poller", "writer")}
    return {"record_bytes": options["record_size"], "partitions": options["partitions"],
            "records_per_s": records, "mb_per_s": records * options["record_size"] / 1e6,
            "latency_us": run["latency_us"], "cycles_per_record": per_record,
            "cycles_per_byte": {role: value / options["record_size"]
                                for role, value in per_record.items()}}


def measure(partitions):
    """The runs of one gateway; a step that fails is the reason of all cells behind it.
    Without its topic there is no run; anything else that fails is one that is not even."""
    cells, runs, reason = [], [], ""
    try:
        with MemifPair(SETTINGS, topics={"perf": partitions}) as pair:
            for record_bytes in RECORD_BYTES:
                options = load_of(record_bytes, partitions)
                runs.append(pair.perf("kafka", KAFKA, **options))
                del runs[-1]["samples"]
                cells.append(cell_of(options, runs[-1]))
    except TopicError as error:
        reason = str(error)
    except PairError as error:
        reason = str(error)
        runs.append({"mode": "kafka", "options": {"partitions": partitions},
                     "balance": reason})
    done = len(cells)
    cells += [{"record_bytes": record_bytes, "partitions": partitions, "reason": reason}
              for record_bytes in RECORD_BYTES[done:]]
    return cells, runs


def sweeps():
    cells, runs = [], []
    for partitions in PARTITIONS:
        more_cells, more_runs = measure(partitions)
        cells += more_cells
        runs += more_runs
    return record("sweeps", {"settings": SETTINGS, "cells": cells, "runs": runs})


# ---- the tables ------------------------------------------------------------------------

def size_text(size):
    return (f"{size // KIB // KIB} MiB" if size >= KIB * KIB else
            f"{size // KIB} KiB" if size >= KIB else f"{size} B")


def rate_text(cell):
    return f"{short(cell['records_per_s'])} ({short(cell['mb_per_s'])})"


def latency_text(cell):
    latency = cell["latency_us"]
    return f"{short(latency['p50'] / 1e3)} / {short(latency['p99'] / 1e3)}"


def cycles_text(role):
    def text(cell):
        return (f"{short(cell['cycles_per_record'][role])} "
                f"({short(cell['cycles_per_byte'][role])})")
    return text


TABLES = (
    ("records/s (MB/s)", rate_text),
    ("answer latency of the closed loop, ms: p50 / p99", latency_text),
    ("poller: cycles per record (per byte)", cycles_text("poller")),
    ("writer: cycles per record (per byte)", cycles_text("writer")),
)


def short(value):
    """Three digits that tell: 1.23, 12.3, 123, 1,234."""
    digits = 2 - math.floor(math.log10(value)) if value >= 0.001 else 3
    return f"{value:,.{min(max(digits, 0), 3)}f}"


def show(figures):
    print(f"sweeps: {figures['machine']['cpu']}, commit {figures['commit']}, "
          f"{figures['date']}, acks=all, closed loop, {CONNECTIONS} connections")
    cells = {(cell["record_bytes"], cell["partitions"]): cell
             for cell in figures["cells"]}
    sizes = list(dict.fromkeys(size for size, _ in cells))
    counts = list(dict.fromkeys(count for _, count in cells))
    for title, text in TABLES:
        print(f"\n{title}\n{'':>9}" + "".join(f"{f'{n:,} part.':>22}" for n in counts))
        for size in sizes:
            row = (cells[size, count] for count in counts)
            texts = ("-" if "reason" in cell else text(cell) for cell in row)
            print(f"{size_text(size):>9}" + "".join(f"{part:>22}" for part in texts))
    print()
    for count, reason in dict.fromkeys((cell["partitions"], cell["reason"])
                                       for cell in figures["cells"] if "reason" in cell):
        print(f"{count:,} partitions cannot be had: {reason}")
    for run in figures["runs"]:
        if run["balance"] != "even":
            print(f"NOT EVEN: {run['options']}: {run['balance']}")
