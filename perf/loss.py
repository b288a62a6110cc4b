"""loss.py - a link that loses and reorders in; how fast a bulk producer and a consumer are through
it, beside Linux with cubic at both ends, out.

    clients, kernel TCP ── penstock0 ═══ relay ═══ port0 ── penstockd, or kernel TCP
                                         1 Gbit/s, 20 ms there and back;
                                         loses, or delays, some frames of both ways

The kernel's end answers as many bytes to as many as the gateway does, and looks at none of them
(this file, started as `loss.py serve`). The producer's row has the gateway as receiver of what a
Linux sends, the consumer's as sender.
"""
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "config"), str(ROOT / "tests")]
import kafka_bytes  # noqa: E402
import record_bytes  # noqa: E402
from record import BUILD, record  # noqa: E402
from sandbox import (CLIENT_INTERFACE, GATEWAY_ADDRESS, GATEWAY_INTERFACE,  # noqa: E402
                     PREFIX_BITS, Sandbox, _enter, _new_network_namespace, _quiet_ipv6,
                     run_tool)

PORT, TOPIC = 9092, "bulk"
REQUEST_BYTES, ANSWER_BYTES, IN_FLIGHT = 256 << 10, 1 << 20, 4
WARMUP, SECONDS = 2, 10
PENSTOCK = {"socket.receive.buffer.bytes": "4194304", "penstock.memory.mb": "512",
            "penstock.tcp.out.of.order.bytes": "4194304",
            "socket.send.buffer.bytes": "8388608", "penstock.answer.memory.bytes": "134217728"}
TCP_INFO_BYTES_ACKED = 120
SHAPES = {  # of a million frames so many are lost, and come so many us later; connections at once
    "0.1 % lost": ({"loss": 1000}, 8),
    "1 % lost": ({"loss": 10000}, 8),
    "3 % lost": ({"loss": 30000}, 8),
    "1 % 4 ms late": ({"late": 10000, "late-us": 4000}, 1),
}


class BadLink(Sandbox):
    """Its interfaces are the relay's taps."""

    def __init__(self, port, shape, seed):
        self.options = {**shape, "seed": seed}
        super().__init__(port)

    def _join_by_veth(self):
        self.gateway = _new_network_namespace()
        _quiet_ipv6()
        _enter(self.client)
        command = [str(BUILD / "tests/net/relay"), CLIENT_INTERFACE, GATEWAY_INTERFACE,
                   "--right-ns", f"/proc/self/fd/{self.gateway}"]
        for name, value in self.options.items():
            command += [f"--{name}", str(value)]
        self.relay = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      pass_fds=(self.gateway,), text=True)
        if self.relay.stdout.readline() != "ready\n":
            raise SystemExit("perf/run loss: the relay did not start")
        self.connect_client()
        _enter(self.gateway)
        if self.port == "kernel":
            run_tool("ip", "address", "add", f"{GATEWAY_ADDRESS}/{PREFIX_BITS}",
                     "dev", GATEWAY_INTERFACE)
        run_tool("ip", "link", "set", GATEWAY_INTERFACE, "up")
        _enter(self.client)

    def close(self):
        said, _ = self.relay.communicate("end\n")
        super().close()
        return said


class KernelServer:
    """Linux as the receiver and the sender: cubic, and buffers as it finds best."""
    name, port = "linux", "kernel"

    def __init__(self, sandbox):
        self.sandbox = sandbox

    def start(self):
        self.process = self.sandbox.start([sys.executable, __file__, "serve"], in_gateway=True,
                                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.process.stdout.readline()

    def stop(self):
        self.process.kill()
        self.process.wait()
        return ""


class Penstock:
    """The gateway, with windows that the link's bandwidth and length ask for."""
    name, port = "penstock", "af_packet"

    def __init__(self, sandbox):
        from penstock_server import PenstockServer
        self.server = PenstockServer(sandbox, PENSTOCK)

    def start(self):
        self.server.start()
        self.server.create_topic(TOPIC)

    def tcp_counters(self):
        counters = json.loads(self.server.gateway.ctl("stats", "--json").stdout)["counters"]
        return {name: value for name, value in counters.items() if name.startswith("tcp_")}

    def stop(self):
        return self.server.stop()


def produce_request():
    value = b"x" * 1024
    count = REQUEST_BYTES // (len(value) + 12)
    records = b"".join(record_bytes.record(i, value) for i in range(count))
    return kafka_bytes.produce(TOPIC, record_bytes.batch(records, count), acks=1)


def fetch_request():
    return kafka_bytes.fetch(TOPIC, 0, max_bytes=ANSWER_BYTES)


def connect():
    sock = socket.socket()
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.settimeout(60)
    for _ in range(10):
        try:
            sock.connect((GATEWAY_ADDRESS, PORT))
            return sock
        except OSError:
            time.sleep(0.2)
    raise SystemExit("perf/run loss: nobody answers behind the relay")


class Client(threading.Thread):
    """Requests on one connection, some at a time, until `end`; bytes of each second mark."""

    def __init__(self, kind, request):
        super().__init__(daemon=True)
        self.sock, self.kind, self.request = connect(), kind, request
        self.slots = threading.Semaphore(IN_FLIGHT)
        self.received = 0
        self.over = False

    def bytes(self):
        if self.kind == "consumer":
            return self.received
        info = self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160)
        return struct.unpack_from("Q", info, TCP_INFO_BYTES_ACKED)[0]

    def write(self):
        try:
            while not self.over:
                self.slots.acquire()
                self.sock.sendall(self.request)
        except OSError:
            self.slots.release()

    def run(self):
        threading.Thread(target=self.write, daemon=True).start()
        buffer = bytearray(1 << 18)
        try:
            while not self.over:
                left = struct.unpack(">i", kafka_bytes.read_exactly(self.sock, 4))[0]
                while left > 0:
                    size = self.sock.recv_into(buffer, min(left, len(buffer)))
                    if size == 0:
                        return
                    left -= size
                    self.received += size
                self.slots.release()
        except OSError:
            pass


