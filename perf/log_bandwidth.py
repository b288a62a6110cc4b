"""log_bandwidth.py - a number of partitions in; what producers get made durable in them, beside
what fio writes to as many files, out.

    penstock-perf kafka ═══ net_memif ═══ penstockd, fused ─── disk        fio ─── disk

As many writes of 16 KiB are under way on both sides, to all partitions or files in turn: of fio
those that it has submitted, of us requests, each answered when it is durable. They are few, then
many, and the better one of each side counts: what waits for a flush as well needs more of them.
Both write where nothing was before: fio to files that were allocated, a new gateway to a new topic.
In turn, so that what drifts on the disk drifts for both.
"""
import statistics

from disk import fio
from memif_pair import KAFKA, MemifPair

FILES = (1, 100, 1000, 10000)
PAIRS, SECONDS = 3, 4
LOADS = {"few": {"connections": 16, "in_flight": 8}, "many": {"connections": 64, "in_flight": 16}}
MUST = {1: 0.9, 100: 0.9, 1000: 0.7, 10000: 0.5}


def of_fio(files, load):
    return fio(ioengine="io_uring", bs="16k", size="8g", nrfiles=files, openfiles=files,
               iodepth=load["connections"] * load["in_flight"], file_service_type="roundrobin")


def of_log(files, load):
    with MemifPair(topics={"perf": files}) as pair:
        run = pair.perf("kafka", KAFKA, partitions=files, seconds=SECONDS, **load)
    del run["samples"]
    return {**run, "bytes_per_s": run["achieved_messages_per_s"] * run["message_bytes"]}


def best(side, files):
    return max((side(files, load) for load in LOADS.values()), key=lambda run: run["bytes_per_s"])


def bandwidth():
    """A row per number of files: its pairs, and the ratio of each."""
    rows = []
    for files in FILES:
        pairs = [{"fio": best(of_fio, files), "log": best(of_log, files)} for _ in range(PAIRS)]
        rows.append({"files": files, "must": MUST[files], "pairs": pairs, "ratios": [
            pair["log"]["bytes_per_s"] / pair["fio"]["bytes_per_s"] for pair in pairs]})
    return rows


# ---- the table -------------------------------------------------------------------------

def row_text(row):
    mb_s = [statistics.median(pair[side]["bytes_per_s"] for pair in row["pairs"]) / 1e6
            for side in ("fio", "log")]
    p99_ms = statistics.median(pair["log"]["latency_us"]["p99"] for pair in row["pairs"]) / 1e3
    uneven = [pair["log"]["balance"] for pair in row["pairs"] if pair["log"]["balance"] != "even"]
    return (f"{row['files']:>10}{mb_s[0]:>8.0f}{mb_s[1]:>8.0f}"
            f"{statistics.median(row['ratios']):>8.2f} "
            f"{min(row['ratios']):>6.2f} to {max(row['ratios']):.2f}{row['must']:>7}"
            f"{p99_ms:>8.1f}{''.join('  NOT EVEN: ' + reason for reason in uneven)}")


def show(rows):
    print(f"\n{'partitions':>10}{'fio':>8}{'log':>8}{'ratio':>8}{'of pairs':>15}{'must':>7}"
          f"{'p99 ms':>8}   MB/s of batches of 16 KiB")
    for row in rows:
        print(row_text(row))
