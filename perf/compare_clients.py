"""compare_clients.py - a row in; the client's command line and what it printed, as figures, out."""
import json
import os
import pathlib
import re
from dataclasses import dataclass

import kafka_server

ROOT = pathlib.Path(__file__).resolve().parent.parent
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


MAKE = {"blaster": blaster, "rdkafka": rdkafka, "java": java, "rdkafka_group": rdkafka_group,
        "java_group": java_group}


def records(row, times):
    """Of those who are told how many."""
    return int(row.records * min(times.seconds, 5) / 5)


def command(row, address, topic, times):
    return MAKE[row.client](row, f"{address[0]}:{address[1]}", topic, times)


def is_reader(row):
    return row.client.endswith("_group")


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


def figures(row, lines):
    if row.client == "java":
        return java_figures(lines)
    if row.client == "java_group":
        return java_group_figures(lines)
    found = json.loads(lines[-1])
    found["records_measured"] = found["records_per_s"] * found["seconds"]
    return found
