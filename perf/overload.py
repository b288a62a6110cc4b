"""overload.py - what is offered against what is answered, beyond a gateway's capacity: each row a
kind of load, its peak found first, then 0.5 to 4 times that in an open loop.

    find    a closed loop for a first guess, then a staircase of rates: the peak is the most
            that was answered in one of them
    below   0.5, 0.9 and 1 times the peak, one after the other
    beyond  1.5, 2 and 4 times: a gateway of its own each; the peak once more, CALM before, STORM,
            CALM again

A host that others share has slow minutes, in which the same peak is not reached: a storm is held
against what the same run answered of the peak just before. It may have slow seconds, too: a storm
that falls short is repeated, TRIES in all, and the file has each of them. A gateway that collapses
does so every time.

A connection has a bounded number of messages that are due and not answered, half a second of
the peak for all of them together, or eight each; others are held back at the vehicle, and what
it has not sent is forgotten when the storm ends. A row whose gateway the generator alone could
not overload fourfold has a disk that keeps nothing and takes so many MB/s (perf/null_disk.c).
docs/PERFORMANCE.md says more.
"""
import dataclasses
import math

from memif_pair import FLEET, KAFKA, UDP, MemifPair, PairError
from record import record

BELOW, BEYOND = (0.5, 0.9, 1), (1.5, 2, 4)
STAIRS = (0.6, 0.8, 1, 1.2, 1.45)
FLIGHTS = 3                 # of stairs, when all of the last one is answered
CALM, CALM_BEFORE_S, STORM_S, CALM_AFTER_S, STEP_S = 0.5, 2, 4, 4, 2
AT_PEAK, IN_CALM, IN_STORM, IN_CALM_AGAIN = range(4)    # steps of a run beyond the peak
TRIES = 3
BACKLOG_S = 0.5             # of the peak, at all connections together
OUTSTANDING_MIN, OUTSTANDING_MAX = 8, 1024
GUESS_MESSAGES = 10000      # under way in the closed loop; more are a storm themselves
GOODPUT, RECOVERY_S = 0.9, 2
PEAK_ERROR = 1.15           # more than that above the peak, and it was none
NORMAL_FACTOR, NORMAL_US = 2, 20000     # p99 against that of 0.5: noise of the disk aside
GIVEN = 0.95                # of what is due, or the generator is the limit
TOLD = ("packet_drop", "frame_drop", "record_drop", "blocked", "nic_missed", "retransmits",
        "refused", "deferred")


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    mode: str
    port: int
    shape: dict
    disk_mb_s: int = None   # None: the real disk; 0: one that keeps nothing, at once

    def title(self):
        if self.disk_mb_s is None:
            return self.name
        return f"{self.name}, disk of {self.disk_mb_s or 'any'} MB/s"

    def records(self):
        """Of one message."""
        return self.shape.get("batch", 140) if self.mode == "kafka" else 1

    def pair(self):
        settings = {}
        if self.mode == "fleet" and self.shape["connections"] > 50000:
            settings = {"penstock.connections.max": str(self.shape["connections"] + 1000),
                        "penstock.tcp.half.open.max": "65536"}
        topics = {"perf": 8} if self.mode == "kafka" else {}
        if self.disk_mb_s is None:
            return MemifPair(settings, topics)
        slow = {"NULL_DISK_MB_PER_S": str(self.disk_mb_s)} if self.disk_mb_s else {}
        return MemifPair(settings, topics, program="perf/gateway-null-disk", environment=slow)


SINGLE = {"partitions": 8, "batch": 1, "record_size": 450}
ROWS = tuple(
    [Row(f"fleet-{name}", "fleet", FLEET, {"connections": count})
     for name, count in (("1k", 1000), ("10k", 10000), ("100k", 100000), ("1m", 1000000))] +
    [Row(f"singles-{name}", "kafka", KAFKA, {"connections": count, **SINGLE})
     for name, count in (("64", 64), ("1k", 1000))] +
    [Row(f"batches-{name}", "kafka", KAFKA, {"connections": count, "partitions": 8},
         disk_mb_s=200) for name, count in (("8", 8), ("64", 64), ("1k", 1000))] +
    [Row("datagrams-1k", "udp", UDP, {"connections": 1000, "record_size": 64},
         disk_mb_s=100)])


