"""compare_table.py - the result of perf/compare-kafka in; lines that people read out."""
import statistics

# (heading, width): two servers side by side read "Kafka | Penstock".
COLUMNS = (("", 58), ("records/s", 19), ("ratio", 17), ("p50 ms", 14), ("ratio", 7),
           ("p99 ms", 14), ("ratio", 7), ("p99.9 ms", 14), ("ratio", 7), ("CPU s/M", 14),
           ("ratio", 17), ("busy s/M", 9))


def in_columns(cells):
    """The first to the left, the others to the right."""
    first, *others = zip(cells, COLUMNS)
    return f"{first[0]:<{first[1][1]}}" + "".join(
        f" {cell:>{width}}" for cell, (_, width) in others)


def count(value):
    if value is None:
        return "-"
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.3g} {unit}"
    return f"{value:.0f}"


def short(value):
    if value is None:
        return "-"
    return f"{value:.2f}" if value < 9.995 else f"{value:.0f}"


def brief(figures):
    """One run in one line."""
    if "failed" in figures:
        return figures["failed"]
    text = f"{count(figures['records_per_s'])}/s, "
    if latency := figures.get("latency_us"):
        text += (f"p50 {latency['p50'] / 1e3:.2f} p99 {latency['p99'] / 1e3:.2f} "
                 f"p99.9 {latency['p999'] / 1e3:.2f} ms, ")
    text += f"CPU {short(figures.get('cpu_s_per_million'))} s/M"
    if "server_wait_share" in figures:
        text += f", waited {figures['server_wait_share']:.0%} of the time for a CPU"
    for key in ("errors", "unanswered", "retransmits", "nic_missed"):
        if figures.get(key):
            text += f", {figures[key]} {key}"
    return text


def medians(row, path, scale=1.0):
    """The median over the pairs for Kafka and for Penstock."""
    result = []
    for kind in ("kafka", "penstock"):
        values = []
        for pair in row["pairs"]:
            value = pair[kind]
            for key in path:
                value = value.get(key) if value else None
            if value is not None:
                values.append(value * scale)
        result.append(statistics.median(values) if values else None)
    return result


def spread(ratio):
    if not ratio:
        return "-"
    return f"{short(ratio['median'])} ({short(ratio['least'])}-{short(ratio['most'])})"


def middle(ratio):
    return short(ratio["median"]) if ratio else "-"


def both(pair, show):
    return " | ".join(show(value) for value in pair)


def row_text(row):
    ratios = row["ratios"]
    cells = ["  " + row["row"], both(medians(row, ("records_per_s",)), count),
             spread(ratios.get("throughput"))]
    for name in ("p50", "p99", "p999"):
        cells += [both(medians(row, ("latency_us", name), 1e-3), short),
                  middle(ratios.get(name))]
    cells += [both(medians(row, ("cpu_s_per_million",)), short), spread(ratios.get("cpu")),
              short(medians(row, ("busy_s_per_million",))[1])]
    return in_columns(cells)


def troubles(row):
    """Runs that failed, and answers that were errors or never came."""
    for number, pair in enumerate(row["pairs"], 1):
        for kind, figures in pair.items():
            said = [figures["failed"]] if "failed" in figures else [
                f"{figures[key]} {key}" for key in ("errors", "unanswered") if figures.get(key)]
            if said:
                yield f"    ! {kind}, pair {number}: {', '.join(said)}"


def text(result):
    lines = [f"Apache Kafka {result['kafka']} | Penstock {result['commit']}; "
             f"{result['machine']['cpu']}, {result['machine']['cores']} cores; "
             f"{result['pairs']} pairs, {result['seconds']:g} s each; {result['date']}; "
             f"load average {result['load_before']:.1f} before, {result['load_after']:.1f} after",
             in_columns([heading for heading, _ in COLUMNS])]
    group = None
    for row in result["rows"]:
        if row["group"] != group:
            group = row["group"]
            lines.append(group)
        lines.append(row_text(row))
        lines.extend(troubles(row))
    return "\n".join([*lines, "", result["meaning"]])
