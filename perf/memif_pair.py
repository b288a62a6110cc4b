"""memif_pair.py - settings in; a gateway and load generators beside it out, over net_memif.

    penstock-perf on the last CPU ═══ shared memory ═══ penstockd, fused, on the one before it

Both live in a sandbox (config/sandbox.py): its directory holds socket, log and results, and
all of it vanishes with us. With one CPU they share it, and the figures say nothing.
"""
import json
import os
import select
import signal
import subprocess
import sys

from record import ROOT

sys.path.insert(0, str(ROOT / "config"))
from sandbox import HugePages, Sandbox  # noqa: E402

ADDRESS, NET = "10.0.0.1", "10.0.0.0/8"
START_SECONDS, END_SECONDS, RUN_SECONDS = 60, 30, 300
GATEWAY_MIB, GENERATOR_MIB = 128, 128
RING = "rsize=13"


class PairError(Exception):
    """Something did not start or end as it must; the text says what."""


class MemifPair:
    def __init__(self, settings=None, topics=None, build=os.environ.get("PENSTOCK_BUILD", "build")):
        self.build = ROOT / build
        cpus = sorted(os.sched_getaffinity(0))
        self.cpu = cpus[-1]
        self.settings = {
            "listeners": "KAFKA://:9092,FLEET://:32960,UDP://:5140",
            "listener.protocol.map": "FLEET:GBT32960",
            "listener.name.fleet.link": "platform",
            "num.partitions": "8",
            "penstock.port.address": f"{ADDRESS}/8",
            "penstock.cores": f"fused:{cpus[-2] if len(cpus) > 1 else cpus[0]}",
            "penstock.memory.mb": str(GATEWAY_MIB),
            "penstock.hugepages": "auto",
            **(settings or {}),
        }
        self.topics = topics or {}

    def __enter__(self):
        self.sandbox = Sandbox("memif")
        try:
            self._start()
        except BaseException:
            self.sandbox.close()
            raise
        return self

    def _start(self):
        directory = self.sandbox.directory
        self.memif = f"socket={directory}/memif.sock,socket-abstract=no,{RING}"
        self.socket = f"{directory}/control.sock"
        os.mkdir(f"{directory}/log")
        pages = HugePages(GATEWAY_MIB + GENERATOR_MIB)
        if pages.missing:
            print(f"perf: warning: {pages.missing}; slower", file=sys.stderr)
            self.settings["penstock.hugepages"] = "none"
        command = [str(self.build / "control/penstockd")]
        for key, value in {"penstock.port": f"net_memif0,role=server,{self.memif}",
                           "penstock.control.socket": self.socket,
                           "log.dirs": f"{directory}/log", **self.settings}.items():
            command += ["--set", f"{key}={value}"]
        self.process = self.sandbox.start(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            env=dict(os.environ, RUNTIME_DIRECTORY=directory), start_new_session=True)
        is_ready = select.select([self.process.stdout], [], [], START_SECONDS)[0]
        line = self.process.stdout.readline() if is_ready else b""
        pages.release()
        if line.strip() != b"READY":
            raise PairError("penstockd did not start; what it said is above")
        for name, partitions in self.topics.items():
            subprocess.run([str(self.build / "control/penstockctl"), "--socket", self.socket,
                            "topic", "create", name, "--partitions", str(partitions)],
                           check=True, stdout=subprocess.DEVNULL)

    def perf(self, mode, port, **options):
        """One run of penstock-perf: its figures, with the options it had."""
        path = f"{self.sandbox.directory}/figures.json"
        command = [str(self.build / "perf/penstock-perf"), mode,
                   "--port", f"net_memif0,role=client,{self.memif}",
                   "--target", f"{ADDRESS}:{port}", "--source-net", NET,
                   "--cpu", str(self.cpu), "--socket", self.socket, "--json", path]
        for name, value in options.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        process = self.sandbox.start(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            env=dict(os.environ, RUNTIME_DIRECTORY=self.sandbox.directory))
        status = process.wait(RUN_SECONDS)
        if not os.path.exists(path):
            raise PairError(f"penstock-perf {mode} ended with {status} and no figures")
        with open(path) as file:
            figures = json.load(file)
        os.unlink(path)
        return {"mode": mode, "options": options, **figures}

    def __exit__(self, kind, error, trace):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            status = "no end"
        self.sandbox.close()
        if kind is None and status != 0:
            raise PairError(f"penstockd ended with {status}")
