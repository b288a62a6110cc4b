"""perf/plot RESULT.json... - figures of perf/run in, PNG files beside them out.

  NAME-latency.png  throughput against answer latency (p50, p99, p99.9), open loops and closed
  NAME-cycles.png   cycles per record of each run, stage by stage; of `stages`: their shares of a
                    whole turn
  NAME-rate.png     rate over time, one line per run; of `sweeps`: rate against record
                    size, one line per number of partitions
  NAME-taken.png    of `line`: what testpmd and the gateway take in, per frame size
  NAME-goodput.png  of `overload`: what is answered against what is offered, in peaks
  NAME-p99.png      of `overload`: answer latency against what is offered
  NAME-seconds.png  of `overload`: the seconds of the worst storm, in peaks
"""
import json
import pathlib
import sys


def title_of(result):
    return ", ".join((result["name"], result["machine"]["cpu"], result["commit"],
                      result["date"][:10]))


def label_of(run):
    options = run["options"]
    pace = f"{options['rate']}/s" if "rate" in options else f"x{options.get('in_flight', 1)}"
    rest = [f"{key}={value}" for key, value in options.items()
            if key in ("connections", "record_size", "batch", "acks", "chaos", "burst")]
    return " ".join([run["mode"], pace, *rest])


def draw_latency(axes, result):
    """False: nothing was answered."""
    runs = [run for run in result["runs"] if run["latency_us"]["count"]]
    groups = {}
    for run in runs:
        options = run["options"]
        key = tuple(options.get(name) for name in ("connections", "record_size", "batch", "acks"))
        groups.setdefault(key, []).append(run)
    for number, group in enumerate(groups.values()):
        group.sort(key=lambda run: run["achieved_records_per_s"])
        name = " ".join(label_of(group[-1]).split()[2:])
        for quantile, style in (("p50", "-"), ("p99", "--"), ("p999", ":")):
            axes.plot([run["achieved_records_per_s"] for run in group],
                      [run["latency_us"][quantile] for run in group],
                      style, marker="o", color=f"C{number}", label=f"{name} {quantile}")
    axes.set(xlabel="records per second", ylabel="answer latency, us", yscale="log")
    axes.legend(fontsize="small")
    return bool(runs)


def draw_cycles(axes, result):
    """Stage by stage, poller before writer; the driver is the stage `nic`."""
    runs = [run for run in result["runs"] if run["gateway"]]
    names, left = [label_of(run) for run in runs], [0.0] * len(runs)
    cores = [[core for core in run["gateway"]["cores"] if core["stages"]] for run in runs]
    stages = dict.fromkeys((core["role"], stage) for every in cores for core in every
                           for stage in core["stages"])
    for number, (role, stage) in enumerate(stages):
        cycles = [sum(core["stages"].get(stage, 0) for core in every if core["role"] == role)
                  for every in cores]
        axes.barh(names, cycles, left=left, label=f"{role} {stage}",
                  color="lightgray" if stage == "nic" else f"C{number % 10}",
                  hatch="//" if role == "writer" else None)
        left = [low + more for low, more in zip(left, cycles)]
    axes.set(xlabel="busy cycles per record")
    axes.legend(fontsize="x-small", loc="center left", bbox_to_anchor=(1, 0.5))
    return bool(runs)


def draw_stages(axes, result):
    """Whole turns: the stages' shares of a record's cycles, all of them in the name."""
    names = [f"{row['load']}: {row['cycles']:.0f}" for row in result["turns"]]
    left = [0.0] * len(names)
    for stage in result["turns"][0]["stages"]:
        shares = [100 * row["stages"][stage] / row["cycles"] for row in result["turns"]]
        axes.barh(names, shares, left=left, label=stage)
        left = [low + more for low, more in zip(left, shares)]
    axes.set(xlabel="% of the cycles of a record")
    axes.legend(fontsize="x-small", loc="center left", bbox_to_anchor=(1, 0.5))
    return True


def draw_rate(axes, result):
    for run in result["runs"]:
        samples = run["samples"]
        axes.plot([sample["second"] for sample in samples],
                  [sample["done_per_s"] for sample in samples], label=label_of(run))
    axes.set(xlabel="seconds since the start", ylabel="messages done per second", ylim=0)
    axes.legend(fontsize="small")
    return True


