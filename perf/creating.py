"""creating.py - topics and partitions by the thousand in; how many a second, and what others see of
it meanwhile, out; beside a plain program that makes the same files, and syncs once.

    CreateTopics, kernel TCP ── tap ── penstockd, fused
    Metadata every 2 ms, on another connection

On file systems made for it in images on the disk: on a file system of long use the kernel's search
for a free inode may be most of it (ext4 without a journal passes over those that were freed
lately one by one), for the plain program as well.
"""
import ctypes
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path += [str(ROOT / "config"), str(ROOT / "tests")]

import kafka_bytes  # noqa: E402
from flush import IMAGES, mounted_image  # noqa: E402
from penstock_server import PenstockServer  # noqa: E402
from record import record  # noqa: E402
from sandbox import Sandbox  # noqa: E402

FEW, MANY, LARGE = 2_000, 4_000, 16_000
LINEAR = 1.5    # a topic of many may cost so much of what one of few does
MUST, AIM = 2_000, 5_000
CREATE_TOPICS, DELETE_TOPICS, TIMEOUT_MS, PING_S = 19, 20, 300_000, 0.002
# A partition of the gateway's, and what lies beside all of them for a topic.
FILES = {"00000000000000000000.log": 0, "00000000000000000000.index": 0,
         "00000000000000000000.timeindex": 0, "leader-epoch-checkpoint": 8,
         "partition.metadata": 44}
TOPIC_FILE_BYTES = 160


def create(topics):
    """Version 2, of {name: partitions}."""
    body = struct.pack(">i", len(topics))
    for name, partitions in topics.items():
        body += kafka_bytes.text(name) + struct.pack(">ihii", partitions, 1, 0, 0)
    return kafka_bytes.request(CREATE_TOPICS, 2, body + struct.pack(">ib", TIMEOUT_MS, 0))


def delete(name):
    """Version 1."""
    return kafka_bytes.request(DELETE_TOPICS, 1, struct.pack(">i", 1) + kafka_bytes.text(name) +
                               struct.pack(">i", TIMEOUT_MS))


def errors_of(said):
    """Of what answers create()."""
    at, errors = 8, []
    for _ in range(struct.unpack(">i", said[4:8])[0]):
        at += 2 + struct.unpack(">h", said[at:at + 2])[0]
        error, message_bytes = struct.unpack(">hh", said[at:at + 4])
        at += 4 + max(message_bytes, 0)
        errors.append(error)
    return errors


class Client:
    def __init__(self, server):
        self.socket = socket.create_connection(server.address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request):
        """What was answered, and after how long."""
        begin = time.monotonic()
        self.socket.sendall(request)
        said = kafka_bytes.answer(self.socket)
        return said, time.monotonic() - begin

    def create(self, topics):
        said, seconds = self.ask(create(topics))
        if any(errors_of(said)):
            raise SystemExit(f"perf/run creating: errors {set(errors_of(said))}")
        return seconds