def fill():
    """What consumers fetch over and over, stored before the link is bad: a batch or two more
    than an answer holds."""
    sock = connect()
    request = produce_request()
    for _ in range(ANSWER_BYTES // REQUEST_BYTES + 2):
        sock.sendall(request)
        kafka_bytes.answer(sock)
    sock.close()


def one(server_kind, kind, shape_name, seed):
    """MB/s of each connection, on average."""
    shape, connections = SHAPES[shape_name]
    sandbox = BadLink(server_kind.port, shape, seed)
    try:
        server = server_kind(sandbox)
        server.start()
        if kind == "consumer":
            fill()
        request = produce_request() if kind == "producer" else fetch_request()
        clients = [Client(kind, request) for _ in range(connections)]
        for client in clients:
            client.start()
        time.sleep(WARMUP)
        before, begin = [c.bytes() for c in clients], time.monotonic()
        time.sleep(SECONDS)
        after, seconds = [c.bytes() for c in clients], time.monotonic() - begin
        for client in clients:
            client.over = True
            client.sock.shutdown(socket.SHUT_RDWR)
        time.sleep(0.3)
        wrong = server.stop()
    finally:
        said = sandbox.close()
    if os.environ.get("PENSTOCK_LOSS_SAYS"):
        print(said, file=sys.stderr)
    if wrong:
        raise SystemExit(f"perf/run loss: {wrong}")
    return (sum(after) - sum(before)) / seconds / connections / 1e6


def loss(names=(), seeds=3):
    rows = []
    for shape in names or SHAPES:
        for kind in ("producer", "consumer"):
            row = {"link": shape, "client": kind}
            for server in (KernelServer, Penstock):
                row[server.name] = [round(one(server, kind, shape, seed), 3)
                                    for seed in range(1, seeds + 1)]
            row["ratio"] = round(sum(row["penstock"]) / sum(row["linux"]), 3)
            rows.append(row)
    return record("loss", {"rows": rows})


def show(result):
    print(f"{result['machine']['cpu']}, kernel {result['machine']['kernel']}, "
          f"commit {result['commit']}, {result['date']}")
    print(f"{'link':<16}{'client':<10}{'linux MB/s':>24}{'penstock MB/s':>24}{'ratio':>8}")
    for row in result["rows"]:
        linux, ours = (" ".join(f"{x:.2f}" for x in row[name]) for name in ("linux", "penstock"))
        print(f"{row['link']:<16}{row['client']:<10}{linux:>24}{ours:>24}{row['ratio']:>8.2f}")


# ---- the kernel's end -----------------------------------------------------------------------

def serve_one(sock):
    answer = struct.pack(">i", ANSWER_BYTES) + bytes(ANSWER_BYTES)
    buffer = bytearray(1 << 18)
    try:
        while True:
            size, key = struct.unpack(">ih", kafka_bytes.read_exactly(sock, 6))
            left = size - 2
            while left > 0:
                read = sock.recv_into(buffer, min(left, len(buffer)))
                if read == 0:
                    return
                left -= read
            sock.sendall(answer if key == kafka_bytes.FETCH else struct.pack(">i", 40) + bytes(40))
    except OSError:
        pass


def serve():
    listener = socket.socket()
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((GATEWAY_ADDRESS, PORT))
    listener.listen(64)
    print("ready", flush=True)
    while True:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve_one, args=(sock,), daemon=True).start()


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    show(loss(seeds=int(os.environ.get("SEEDS", "3")), names=sys.argv[1:]))