# ---- one run -------------------------------------------------------------------------------

def goodput_of(row, run, step):
    """Messages answered, or datagrams stored, in each second of a step."""
    before = sum(int(other["seconds"]) for other in run["steps"][:step])
    seconds = run["steps"][step]["each"]
    if row.mode != "udp":
        return [second["accepted"] for second in seconds]
    watched = run["watched"][before:before + len(seconds)]
    return [look["counters"].get("records_stored", 0) / (look["to"] - look["from"])
            for look in watched]


def total(seconds, name):
    return sum(second[name] for second in seconds)


def explain(run, step):
    """What the gateway was busy with in a step, and what it counted."""
    before = sum(int(other["seconds"]) for other in run["steps"][:step])
    watched = run["watched"][before:before + int(run["steps"][step]["seconds"])]
    counters, shares, cycles = {}, {}, 0
    for look in watched:
        for name, value in look["counters"].items():
            if any(word in name for word in TOLD):
                counters[name] = counters.get(name, 0) + value
        for core in look["cores"]:
            cycles += core["cycles_busy"] + core["cycles_idle"] + core["cycles_stalled"]
            for stage, value in core["stages"].items():
                key = f"{core['role']} {stage}"
                shares[key] = shares.get(key, 0) + value
    return {"counters": counters, "shares": {name: round(value / cycles, 3)
                                             for name, value in shares.items()
                                             if value * 200 > cycles}}


def point_of(row, run, step, peak):
    """A step of a run, as the table has it."""
    told = run["steps"][step]
    seconds, goodput = told["each"], goodput_of(row, run, step)
    offered = told["rate"]
    return {
        "share": round(offered / peak, 2) if peak else 0, "offered_per_s": offered,
        "given_per_s": total(seconds, "given") / told["seconds"],
        "sent_per_s": total(seconds, "begun") / told["seconds"],
        "held_back_per_s": total(seconds, "held_back") / told["seconds"],
        "answered_per_s": sum(goodput) / told["seconds"],
        "each_second": [round(rate) for rate in goodput],
        "refused": total(seconds, "refused"), "lost": total(seconds, "lost"),
        "retransmits": total(seconds, "retransmits"),
        "generator_busy": round(sum(s["busy"] for s in seconds) / len(seconds), 3),
        "latency_us": told["latency_us"],
        "gateway": explain(run, step),
    }


def run_steps(row, steps, outstanding):
    """(run, what was wrong with its end or with the gateway's)"""
    options = {"steps": ",".join(f"{max(1, round(rate))}:{seconds}" for rate, seconds in steps),
               "outstanding": outstanding, **row.shape}
    run, wrong = None, []
    try:
        with row.pair() as pair:
            run = pair.perf(row.mode, row.port, **options)
            lost = {name: count for name, count in run["ledger"]["connections_lost"].items()}
            if lost:
                wrong.append("connections lost: " +
                             ", ".join(f"{count} {name}" for name, count in lost.items()))
            if run["balance"] != "even":
                wrong.append(run["balance"])
    except PairError as error:
        wrong.append(str(error))
    return run, wrong


# ---- a row ---------------------------------------------------------------------------------