class Others(threading.Thread):
    """Who asks control for something else meanwhile."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.client, self.seconds, self.is_over = Client(server), [], False
        self.start()

    def run(self):
        while not self.is_over:
            self.seconds.append(self.client.ask(kafka_bytes.metadata(["nobody"]))[1])
            time.sleep(PING_S)

    def end(self):
        self.is_over = True
        self.join()
        ms = sorted(1e3 * seconds for seconds in self.seconds)
        return {"p50_ms": ms[len(ms) // 2], "p99_ms": ms[len(ms) * 99 // 100], "max_ms": ms[-1]}


def plain(directory, topics, partitions):
    """Makes what the gateway makes of so many, and one sync."""
    fd = os.open(directory, os.O_RDONLY)
    begin = time.monotonic()
    for t in range(topics):
        with open(f"{directory}/.t{t}.json", "wb") as file:
            file.write(bytes(TOPIC_FILE_BYTES))
        for p in range(partitions):
            place = f"{directory}/t{t}-{p}"
            os.mkdir(place)
            for name, size in FILES.items():
                made = os.open(f"{place}/{name}", os.O_CREAT | os.O_WRONLY, 0o644)
                if size:
                    os.write(made, bytes(size))
                os.close(made)
    if ctypes.CDLL(None).syncfs(fd) != 0:
        raise SystemExit("perf/run creating: the plain program's sync has failed")
    seconds = time.monotonic() - begin
    os.close(fd)
    return seconds


class Running:
    """A gateway on a new directory of `place`."""

    def __init__(self, place):
        self.directory = tempfile.mkdtemp(dir=place)
        self.sandbox = Sandbox("tap")
        self.server = PenstockServer(self.sandbox, {"log.dirs": self.directory + "/log",
                                                    "auto.create.topics.enable": "false"})

    def __enter__(self):
        self.server.start()
        return self.server

    def __exit__(self, *error):
        wrong = self.server.stop()
        self.sandbox.close()
        shutil.rmtree(self.directory)
        if wrong and not error[0]:
            raise SystemExit(f"perf/run creating: {wrong}")


def topics(place, count):
    with Running(place) as server:
        others = Others(server)
        seconds = Client(server).create({f"t{i:05d}": 1 for i in range(count)})
        return {"topics": count, "partitions": count, "seconds": seconds, "others": others.end()}


def large(place):
    """One topic of many partitions; a second later somebody makes a small one, and an old one
    goes."""
    with Running(place) as server:
        client, beside = Client(server), Client(server)
        client.create({"old": 4})
        others, seen = Others(server), {}
        thread = threading.Thread(
            target=lambda: seen.update(seconds=client.create({"large": LARGE})))
        thread.start()
        time.sleep(1)
        small = beside.create({"small": 1})
        gone = beside.ask(delete("old"))[1]
        is_beside = thread.is_alive()
        thread.join()
        return {"topics": 1, "partitions": LARGE, "seconds": seen["seconds"],
                "others": others.end(), "small_s": small, "delete_s": gone,
                "is_beside": is_beside}


def measure(place):
    rows = []
    for take, shape in ((lambda: topics(place, FEW), (FEW, 1)),
                        (lambda: topics(place, MANY), (MANY, 1)),
                        (lambda: large(place), (1, LARGE))):
        with tempfile.TemporaryDirectory(dir=place) as directory:
            beside = plain(directory, *shape)
        rows.append({**take(), "plain_s": beside})
        os.sync()
    return rows


def creating():
    places = []
    for name, make in IMAGES.items():
        try:
            with mounted_image(make) as directory:
                places.append({"name": name, "rows": measure(directory)})
        except (subprocess.CalledProcessError, OSError) as error:
            print(f"perf: no image with {name}: {error}", file=sys.stderr)
    return record("creating", {"must": MUST, "aim": AIM, "places": places})


def growth(place):
    few, many = place["rows"][:2]
    return many["seconds"] / MANY / (few["seconds"] / FEW)


def is_linear(result):
    return all(growth(place) <= LINEAR for place in result["places"])


def show(result):
    print(f"creating: {result['machine']['cpu']}, commit {result['commit']}, {result['date']}; "
          f"must {result['must']:,} partitions/s, aim {result['aim']:,}")
    for place in result["places"]:
        print(f"\n{place['name']}: one of {MANY:,} costs {growth(place):.2f} of one of {FEW:,}")
        for row in place["rows"]:
            rate, beside = (row["partitions"] / row[key] for key in ("seconds", "plain_s"))
            print(f"  {row['topics']:>6,} topics, {row['partitions']:>6,} partitions: "
                  f"{row['seconds']:.2f} s, {rate:,.0f}/s; plain {beside:,.0f}/s, ratio "
                  f"{rate / beside:.2f}; Metadata meanwhile p50 {row['others']['p50_ms']:.1f} ms, "
                  f"p99 {row['others']['p99_ms']:.1f}, max {row['others']['max_ms']:.1f}")
            if "small_s" in row:
                print(f"  {'':>6} beside it: a topic made in {1e3 * row['small_s']:.0f} ms, one "
                      f"deleted in {1e3 * row['delete_s']:.0f} ms"
                      f"{'' if row['is_beside'] else ', but it was over by then'}")
