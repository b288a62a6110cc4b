"""perf/run [NAME...] - runs the named measurements and records them under perf/results/.

  stages        cycles per item of every stage alone, its data hot and cold, and of whole
                turns of a poller: no port, no disk
  fleet         GB/T 32960 vehicles over net_memif: closed loop, then rate against latency
  terminals     the same of JT/T 808 terminals, and broken streams of theirs
  kafka         Produce requests over net_memif: batches, single records, acks
  udp           datagrams over net_memif: flat out, and at rates
  chaos         broken GB/T 32960 streams, their ends held against a second reading
  connections   a million vehicles over net_memif, one frame per 10 s each (--count, --rate)
  peak          the hour after an outage: 300,000 vehicles, 500,000 frames/s, a minute
  overload      offered against answered, 0.5 to 4 times the peak, and the calm after (--rows)
  discard       kafka, fleet and udp at a gateway whose disk keeps nothing: the kernel's part off
  ring          the same three, gateway and generator in one process over a pair of rings
  line          what a gateway takes in over a port, beside dpdk-testpmd at the same port
  disk          a writer alone, on recorded batches and the real disk, beside fio
  log           consumers at the tail and replaying it cold, alone and beside producers, latency
                end to end (--gigabytes); beside retention and compaction; batches to many
                partitions, beside fio on many files
  flush         writes in many files made durable one by one, or all at once; also in images of
                ext4 and xfs
  loss          a bulk producer and a consumer through a link that loses and reorders, beside
                Linux with cubic at both ends
  groups        10,000 consumers of a group, of whom one leaves and one comes; commits; waiting
                fetches: over a tap
  sweeps        Produce requests: records of 10 B to 1 MiB, at 1 to 10,000 partitions
  creating      topics by the thousand, and one of 16,000 partitions, beside a plain program that
                makes the same files; in images of ext4 and xfs, over a tap

Without a name: all of them. Each run adds one JSON file (machine, commit, date, settings,
figures) and prints it as a table; --json prints the JSON instead. Exit status 1: a ledger was
not even, or topics cost the more, the more there are.
"""
import argparse
import json
import sys

import creating
import disk
import flush
import groups
import line
import load
import log
import loss
import overload
import sweeps
from memif_pair import PairError
from record import BUILD, LOAD_BEFORE, output, record

QUIET = 0.5


def stages():
    """Each stage alone, and whole turns. The port's driver is not in these figures."""
    bench = str(BUILD / "perf" / "bench_stages")
    hot, cold = json.loads(output(bench, "hot")), json.loads(output(bench, "cold"))
    turns = json.loads(output(str(BUILD / "perf" / "bench_turn")))
    return record("stages", {"counter_hz": hot["counter_hz"], "stages": hot["stages"],
                             "stages_cold": cold["stages"], "turns": turns["turns"]})


def print_stages(result):
    ghz = result["counter_hz"] / 1e9
    print(f"{result['machine']['cpu']}, counter {ghz:.2f} GHz, commit {result['commit']}, "
          f"{result['date']}")
    print(f"{'stage':<16}{'n=1':>9}{'n=8':>9}{'n=32':>9}{'cold 32':>9}{'M/s (32)':>10}  item")
    for row, cold in zip(result["stages"], result["stages_cold"]):
        cycles = row["cycles"]
        rate = result["counter_hz"] / cycles["32"] / 1e6 if cycles["32"] else float("inf")
        print(f"{row['stage']:<16}{cycles['1']:>9.1f}{cycles['8']:>9.1f}{cycles['32']:>9.1f}"
              f"{cold['cycles']['32']:>9.1f}{rate:>10.2f}  {row['item']}")
    print(f"\n{'whole turns':<16}{'cycles':>9}{'M/s':>9}  item, and where its cycles go")
    for row in result["turns"]:
        parts = ", ".join(f"{name} {cycles:.0f}" for name, cycles in row["stages"].items())
        print(f"{row['load']:<16}{row['cycles']:>9.1f}"
              f"{result['counter_hz'] / row['cycles'] / 1e6:>9.2f}  {row['item']}: {parts}")


SCENARIOS = {
    "stages": (stages, print_stages),
    "fleet": (load.fleet, load.show),
    "terminals": (load.terminals, load.show),
    "kafka": (load.kafka, load.show),
    "udp": (load.udp, load.show),
    "chaos": (load.chaos, load.show),
    "connections": (load.connections, load.show_many),
    "peak": (load.peak, load.show_many),
    "overload": (overload.overload, overload.show),
    "discard": (load.discard, load.show),
    "ring": (load.ring, load.show),
    "line": (line.line, line.show),
    "disk": (disk.disk, disk.show),
    "log": (log.log, log.show),
    "flush": (flush.flush, flush.show),
    "loss": (loss.loss, loss.show),
    "groups": (groups.groups, groups.show),
    "sweeps": (sweeps.sweeps, sweeps.show),
    "creating": (creating.creating, creating.show),
}


def rows_of(text):
    names = text.split(",")
    unknown = set(names) - {row.name for row in overload.ROWS}
    if unknown:
        raise argparse.ArgumentTypeError(f"no row is called {', '.join(unknown)}")
    return names


def options_of(name, arguments):
    if name == "overload":
        return {"names": arguments.rows, "disk_mb_s": arguments.disk}
    if name == "connections":
        return {"count": arguments.count, "rate": arguments.rate}
    if name == "log":
        return {"gigabytes": arguments.gigabytes}
    return {}


def count_of(text):
    count = int(text)
    if not 1 <= count <= load.CONNECTIONS_MAX:
        raise argparse.ArgumentTypeError(f"1 to {load.CONNECTIONS_MAX} vehicles")
    return count


def main():
    parser = argparse.ArgumentParser(
        prog="perf/run", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--count", metavar="N", type=count_of, default=load.CONNECTIONS,
                        help=f"of connections: vehicles (default {load.CONNECTIONS})")
    parser.add_argument("--rate", metavar="R", type=int,
                        help="of connections: frames per second of all (default: a tenth of "
                        "--count)")
    parser.add_argument("--gigabytes", metavar="S", type=float, default=log.GIGABYTES,
                        help=f"of log: to replay (default {log.GIGABYTES})")
    parser.add_argument("--rows", metavar="NAME,...", type=rows_of, default=(),
                        help=f"of overload: some of {', '.join(r.name for r in overload.ROWS)}")
    parser.add_argument("--disk", metavar="MB_PER_S", type=int,
                        help="of overload: a disk that keeps nothing and takes so much in all "
                        "rows; 0: anything")
    arguments = parser.parse_args()
    if arguments.names == ["all"]:
        arguments.names = []
    unknown = [name for name in arguments.names if name not in SCENARIOS]
    if unknown:
        parser.error(f"no measurement is called {unknown[0]}; there are: {', '.join(SCENARIOS)}")
    if LOAD_BEFORE > QUIET:
        print(f"perf: warning: the load average is {LOAD_BEFORE:.1f}: others use this "
              "machine, and the figures are theirs too", file=sys.stderr)
    is_even = True
    for name in arguments.names or SCENARIOS:
        measure, show = SCENARIOS[name]
        try:
            result = measure(**options_of(name, arguments))
        except PairError as error:
            raise SystemExit(f"perf/run {name}: {error}") from None
        if arguments.json:
            print(json.dumps(result, indent=1))
        else:
            show(result)
        is_even &= load.is_even(result) and (name != "overload" or overload.holds(result))
        is_even &= name != "creating" or creating.is_linear(result)
    raise SystemExit(not is_even)


if __name__ == "__main__":
    main()
