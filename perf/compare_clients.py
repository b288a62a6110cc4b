"""compare_clients.py - a row in; the client's command line and what it printed, as figures, out."""
import json
import os
import pathlib
import re
from dataclasses import dataclass

import kafka_server

ROOT = pathlib.Path(__file__).resolve().parent.parent
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
    return [str(BUILD / "perf/rdkafka_producer"), server, topic, "8", str(row.record_bytes),
            row.acks, str(times.warmup), str(times.seconds)]


def java(row, server, topic, times):
    records = int(row.java_records * min(times.seconds, 5) / 5)
    return kafka_server.java(
        kafka_server.fetch(), "org.apache.kafka.tools.ProducerPerformance",
        "--bootstrap-server", server, "--topic", topic, "--num-records", str(records),
        "--record-size", str(row.record_bytes), "--throughput", "-1",
        "--command-property", f"acks={row.acks}", "linger.ms=5", "enable.idempotence=false",
        options=["-Xms512m", "-Xmx512m"])


def command(row, address, topic, times):
    make = {"blaster": blaster, "rdkafka": rdkafka, "java": java}[row.client]
    return make(row, f"{address[0]}:{address[1]}", topic, times)


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
    found = json.loads(lines[-1])
    found["records_measured"] = found["records_per_s"] * found["seconds"]
    return found