def draw_sweeps(axes, result):
    cells = [cell for cell in result["cells"] if "reason" not in cell]
    for partitions in dict.fromkeys(cell["partitions"] for cell in cells):
        line = [cell for cell in cells if cell["partitions"] == partitions]
        axes.plot([cell["record_bytes"] for cell in line],
                  [cell["records_per_s"] for cell in line],
                  marker="o", label=f"{partitions:,}")
    axes.set(xlabel="bytes per record", ylabel="records per second",
             xscale="log", yscale="log")
    axes.legend(fontsize="small", title="partitions")
    return bool(cells)


def draw_line(axes, result):
    rows = result["rows"]
    shapes = list(dict.fromkeys((row["shape"], row["frame_bytes"]) for row in rows))
    receivers = list(dict.fromkeys(row["receiver"] for row in rows))
    for number, receiver in enumerate(receivers):
        rates = [row["taken_per_s"] for row in rows if row["receiver"] == receiver]
        medians = [rate["median"] / 1e6 for rate in rates]
        spread = [[(rate["median"] - rate["min"]) / 1e6 for rate in rates],
                  [(rate["max"] - rate["median"]) / 1e6 for rate in rates]]
        axes.bar([place + number * 0.27 for place in range(len(shapes))], medians, 0.25,
                 yerr=spread, label=receiver)
    axes.set(ylabel="million packets per second taken in")
    axes.set_xticks([place + 0.27 for place in range(len(shapes))],
                    [f"{name} {size} B" for name, size in shapes])
    axes.legend(fontsize="small")
    return True


def storms_of(result):
    """(name, peak, points with figures) of the rows that have a peak; each point has its own."""
    for row in result["storms"]:
        points = [point for point in row["points"] if "each_second" in point]
        if points and row["peak_per_s"]:
            yield row["name"], row["peak_per_s"], points


def draw_goodput(axes, result):
    for name, peak, points in storms_of(result):
        line, = axes.plot([point["offered_per_s"] / peak for point in points],
                          [point["answered_per_s"] / point["peak_per_s"] for point in points],
                          marker="o", label=name)
        axes.plot([point["offered_per_s"] / peak for point in points],
                  [min(point["each_second"]) / point["peak_per_s"] for point in points],
                  ":", color=line.get_color())
    axes.axhline(0.9, color="gray", linewidth=0.8)
    axes.set(xlabel="offered, in peaks", ylabel="answered, in peaks (dotted: the worst second)",
             ylim=0)
    axes.legend(fontsize="small")
    return True


def draw_storm_latency(axes, result):
    for name, peak, points in storms_of(result):
        told = [point for point in points if point["latency_us"]["count"]]
        axes.plot([point["offered_per_s"] / peak for point in told],
                  [point["latency_us"]["p99"] / 1e3 for point in told], marker="o", label=name)
    axes.set(xlabel="offered, in peaks", ylabel="p99 of those answered, ms", yscale="log")
    axes.legend(fontsize="small")
    return True


def draw_seconds(axes, result):
    for name, _, points in storms_of(result):
        last = points[-1]
        shares = [rate / last["peak_per_s"] for rate in last["each_second"]]
        axes.plot(range(1, len(shares) + 1), shares, marker="o",
                  label=f"{name}, {last['share']} x")
    axes.axhline(0.9, color="gray", linewidth=0.8)
    axes.set(xlabel="second of the storm", ylabel="answered, in peaks", ylim=0)
    axes.legend(fontsize="small")
    return True


def plot(path):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    result = json.loads(path.read_text())
    if "stages" in result:
        charts = {"cycles": draw_stages}
    elif "storms" in result:
        charts = {"goodput": draw_goodput, "p99": draw_storm_latency, "seconds": draw_seconds}
    elif "cells" in result:
        charts = {"rate": draw_sweeps}
    elif "rows" in result and "runs" in result:
        charts = {"taken": draw_line}
    elif "runs" in result:
        charts = {"latency": draw_latency, "cycles": draw_cycles, "rate": draw_rate}
    else:
        print(f"{path}: {result.get('name', 'this')} is a table, not a figure", file=sys.stderr)
        return
    for name, draw in charts.items():
        figure, axes = pyplot.subplots(figsize=(10, 6))
        axes.set_title(title_of(result), fontsize="small")
        axes.grid(alpha=0.3)
        if draw(axes, result):
            out = path.with_name(f"{path.stem}-{name}.png")
            figure.savefig(out, dpi=110, bbox_inches="tight")
            print(out)
        pyplot.close(figure)


def main():
    if not sys.argv[1:] or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        raise SystemExit(0 if sys.argv[1:] else 64)
    for name in sys.argv[1:]:
        plot(pathlib.Path(name))


if __name__ == "__main__":
    main()
