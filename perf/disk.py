"""disk.py - recorded batches straight into a writer, on a real disk, beside what fio gets of it.

    bench_log: batches made once ─▶ handoff ─▶ writer ─▶ log ─▶ disk      no port, no poller

In turn, in the same directory, each on fresh files:

  bandwidth  fio's sequential direct writes against batches in a closed loop, every one of
             them synced before its answer; the better shape of each side counts.
  latency    at a share of fio's bandwidth: fio's write and fdatasync, one after the other in
             each of its files, against the durable answer of a batch from when it was due.
  appends    what the writer costs by itself: small batches, acks=all and acks=1.
"""
import json
import os
import statistics
import tempfile

from record import BUILD, output, record

PAIRS, SECONDS = 3, 3
FILES, KIB = 8, 1024
SHARE = 0.7
MUST = {"bandwidth": 0.9, "p99": 2.0}
BANDWIDTHS = {      # name: (options of fio, options of bench_log)
    "256 KiB": ({"bs": "256k", "iodepth": 4, "numjobs": FILES},
                {"batch": 256 * KIB, "in-flight": 4}),
    "1 MB": ({"bs": "1m", "iodepth": 16, "numjobs": 1},
             {"batch": 1000000, "in-flight": 4}),
}
PACED_BYTES = 256 * KIB
APPENDS = (
    {"batch": 16 * KIB, "in-flight": 5},
    {"batch": 16 * KIB, "in-flight": 16},
    {"batch": 16 * KIB, "in-flight": 16, "level": "written"},
    {"batch": 550, "in-flight": 40},
)


def words(options):
    return [f"--{name}={value}" for name, value in options.items()]


def fio(**options):
    """The sum over its files; times in microseconds."""
    with tempfile.TemporaryDirectory(prefix="penstock-disk-") as directory:
        said = output("fio", "--name=fio", f"--directory={directory}", "--rw=write",
                      "--direct=1", "--size=2g", "--fallocate=posix", "--time_based",
                      f"--runtime={SECONDS}", "--ramp_time=0.5", "--group_reporting",
                      "--output-format=json", *words(options))
    job = json.loads(said[said.index("{"):])["jobs"][0]
    found = {"options": options, "bytes_per_s": job["write"]["bw_bytes"]}
    for name, figures in (("write", job["write"]["clat_ns"]), ("sync", job["sync"]["lat_ns"])):
        if "percentile" in figures:
            found[f"{name}_us"] = {"p50": figures["percentile"]["50.000000"] / 1e3,
                                   "p99": figures["percentile"]["99.000000"] / 1e3}
    return found


def log(**options):
    """bench_log on one CPU, as a fused core is."""
    cpu = max(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="penstock-disk-") as directory:
        said = output("taskset", "-c", str(cpu), str(BUILD / "perf" / "bench_log"), directory,
                      *words({"partitions": FILES, "seconds": SECONDS, **options}))
    return {"options": options, **json.loads(said)}


def measure_pair():
    pair = {"fio": {}, "log": {}}
    for name, (of_fio, of_log) in BANDWIDTHS.items():
        pair["fio"][name] = fio(ioengine="io_uring", **of_fio)
        pair["log"][name] = log(**of_log)
    rate = SHARE * max(figures["bytes_per_s"] for figures in pair["fio"].values())
    pair["fio"]["paced"] = fio(ioengine="psync", bs=PACED_BYTES, fdatasync=1, numjobs=FILES,
                               rate=int(rate / FILES))
    pair["log"]["paced"] = log(batch=PACED_BYTES, rate=rate / PACED_BYTES)
    return pair


def best(side):
    return max(side[name]["bytes_per_s"] for name in BANDWIDTHS)


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def disk():
    pairs = [measure_pair() for _ in range(PAIRS)]
    ratios = {
        "bandwidth": spread([best(pair["log"]) / best(pair["fio"]) for pair in pairs]),
        "p99": spread([pair["log"]["paced"]["latency_us"]["p99"] /
                       pair["fio"]["paced"]["sync_us"]["p99"] for pair in pairs]),
    }
    return record("disk", {"files": FILES, "share": SHARE, "must": MUST, "ratios": ratios,
                           "pairs": pairs, "appends": [log(**load) for load in APPENDS]})


def show_sides(result):
    print(f"{'MB/s':<22}{'fio':>8}{'log':>8}{'CPU':>8}   of one CPU, the log's")
    for pair in result["pairs"]:
        for name in (*BANDWIDTHS, "paced"):
            ours, theirs = pair["log"][name], pair["fio"][name]
            share = ours["cpu_s"] / ours["seconds"]
            print(f"{name:<22}{theirs['bytes_per_s'] / 1e6:>8.0f}"
                  f"{ours['bytes_per_s'] / 1e6:>8.0f}{100 * share:>7.0f}%")
        paced = pair["fio"]["paced"]
        print(f"{'p50, p99 in us':<22}fio: write {paced['write_us']['p50']:.0f}, "
              f"{paced['write_us']['p99']:.0f}, sync {paced['sync_us']['p50']:.0f}, "
              f"{paced['sync_us']['p99']:.0f}; durable answer "
              f"{pair['log']['paced']['latency_us']['p50']:.0f}, "
              f"{pair['log']['paced']['latency_us']['p99']:.0f}")


def show(result):
    print(f"disk: {result['machine']['cpu']}, commit {result['commit']}, {result['date']}, "
          f"{result['files']} files")
    show_sides(result)
    print(f"\n{'batches/s':>10}{'MB/s':>7}{'p50 us':>8}{'p99':>8}{'cycles':>9}{'CPU us':>8}"
          "  a batch of the writer alone")
    for run in result["appends"]:
        batches = run["batches_per_s"] * run["seconds"]
        print(f"{run['batches_per_s']:>10.0f}{run['bytes_per_s'] / 1e6:>7.0f}"
              f"{run['latency_us']['p50']:>8.0f}{run['latency_us']['p99']:>8.0f}"
              f"{run['writer_cycles_per_batch']:>9.0f}{1e6 * run['cpu_s'] / batches:>8.1f}"
              f"  {run['batch_bytes']} B, {run['in_flight']} in flight of each, {run['level']}")
    for name, ratio in result["ratios"].items():
        print(f"\n{name}: {ratio['median']:.2f} ({ratio['min']:.2f} to {ratio['max']:.2f}) of "
              f"fio's{' sync' if name == 'p99' else ''}; must {result['must'][name]}", end="")
    print()