def guess_of(row):
    """What a closed loop gets."""
    shape = dict(row.shape, connections=min(row.shape["connections"], GUESS_MESSAGES))
    under_way = GUESS_MESSAGES // row.records()
    with row.pair() as pair:
        in_flight = max(1, under_way // shape["connections"])
        closed = {} if row.mode == "udp" else {"in_flight": in_flight}
        run = pair.perf(row.mode, row.port, warmup=1, seconds=2, **closed, **shape)
    return run["gateway"]["records_stored_steady"] / run["seconds"] / row.records()


def outstanding_of(row, peak):
    fair = round(peak * BACKLOG_S / row.shape["connections"])
    return min(max(fair, OUTSTANDING_MIN), OUTSTANDING_MAX)


def find(row):
    """(peak, the stairs)"""
    guess, stairs = guess_of(row), []
    for _ in range(FLIGHTS):
        run, wrong = run_steps(row, [(guess * share, STEP_S) for share in STAIRS],
                               outstanding_of(row, guess))
        if run is None:
            raise PairError("; ".join(wrong))
        stairs += [point_of(row, run, step, 0) for step in range(len(STAIRS))]
        if stairs[-1]["answered_per_s"] < GIVEN * stairs[-1]["offered_per_s"]:
            break
        guess *= STAIRS[-1] / STAIRS[0]
    return max(stair["answered_per_s"] for stair in stairs), stairs


def recovery_of(run, peak, normal_us):
    """p99 of the messages due in each second after the storm; when it was normal again."""
    calm = run["steps"][IN_CALM_AGAIN]
    before = [second for step in run["steps"][:IN_CALM_AGAIN] for second in step["each"]]
    waiting = total(before, "begun") - total(before, "accepted")
    spare = peak * (1 - CALM)
    p99 = [second["latency_us"]["p99"] for second in calm["each"]]
    bad = [number for number, value in enumerate(p99)
           if value > max(NORMAL_FACTOR * normal_us, NORMAL_US)
           or calm["each"][number]["latency_us"]["count"] < calm["rate"] * GOODPUT]
    return {"p99_us": p99, "normal_after_s": bad[-1] + 1 if bad else 0,
            # What lies in the windows when the storm ends takes so long at best.
            "backlog_s": round(max(0, waiting) / spare, 2)}


def verdict(point, peak):
    wrong = []
    least = min(point["each_second"])
    if least < GOODPUT * peak:
        wrong.append(f"goodput {least / peak:.0%} of the peak in second "
                     f"{point['each_second'].index(least) + 1}")
    recovery = point.get("recovery")
    if recovery and recovery["normal_after_s"] > max(RECOVERY_S,
                                                     math.ceil(recovery["backlog_s"]) + 1):
        wrong.append(f"latency not normal {recovery['normal_after_s']} s after the storm")
    return wrong


def peak_error(points, peak):
    """Shares of a peak that was none say nothing."""
    most = max((point.get("answered_per_s", 0) for point in points), default=0)
    return [f"{most:.0f}/s were answered later: that was no peak"] if most > peak * PEAK_ERROR \
        else []


def storm_of(row, share, peak, normal_us):
    """One try."""
    run, wrong = run_steps(row, [(peak, STEP_S), (CALM * peak, CALM_BEFORE_S),
                                 (share * peak, STORM_S), (CALM * peak, CALM_AFTER_S)],
                           outstanding_of(row, peak))
    if run is None:
        return {"share": share, "offered_per_s": share * peak, "wrong": wrong}
    point = point_of(row, run, IN_STORM, peak)
    at_peak = goodput_of(row, run, AT_PEAK)
    point["peak_per_s"] = min(peak, sum(at_peak) / len(at_peak))
    if row.mode != "udp":
        point["recovery"] = recovery_of(run, point["peak_per_s"], normal_us)
    point["connections_lost"] = run["ledger"]["connections_lost"]
    point["wrong"] = wrong + verdict(point, point["peak_per_s"])
    if point["given_per_s"] < GIVEN * point["offered_per_s"]:
        point["limit"] = f"the generator: {point['given_per_s'] / peak:.2f} times"
    return point


def beyond(row, share, peak, normal_us):
    """The first try that holds, or the last; with the others."""
    tries = []
    while len(tries) < TRIES:
        tries.append(storm_of(row, share, peak, normal_us))
        if not tries[-1]["wrong"]:
            break
    return {**tries[-1], "tries": tries[:-1]}


def measure(row):
    figures = {"name": row.title(), "mode": row.mode, "shape": row.shape}
    try:
        peak, stairs = find(row)
    except PairError as error:
        return {**figures, "wrong": [str(error)], "points": []}
    run, wrong = run_steps(row, [(share * peak, STEP_S) for share in BELOW],
                           outstanding_of(row, peak))
    points = [] if run is None else [point_of(row, run, step, peak)
                                     for step in range(len(BELOW))]
    for point in points:
        point.update(wrong=[], tries=[], peak_per_s=peak)
    normal_us = points[0]["latency_us"]["p99"] if points else 0
    points += [beyond(row, share, peak, normal_us) for share in BEYOND]
    return {**figures, "peak_per_s": peak, "outstanding": outstanding_of(row, peak),
            "stairs": [{key: stair[key] for key in ("offered_per_s", "answered_per_s")}
                       for stair in stairs],
            "wrong": wrong + peak_error(points, peak), "points": points}


def overload(names=(), disk_mb_s=None):
    rows = [row for row in ROWS if not names or row.name in names]
    if disk_mb_s is not None:
        rows = [dataclasses.replace(row, disk_mb_s=disk_mb_s) for row in rows]
    storms = [measure(row) for row in rows]
    return record("overload", {"storms": storms})


def holds(result):
    return all(not storm["wrong"] and all(not point["wrong"] for point in storm["points"])
               for storm in result["storms"])


# ---- the table -----------------------------------------------------------------------------

def show_point(point):
    if "each_second" not in point:
        print(f"  {point['share']:>5}x  NO FIGURES: {'; '.join(point['wrong'])}")
        return
    latency, recovery, peak = point["latency_us"], point.get("recovery"), point["peak_per_s"]
    shares = sorted(point["gateway"]["shares"].items(), key=lambda item: -item[1])[:3]
    calm = f"{recovery['normal_after_s']} s ({recovery['backlog_s']})" if recovery else "-"
    print(f"  {point['share']:>5.2f}x{point['offered_per_s']:>11.0f}"
          f"{point['sent_per_s']:>11.0f}{point['answered_per_s']:>11.0f}"
          f"{point['answered_per_s'] / peak:>6.0%}"
          f"{point['each_second'][0] / peak:>6.0%}{min(point['each_second']) / peak:>6.0%}"
          f"{latency['p50'] / 1e3:>9.1f}{latency['p99'] / 1e3:>9.1f}{calm:>12}"
          f"{point['lost']:>8}{point['refused']:>8}{point['retransmits']:>10}  "
          + ", ".join(f"{name} {share:.0%}" for name, share in shares)
          + (f"; TRY {len(point['tries']) + 1}" if point["tries"] else "")
          + (f"; LIMIT {point['limit']}" if "limit" in point else "")
          + (f"; WRONG: {'; '.join(point['wrong'])}" if point["wrong"] else ""))


def show(result):
    print(f"overload: {result['machine']['cpu']}, commit {result['commit']}, {result['date']}, "
          f"durable; messages per second, shares of the peak (mean, first and worst second), ms")
    for storm in result["storms"]:
        if "peak_per_s" not in storm:
            print(f"{storm['name']}: NO PEAK: {'; '.join(storm['wrong'])}")
            continue
        print(f"{storm['name']}: peak {storm['peak_per_s']:.0f}/s, outstanding at most "
              f"{storm['outstanding']} per connection"
              + (f"; WRONG: {'; '.join(storm['wrong'])}" if storm["wrong"] else ""))
        print(f"  {'':>6}{'offered':>11}{'sent':>11}{'answered':>11}{'mean':>6}{'1st':>6}"
              f"{'least':>6}{'p50':>9}{'p99':>9}{'calm after':>12}{'lost':>8}{'refused':>8}"
              f"{'sent again':>10}  gateway's time")
        for point in storm["points"]:
            show_point(point)
