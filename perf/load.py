"""load.py - the scenarios of penstock-perf: each a gateway, over net_memif unless its name says
otherwise, some runs, a table.

Every scenario finds the most a closed loop gets, then offers shares of that in an open loop:
throughput against latency. What each figure means: docs/PERFORMANCE.md.
"""
import pathlib
import tempfile

from memif_pair import CODE_KEY, FLEET, JT808, KAFKA, UDP, MemifPair, PairError, RingPair
from record import record

SHARES = (0.25, 0.5, 0.7, 0.9)
SECONDS = 5
CONNECTIONS, CONNECTIONS_MAX, REPORT_S = 1000000, 16000000, 10
# Bytes: of a vehicle in gateway and generator together, and of all that does not depend on them.
VEHICLE_BYTES, REST_BYTES = 700, 2 << 30
PEAK_VEHICLES, PEAK_RATE, PEAK_SECONDS = 300000, 500000, 60


def steps(pair, mode, port, closed, opened):
    """A closed loop, then open loops at shares of what it got."""
    runs = [pair.perf(mode, port, seconds=SECONDS, **closed)]
    most = runs[0]["achieved_messages_per_s"]
    for share in SHARES:
        runs.append(pair.perf(mode, port, seconds=SECONDS, rate=round(most * share), **opened))
    return runs


def result(name, pair, runs):
    return record(name, {"settings": pair.settings, "runs": runs})


def fleet():
    """450-byte frames, one per segment, answered when durable."""
    with MemifPair() as pair:
        runs = [pair.perf("fleet", FLEET, seconds=SECONDS, connections=1000)]
        shape = {"connections": 10000}
        runs += steps(pair, "fleet", FLEET, {"in_flight": 4, **shape}, shape)
        rate = round(runs[1]["achieved_messages_per_s"] * SHARES[0])
        runs.append(pair.perf("fleet", FLEET, seconds=SECONDS, rate=rate, burst=1, **shape))
        runs.append(pair.perf("fleet", FLEET, seconds=SECONDS, in_flight=4, record_size=0,
                              **shape))
    return result("fleet", pair, runs)


def terminals():
    """112-byte reports of JT/T 808, one per segment, answered when durable; then broken ones."""
    with tempfile.NamedTemporaryFile("w", suffix=".key") as file:
        file.write(CODE_KEY + "\n")
        file.flush()
        settings = {"penstock.code.key.file": file.name,
                    "listener.name.jt808.frame.timeout.ms": "3600000"}
        with MemifPair(settings) as pair:
            spoken = {"protocol": "jt808", "code_key": CODE_KEY}
            runs = [pair.perf("fleet", JT808, seconds=SECONDS, connections=1000, **spoken)]
            shape = {"connections": 10000, **spoken}
            runs += steps(pair, "fleet", JT808, {"in_flight": 4, **shape}, shape)
            shape = {"connections": 200, "rate": 20000, "seconds": SECONDS, **spoken}
            runs += [pair.perf("fleet", JT808, chaos=share, **shape) for share in (0.01, 0.3, 1)]
    return result("terminals", pair, runs)


def kafka():
    """100-byte records, 140 of them a batch of 16 KiB, acks=all; then a record a request."""
    with MemifPair(topics={"perf": 8}) as pair:
        shape = {"connections": 8, "partitions": 8}
        runs = steps(pair, "kafka", KAFKA, {"in_flight": 8, **shape}, shape)
        runs.append(pair.perf("kafka", KAFKA, seconds=SECONDS, in_flight=8, acks=1, **shape))
        single = {"connections": 64, "partitions": 8, "batch": 1, "record_size": 450}
        runs.append(pair.perf("kafka", KAFKA, seconds=SECONDS, in_flight=1, **single))
        runs.append(pair.perf("kafka", KAFKA, seconds=SECONDS, in_flight=5, **single))
        runs.append(pair.perf("kafka", KAFKA, seconds=SECONDS, rate=20000, **single))
    return result("kafka", pair, runs)


def udp():
    """64-byte datagrams: flat out, and at rates of which none may be lost."""
    with MemifPair() as pair:
        runs = [pair.perf("udp", UDP, seconds=SECONDS, record_size=size)
                for size in (64, 512, 1472)]
        runs += [pair.perf("udp", UDP, seconds=SECONDS, record_size=64, rate=rate)
                 for rate in (250000, 500000, 1000000)]
    return result("udp", pair, runs)


def closed_loops(pair):
    """Of each kind of load the most there is."""
    return [pair.perf("kafka", KAFKA, seconds=SECONDS, connections=8, partitions=8,
                      in_flight=8),
            pair.perf("fleet", FLEET, seconds=SECONDS, connections=1000),
            pair.perf("fleet", FLEET, seconds=SECONDS, connections=10000, in_flight=4),
            pair.perf("udp", UDP, seconds=SECONDS, record_size=64)]


def discard():
    """A gateway whose disk keeps nothing: what is ours, without the kernel's part."""
    with MemifPair(topics={"perf": 8}, program="perf/gateway-null-disk") as pair:
        runs = closed_loops(pair)
    return result("discard", pair, runs)


def ring():
    """Gateway and generator in one process, two rings between them: hardly a driver."""
    with RingPair() as pair:
        runs = closed_loops(pair)
    return result("ring", pair, runs)


