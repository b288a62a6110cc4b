"""line.py - what a gateway takes in over a port, the driver included, beside what
dpdk-testpmd receives there from the same generator in the same run.

Receivers in turn, A B C A B C: dpdk-testpmd (rxonly: it looks at no byte), a gateway
whose writes end at the disk seam (perf/null_disk.c), and the gateway as it is. Both
gateways are fused: poller and writer share the one CPU that testpmd has for receiving
alone, which is why the poller's cycles stand beside the rate. A frame's size counts from
Ethernet header to FCS, as RFC 2544 counts; net_memif carries no FCS, so 4 bytes less are
copied.

A packet is taken in when its record is stored: what is shed or missed is not, and of TCP
only the bytes of accepted requests count, in full segments.
"""
import statistics

from line_testpmd import TestpmdPair
from memif_pair import MemifPair
from record import record

KAFKA, UDP = 9092, 5140
UDP_OVERHEAD = 14 + 20 + 8 + 4
FULL_FRAME, SEGMENT_BYTES = 1518, 1460
PAIRS, WARMUP, SECONDS = 3, 0.5, 2
AIM = 0.8
# Requests of 256 KiB: all but their last segments are full.
TCP_LOAD = {"connections": 8, "partitions": 8, "in_flight": 4, "record_size": 8192,
            "batch": 32}
SHAPES = (
    {"name": "udp", "frame_bytes": 64, "must": None},
    {"name": "udp", "frame_bytes": 512, "must": 0.4},
    {"name": "udp", "frame_bytes": 1500, "must": 0.6},
    {"name": "tcp", "frame_bytes": FULL_FRAME, "must": 0.6},
)
RECEIVERS = {
    "testpmd": TestpmdPair,
    "no disk": lambda: MemifPair(topics={"perf": 8}, program="perf/gateway-null-disk"),
    "gateway": lambda: MemifPair(topics={"perf": 8}),
}


def measure(shape, receiver):
    """One receiver, started for this alone: what it took in."""
    times = {"warmup": WARMUP, "seconds": SECONDS}
    with RECEIVERS[receiver]() as pair:
        if shape["name"] == "tcp" and receiver != "testpmd":
            run = pair.perf("kafka", KAFKA, **times, **TCP_LOAD)
        else:
            run = pair.perf("udp", UDP, record_size=shape["frame_bytes"] - UDP_OVERHEAD,
                            **times)
        settings = getattr(pair, "settings", None)
    del run["samples"]
    taken = taken_of_testpmd(run) if receiver == "testpmd" else taken_of_gateway(run)
    return {"shape": shape["name"], "frame_bytes": shape["frame_bytes"],
            "receiver": receiver, **taken, "generator_busy": busy_share(run["generator"]),
            **run}, settings


def taken_of_testpmd(run):
    return {"taken_per_s": run["testpmd"]["packets_per_s"],
            "cycles": {"driver": run["testpmd"]["cycles_per_packet"]}}


def taken_of_gateway(run):
    """Cycles per packet taken: the poller's with the driver's in them, and the driver's."""
    gateway, records = run["gateway"], run["gateway"]["ledgers"]["records"]
    if run["mode"] == "udp":
        stored = records.get("records_stored", 0) / max(run["ledger"]["sent"], 1)
        taken = run["line"]["packets_sent_per_s"] * stored
    else:
        accepted = run["achieved_messages_per_s"] - run["refused_per_s"]
        taken = accepted * run["message_bytes"] / SEGMENT_BYTES
    packets = taken * run["seconds"]
    cycles = {role: sum(core["cycles_busy"] for core in gateway["cores"]
                        if core["role"] == role) / packets if packets else 0
              for role in ("poller", "writer")}
    cycles["driver"] = (gateway["counters"].get("cycles_nic", 0)
                        / max(gateway["ledgers"]["packets"]["in"], 1))
    return {"taken_per_s": taken, "cycles": cycles}


def busy_share(generator):
    cycles = [generator[f"cycles_{what}"] for what in ("busy", "stalled", "idle")]
    return cycles[0] / max(sum(cycles), 1)


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def row_of(shape, receiver, runs):
    """The runs of one receiver, each against testpmd's of the same round."""
    mine, testpmd = ([run for run in runs if run["frame_bytes"] == shape["frame_bytes"]
                      and run["receiver"] == name] for name in (receiver, "testpmd"))
    row = {"shape": shape["name"], "frame_bytes": shape["frame_bytes"],
           "receiver": receiver,
           "taken_per_s": spread([run["taken_per_s"] for run in mine]),
           "generator_busy": statistics.median(run["generator_busy"] for run in mine),
           "cycles": {name: statistics.median(run["cycles"][name] for run in mine)
                      for name in mine[0]["cycles"]}}
    if receiver != "testpmd":
        row["ratio"] = spread([a["taken_per_s"] / max(b["taken_per_s"], 1)
                               for a, b in zip(mine, testpmd)])
        row["poller_ratio_by_cycles"] = statistics.median(
            b["cycles"]["driver"] / max(a["cycles"]["poller"], 1)
            for a, b in zip(mine, testpmd))
        row["must"], row["aim"] = shape["must"], AIM
    return row


def line():
    runs, settings = [], None
    for shape in SHAPES:
        for _ in range(PAIRS):
            for receiver in RECEIVERS:
                run, used = measure(shape, receiver)
                runs.append(run)
                settings = used or settings
    rows = [row_of(shape, receiver, runs) for shape in SHAPES for receiver in RECEIVERS]
    return record("line", {"settings": settings, "pairs": PAIRS, "rows": rows,
                           "runs": runs})


def show(figures):
    ghz = figures["runs"][0]["counter_hz"] / 1e9
    print(f"line: {figures['machine']['cpu']}, counter {ghz:.2f} GHz, "
          f"commit {figures['commit']}, {figures['date']}, {figures['pairs']} rounds each")
    print("frame: Ethernet header to FCS. no disk: its writes end at the disk seam. driver, "
          "poller,\nwriter: busy cycles per packet, the poller's with the driver's in them. "
          "busy: the generator.\nby cycles: testpmd's / the poller's; that is the ratio when "
          "the generator was too slow for\ntestpmd.")
    print(f"{'':>8}{'frame':>9}{'M/s':>6}{'Gbit/s':>8}{'driver':>8}{'poller':>8}"
          f"{'writer':>8}{'busy':>6}{'of testpmd':>20}{'by cycles':>11}{'must':>6}{'aim':>6}")
    for row in figures["rows"]:
        print(row_text(row))
    for run in figures["runs"]:
        if run["balance"] != "even":
            print(f"NOT EVEN: {run['receiver']}, {run['shape']} {run['frame_bytes']}: "
                  f"{run['balance']}")


def row_text(row):
    rate, cycles, ratio = row["taken_per_s"]["median"], row["cycles"], row.get("ratio")
    text = (f"{row['receiver']:>8}{row['shape']:>4}{row['frame_bytes']:>5}"
            f"{rate / 1e6:>6.2f}{rate * (row['frame_bytes'] + 20) * 8e-9:>8.2f}")
    for name in ("driver", "poller", "writer"):
        text += f"{cycles[name]:>8.0f}" if name in cycles else f"{'':>8}"
    text += f"{row['generator_busy']:>6.0%}"
    if ratio:
        range_text = f"{ratio['median']:.0%} ({ratio['min']:.0%} - {ratio['max']:.0%})"
        must = f"{row['must']:.0%}" if row["must"] else "-"
        text += (f"{range_text:>20}{row['poller_ratio_by_cycles']:>11.0%}"
                 f"{must:>6}{row['aim']:>6.0%}")
    return text
