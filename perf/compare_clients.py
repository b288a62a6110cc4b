"""compare_clients.py - a row in; the client's command line and what it printed, as figures, out."""
import json
import os
import pathlib
import re
from dataclasses import dataclass

import kafka_server
from sandbox import CLIENT_INTERFACE

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE_NET = "10.95.0.128/25"       # of the sandbox's net the half where its kernels have nothing
FILL_BATCH_BYTES, FILL_SECONDS = 14000, 8
BUILD = pathlib.Path(os.environ.get("PENSTOCK_BUILD") or ROOT / "build")

JAVA_LINE = re.compile(
    r"(\d+) records sent, ([\d.]+) records/sec .*?([\d.]+) ms avg latency, ([\d.]+) ms max "
    r"latency, (\d+) ms 50th, (\d+) ms 95th, (\d+) ms 99th, (\d+) ms 99.9th")


@dataclass(frozen=True)
class Times:
    """Of the clients that can be told; seconds."""
    warmup: float
    seconds: float


def blaster(row, server, topic, times):
    command = [str(BUILD / "perf/blaster"), "--server", server, "--topic", topic,
               "--connections", str(row.connections), "--in-flight", str(row.in_flight),
               "--record", str(row.record_bytes), "--batch", str(row.batch), "--acks", row.acks,
               "--warmup", str(times.warmup), "--seconds", str(times.seconds)]
    return command + (["--rate", str(row.rate)] if row.rate else [])


def rdkafka(row, server, topic, times):
    return [str(BUILD / "perf/rdkafka_producer"), server, topic, str(row.partitions),
            str(row.record_bytes), row.acks, str(times.warmup), str(times.seconds),
            "stock" if row.stock else "plain"]


def rdkafka_group(row, server, topic, times):
    return [str(BUILD / "perf/rdkafka_consumers"), server, topic, "3", str(records(row, times))]


def java_tool(main, server, topic, *words):
    return kafka_server.java(kafka_server.fetch(), f"org.apache.kafka.tools.{main}",
                             "--bootstrap-server", server, "--topic", topic, *words,
                             options=["-Xms512m", "-Xmx512m"])


def java(row, server, topic, times):
    properties = [] if row.stock else ["--command-property", f"acks={row.acks}", "linger.ms=5",
                                       "enable.idempotence=false"]
    return java_tool("ProducerPerformance", server, topic, "--record-size", str(row.record_bytes),
                     "--num-records", str(records(row, times)), "--throughput", "-1", *properties)


def java_group(row, server, topic, times):
    return java_tool("ConsumerPerformance", server, topic, "--hide-header", "--num-records",
                     str(records(row, times)), "--group", f"group-{topic}",
                     "--command-property", "auto.commit.interval.ms=1000")


def consume(row, server, topic, *words):
    """On the interface beside the kernel, with addresses that are not the kernel's. Penstock has
    the last CPU, so the first is the client's."""
    cpu = min(os.sched_getaffinity(0))
    ring = "framecnt=2048,framesz=2048,blocksz=4096"    # what a window of 1 MiB has under way
    return [str(BUILD / "perf/penstock-perf"), "consume", "--cpu", str(cpu), "--port",
            f"net_af_packet0,iface={CLIENT_INTERFACE},{ring}", "--target", server,
            "--source-net", SOURCE_NET, "--json", "/dev/stdout", "--topic", topic,
            "--partitions", str(row.partitions), *words]


def tail(row, server, topic, times):
    load = ["--rate", str(row.rate)] if row.rate else ["--in-flight", str(row.in_flight)]
    return consume(row, server, topic, "--from", "end", "--connections", str(row.connections),
                   "--record-size", str(row.record_bytes), "--batch", str(row.batch), *load,
                   "--warmup", str(times.warmup), "--seconds", str(times.seconds))


def replay(row, server, topic, times):
    return consume(row, server, topic, "--to-end", "--groups", str(row.groups))


MAKE = {"blaster": blaster, "rdkafka": rdkafka, "java": java, "rdkafka_group": rdkafka_group,
        "java_group": java_group, "tail": tail, "replay": replay}


def records(row, times):
    """Of those who are told how many."""
    return int(row.records * min(times.seconds, 5) / 5)


def command(row, address, topic, times):
    return MAKE[row.client](row, f"{address[0]}:{address[1]}", topic, times)


def is_reader(row):
    return row.client.endswith("_group") or is_cold(row)


def is_raw(row):
    """It reads the clients' interface beside the kernel."""
    return row.client in ("tail", "replay")


def is_cold(row):
    """Nothing of what it reads is in memory."""
    return row.client == "replay"


def fill_command(row, address, topic, times):
    """Writes what a reader is to read, and a little more, evenly."""
    batch = max(1, FILL_BATCH_BYTES // row.record_bytes)
    requests = -(-records(row, times) // batch)
    return [str(BUILD / "perf/blaster"), "--server", f"{address[0]}:{address[1]}", "--topic", topic,
            "--connections", "8", "--in-flight", "128", "--record", str(row.record_bytes),
            "--batch", str(batch), "--acks", "all", "--warmup", "0",
            "--seconds", str(FILL_SECONDS), "--rate", str(requests // FILL_SECONDS + 1)]


def java_group_figures(lines):
    """Its last line has no delays, but how long it fetched without the time of its assignment."""
    words = lines[-1].split(",") if lines else []
    if len(words) != 10:
        return {"failed": "ConsumerPerformance printed no summary", "records_measured": 0}
    return {"records_per_s": float(words[9]), "records_measured": float(words[4]), "errors": 0}


def java_figures(lines):
    for line in reversed(lines):
        if match := JAVA_LINE.search(line):
            count, rate, _, most, p50, _, p99, p999 = map(float, match.groups())
            return {"records_per_s": rate, "records_measured": count, "errors": 0,
                    "latency_us": {"p50": p50 * 1e3, "p99": p99 * 1e3, "p999": p999 * 1e3,
                                   "max": most * 1e3}}
    return {"failed": "ProducerPerformance printed no summary", "records_measured": 0}


def consume_run(lines):
    """Its figures stand among what it says; None: it has not come so far."""
    text = "\n".join(lines)
    return json.JSONDecoder().raw_decode(text[text.index("{"):])[0] if "{" in text else None


def complaint(row, lines):
    """Of a client that did not end well: what it says about it on its stdout."""
    run = consume_run(lines) if is_raw(row) else None
    return run["balance"] if run else ""


def consume_figures(lines):
    """Its records are those of the whole run."""
    run = consume_run(lines)
    reads = run["reads"]
    found = {"records_per_s": reads["records_per_s"], "errors": reads["ledger"]["errors"],
             "records_measured": reads["ledger"]["records"]}
    if reads["end_to_end_us"]["count"]:
        found["latency_us"] = reads["end_to_end_us"]
    return found


def figures(row, lines):
    if row.client == "java":
        return java_figures(lines)
    if row.client == "java_group":
        return java_group_figures(lines)
    if is_raw(row):
        return consume_figures(lines)
    found = json.loads(lines[-1])
    found["records_measured"] = found["records_per_s"] * found["seconds"]
    return found