def many(count):
    """Settings of a gateway that so many vehicles connect to at once."""
    return {"penstock.connections.max": str(count + 1000),
            "penstock.tcp.half.open.max": "65536"}


def memory_free():
    lines = pathlib.Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")) << 10


def memory_missing(count, free):
    """'' or why so many vehicles have no room here, and what to do."""
    needed = count * VEHICLE_BYTES + REST_BYTES
    if needed <= free:
        return ""
    fits = max(0, free - REST_BYTES) // VEHICLE_BYTES
    return (f"{count:,} vehicles need {needed / 2**30:.1f} GiB of memory, and "
            f"{free / 2**30:.1f} GiB are available; --count {fits // 100000 * 100000} would fit")


def connections(count=CONNECTIONS, rate=None):
    """As many vehicles as one machine holds here, by default one frame per ten seconds each."""
    missing = memory_missing(count, memory_free())
    if missing:
        raise PairError(missing)
    with MemifPair(many(count)) as pair:
        runs = [pair.perf("fleet", FLEET, seconds=15, warmup=2, connections=count,
                          rate=rate or count // REPORT_S)]
    return result("connections", pair, runs)


def peak():
    """The hour after an outage: 300,000 vehicles, half a million reports per second."""
    runs = []
    try:
        with MemifPair(many(PEAK_VEHICLES)) as pair:
            runs.append(pair.perf("fleet", FLEET, seconds=PEAK_SECONDS, warmup=2,
                                  connections=PEAK_VEHICLES, rate=PEAK_RATE))
    except PairError as error:
        if not runs:
            raise
        runs[0]["balance"] = f"{runs[0]['balance']}; {error}"
    return result("peak", pair, runs)


def chaos():
    """Frames cut, changed, doubled and torn: each end of a frame as often as foretold."""
    with MemifPair({"listener.name.fleet.frame.timeout.ms": "3600000"}) as pair:
        shape = {"connections": 200, "rate": 20000, "seconds": SECONDS}
        runs = [pair.perf("fleet", FLEET, chaos=share, **shape) for share in (0.01, 0.3, 1)]
        runs.append(pair.perf("fleet", FLEET, chaos=0.1, record_size=0, **shape))
    return result("chaos", pair, runs)


def how(run):
    """A run in a few words."""
    options = {key: value for key, value in run["options"].items()
               if key not in ("seconds", "rate", "in_flight", "partitions")}
    pace = f"{run['options']['rate']}/s" if "rate" in run["options"] else \
        f"closed x{run['options'].get('in_flight', 1)}" if run["mode"] != "udp" else "flat out"
    return " ".join([pace] + [f"{key}={value}" for key, value in options.items()])


def cycles(run, role):
    cores = (run["gateway"] or {}).get("cores", [])
    return sum(core["cycles_per_record"] for core in cores if core["role"] == role)


def driver_cycles(run):
    """Of the poller's cycles per record, those in the port's driver."""
    cores = (run["gateway"] or {}).get("cores", [])
    return sum(core.get("stages", {}).get("nic", 0) for core in cores)


def show(figures):
    ghz = figures["runs"][0]["counter_hz"] / 1e9
    print(f"{figures['name']}: {figures['machine']['cpu']}, counter {ghz:.2f} GHz, "
          f"commit {figures['commit']}, {figures['date']}, durable unless acks=1")
    print(f"{'records/s':>12}{'Gbit/s':>8}{'p50 us':>9}{'p99':>9}{'p99.9':>9}"
          f"{'poller':>8}{'driver':>8}{'writer':>8}  run (cycles per record: the poller without "
          "its driver, the driver, the writer)")
    for run in figures["runs"]:
        latency = run["latency_us"]
        print(f"{run['achieved_records_per_s']:>12.0f}{run['line']['gbit_per_s']:>8.2f}"
              f"{latency['p50']:>9.0f}{latency['p99']:>9.0f}{latency['p999']:>9.0f}"
              f"{cycles(run, 'poller') - driver_cycles(run):>8.0f}{driver_cycles(run):>8.0f}"
              f"{cycles(run, 'writer'):>8.0f}  {how(run)}"
              f"{'' if run['balance'] == 'even' else '  NOT EVEN: ' + run['balance']}")


def show_many(figures):
    """The table, and what many connections are asked for."""
    show(figures)
    for run in figures["runs"]:
        ledger = run["ledger"]
        lost = sum(ledger["connections_lost"].values())
        print(f"{run['options']['connections']:,} connected in {run['connect_seconds']:.1f} s, "
              f"{run['gateway']['resident_bytes_per_connection']:.0f} bytes each at the gateway; "
              f"offered {run['offered_messages_per_s']:.0f}/s, answered "
              f"{run['achieved_messages_per_s']:.0f}/s; connections lost {lost}, messages "
              f"refused {ledger['refused']}, unanswered {ledger['unanswered']}")
        for core in run["gateway"]["cores"]:
            stages = [f"{stage} {value:.0f}" for stage, value in core["stages"].items()
                      if value >= 1]
            if stages:
                print(f"  {core['role']}: cycles per record {', '.join(stages)}")


def is_even(figures):
    """Both ledgers of every run, and nothing refused: none of these loads is meant to be."""
    return all(run["balance"] == "even" and not run["ledger"]["refused"]
               for run in figures.get("runs", ()))
