"""compare_rows.py - what perf/compare-kafka measures: one row per client and load."""
from dataclasses import dataclass

PARTITIONS = 8
BATCH_100, BATCH_1024 = 140, 16     # records in about 16 KiB: Kafka's batch.size


@dataclass(frozen=True)
class Row:
    name: str
    # blaster | rdkafka | java, or a group: rdkafka_group | java_group, or penstock-perf consume
    # with its own TCP: tail | replay
    client: str
    record_bytes: int
    acks: str = "all"
    batch: int = 1          # of the blaster, as are the next three
    connections: int = 8
    in_flight: int = 5
    rate: int = 0           # open loop: requests a second
    flush: bool = False     # Kafka's topic has flush.messages=1
    quick: bool = False     # part of --quick
    best: bool = False      # measured over Penstock's best path, too
    records: int = 0        # of Java's clients and of groups, which have no other bound
    partitions: int = PARTITIONS
    stock: bool = False     # as it comes: idempotent, acks=all, its own linger
    groups: int = 1         # of a replay


def batches(record_bytes, batch, acks, flush=False, quick=False, best=False, in_flight=5):
    load = f"{record_bytes} B x {batch}, 8x{in_flight}, acks={acks}" + \
        (", flush" if flush else "")
    return Row(f"blaster {load}", "blaster", record_bytes, acks, batch, in_flight=in_flight,
               flush=flush, quick=quick, best=best)


def singles(in_flight, flush, quick=False):
    load = f"450 B x 1, 64x{in_flight}, acks=all" + (", flush" if flush else "")
    return Row(f"blaster {load}", "blaster", 450, batch=1, connections=64, in_flight=in_flight,
               flush=flush, quick=quick, best=flush)


def paced(flush, quick=False):
    load = "20 k/s of 450 B x 1, 64 connections, acks=all" + (", flush" if flush else "")
    return Row(f"open loop {load}", "blaster", 450, connections=64, in_flight=128, rate=20000,
               flush=flush, quick=quick, best=not flush)


NAMES = {"rdkafka": "librdkafka", "java": "Java producer",
         "rdkafka_group": "librdkafka, group of 3", "java_group": "Java consumer, its group"}


def library(client, record_bytes, acks, records=0, quick=False):
    return Row(f"{NAMES[client]} {record_bytes} B, linger 5, acks={acks}", client, record_bytes,
               acks, records=records, quick=quick)


def stock(client, record_bytes, records=0, partitions=PARTITIONS, quick=False):
    load = f"{record_bytes} B" + ("" if partitions == PARTITIONS else f", {partitions} partitions")
    return Row(f"stock {NAMES[client]} {load}", client, record_bytes, records=records,
               partitions=partitions, stock=True, quick=quick)


def group(client, record_bytes, records):
    """Reads what a blaster has just written, and commits each second."""
    return Row(f"{NAMES[client]} {record_bytes} B, from the beginning", client, record_bytes,
               records=records)


def tail(batch, connections, in_flight=8, rate=0):
    """One consumer at the tail of what producers write; at a rate, how long a record took."""
    load = f"{rate} records/s" if rate else "flat out"
    return Row(f"consumer at the tail, 100 B x {batch}, producers {load}", "tail", 100, batch=batch,
               connections=connections, in_flight=in_flight, rate=rate // batch)


def replay(groups, records):
    return Row(f"cold replay of 100 B by {groups}", "replay", 100, records=records, groups=groups)


MATRIX = [
    ("same path: the same client over the same veth pair", [
        batches(100, BATCH_100, "all", quick=True, best=True),
        batches(100, BATCH_100, "all", best=True, in_flight=16),
        batches(100, BATCH_100, "1", best=True),
        batches(100, BATCH_100, "1", best=True, in_flight=16),
        batches(1024, BATCH_1024, "all", best=True),
        batches(1024, BATCH_1024, "1"),
        singles(5, flush=False),
        library("rdkafka", 100, "all", quick=True),
        library("rdkafka", 100, "1"),
        library("rdkafka", 1024, "all"),
        library("rdkafka", 1024, "1"),
        library("java", 100, "all", 3000000, quick=True),
        library("java", 100, "1", 3000000),
        library("java", 1024, "all", 500000),
        library("java", 1024, "1", 500000),
    ]),
    ("stock clients: idempotent and acks=all, with their own linger", [
        stock("rdkafka", 100),
        stock("rdkafka", 1024),
        stock("rdkafka", 100, partitions=1000),
        stock("java", 100, 3000000, quick=True),
        stock("java", 1024, 500000),
        stock("java", 100, 3000000, partitions=1000),
    ]),
    ("groups, with commits", [
        group("rdkafka_group", 100, 8000000),
        group("rdkafka_group", 1024, 1000000),
        group("java_group", 100, 8000000),
        group("java_group", 1024, 1000000),
    ]),
    ("the log, with --segments wire: penstock-perf consume with its own TCP on the veth pair", [
        tail(BATCH_100, 8),
        tail(BATCH_100, 8, rate=700000),
        tail(1, 64, rate=20000),
        replay(1, 40000000),
        replay(5, 40000000),
    ]),
    ("like for like durability: Kafka's topic with flush.messages=1", [
        batches(100, BATCH_100, "all", flush=True),
        singles(5, flush=True, quick=True),
        singles(1, flush=True),
    ]),
    ("open loop: latency from the time each request was due", [
        paced(flush=False, quick=True),
        paced(flush=True),
    ]),
]

MEANING = """\
acks=1    Kafka: in the page cache.    Penstock: its direct write to the disk has completed.
acks=all  Kafka (one replica): in the page cache; with flush.messages=1 synced before the
          answer.    Penstock: synced (fdatasync) before the answer, always.
stock     as the client comes: Java's producer is idempotent with acks=all; librdkafka is told
          enable.idempotence=true.
groups    records per second from the first one read to the last, assignment excluded; CPU of
          the whole run. What is read was written just before: Kafka has it in the page cache.
tail      CPU is that of what is written and read, per record read; latency is end to end, from when
          a batch was due until it was read whole.
replay    nothing of it is in the page cache; CPU is per record read, by all groups together.
Segments  Kafka's kernel exchanges segments of up to 64 KiB with the client's; penstockd's port
          is a raw socket on the veth pair and sees frames of the MTU.
CPU       of the server process, user and system, all threads, per million records; what the
          kernel does for it in the client's time is not in it. "busy": cycles of Penstock's
          data cores in turns that found work, as seconds at the counter's rate.
Ratios    above 1 are in Penstock's favour; median over the pairs, and the least and most."""
