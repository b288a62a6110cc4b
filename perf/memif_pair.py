"""memif_pair.py - settings in; a gateway and load generators beside it out: over memif, or in the
generator's own process over rings (RingPair).

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

from record import BUILD, ROOT

sys.path.insert(0, str(ROOT / "config"))
from sandbox import HugePages, Sandbox  # noqa: E402

ADDRESS, NET = "10.0.0.1", "10.0.0.0/8"
KAFKA, FLEET, UDP, JT808 = 9092, 32960, 5140, 808
CODE_KEY = "00112233445566778899aabbccddeeff"
START_SECONDS, END_SECONDS, RUN_SECONDS, TOPIC_SECONDS = 60, 90, 300, 120
RECEIVER_MIB, GENERATOR_MIB = 128, 128
RING = "rsize=11"      # 2,048 buffers; 8,192 are more than the second-level cache holds


class PairError(Exception):
    """Something did not start or end as it must; the text says what."""


class TopicError(PairError):
    """The gateway runs, and does not make a topic."""


class Pair:
    """A generator and whoever receives: each kind of receiver says how it starts and stops."""

    def __init__(self, build=BUILD):
        self.build = build
        cpus = sorted(os.sched_getaffinity(0))
        self.cpu = cpus[-1]
        self.receiver_cpu = cpus[-2] if len(cpus) > 1 else cpus[0]

    def __enter__(self):
        self.sandbox = Sandbox("memif")
        directory = self.sandbox.directory
        self.memif = f"socket={directory}/memif.sock,socket-abstract=no,{RING}"
        pages = HugePages(RECEIVER_MIB + GENERATOR_MIB)
        if pages.missing:
            print(f"perf: warning: {pages.missing}; slower", file=sys.stderr)
        try:
            self._start(has_pages=not pages.missing)
        except BaseException:
            self.sandbox.close()
            raise
        finally:
            pages.release()
        return self

    def __exit__(self, kind, error, trace):
        try:
            wrong = self._stop()
        finally:
            self.sandbox.close()
        if kind is None and wrong:
            raise PairError(wrong)

    def spawn(self, command, environment=None, **options):
        environment = {**os.environ, "RUNTIME_DIRECTORY": self.sandbox.directory,
                       **(environment or {})}
        return self.sandbox.start(command, env=environment, **options)

    def launch(self, mode, port, **options):
        """One run of penstock-perf, begun."""
        return self.generate(mode, port, ["--port", f"net_memif0,role=client,{self.memif}"],
                             options)

    def generate(self, mode, port, where, options):
        command = [str(self.build / "perf/penstock-perf"), mode, *where,
                   "--target", f"{ADDRESS}:{port}", "--source-net", NET,
                   "--cpu", str(self.cpu), "--json", self._figures_path()]
        for name, value in options.items():
            command += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
        return self.spawn(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def figures(self, process, mode, options):
        """What the run has found, with the options it had."""
        status = process.wait(RUN_SECONDS)
        if not os.path.exists(self._figures_path()):
            raise PairError(f"penstock-perf {mode} ended with {status} and no figures")
        with open(self._figures_path()) as file:
            figures = json.load(file)
        os.unlink(self._figures_path())
        return {"mode": mode, "options": options, **figures}

    def _figures_path(self):
        return f"{self.sandbox.directory}/figures.json"


def configs(settings):
    """A topic's settings, their dots written as underscores, as penstockctl takes them."""
    return [word for name, value in settings.items()
            for word in ("--config", f"{name.replace('_', '.')}={value}")]


def gateway_settings(cpu):
    return {
        "listeners": f"KAFKA://:{KAFKA},FLEET://:{FLEET},UDP://:{UDP},JT808://:{JT808}",
        "listener.protocol.map": "FLEET:GBT32960",
        "listener.name.fleet.link": "platform",
        "num.partitions": "8",
        "penstock.port.address": f"{ADDRESS}/8",
        "penstock.cores": f"fused:{cpu}",
        "penstock.memory.mb": str(RECEIVER_MIB),
        "penstock.hugepages": "auto",
    }


class RingPair(Pair):
    """The receiver is a gateway in the generator's own process, each run its own."""

    def __init__(self):
        super().__init__()
        self.settings = gateway_settings(self.receiver_cpu)
        del self.settings["penstock.port.address"]
        self.runs = 0

    def _start(self, has_pages):
        if not has_pages:
            self.settings["penstock.hugepages"] = "none"

    def _stop(self):
        return ""

    def perf(self, mode, port, **options):
        """One run of penstock-perf, from the gateway's start to its end."""
        self.runs += 1
        directory = f"{self.sandbox.directory}/{self.runs}"
        os.makedirs(f"{directory}/log")
        where = ["--in-process"]
        for key, value in {"penstock.control.socket": f"{directory}/control.sock",
                           "log.dirs": f"{directory}/log", **self.settings}.items():
            where += ["--set", f"{key}={value}"]
        return self.figures(self.generate(mode, port, where, options), mode, options)


class MemifPair(Pair):
    """The receiver is a gateway; `program` may be one with other seams."""

    def __init__(self, settings=None, topics=None, program="control/penstockd",
                 environment=None):
        super().__init__()
        self.environment = environment
        self.program = self.build / program
        self.settings = {**gateway_settings(self.receiver_cpu), **(settings or {})}
        self.topics = topics or {}
        self.errors = None      # where it says what it has to say; None: where we do

    def _start(self, has_pages):
        os.mkdir(f"{self.sandbox.directory}/log")
        if not has_pages:
            self.settings["penstock.hugepages"] = "none"
        self._launch()
        for name, partitions in self.topics.items():
            self.create_topic(name, partitions)

    def _launch(self):
        directory = self.sandbox.directory
        self.socket = f"{directory}/control.sock"
        command = [str(self.program)]
        for key, value in {"penstock.port": f"net_memif0,role=server,{self.memif}",
                           "penstock.control.socket": self.socket,
                           "log.dirs": f"{directory}/log", **self.settings}.items():
            command += ["--set", f"{key}={value}"]
        self.process = self.spawn(command, self.environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=self.errors,
                                  start_new_session=True)
        is_ready = select.select([self.process.stdout], [], [], START_SECONDS)[0]
        line = self.process.stdout.readline() if is_ready else b""
        if line.strip() != b"READY":
            raise PairError("penstockd did not start; what it said is above")

    def restart(self, errors):
        """Ended and begun again, with the log that is there; from now on it speaks to `errors`."""
        wrong = self._stop()
        if wrong:
            raise PairError(wrong)
        self.errors = errors
        self._launch()

    def create_topic(self, name, partitions, **settings):
        self._topic("create", name, "--partitions", str(partitions), *configs(settings))

    def alter_topic(self, name, **settings):
        self._topic("alter", name, *configs(settings))

    def delete_topic(self, name):
        self._topic("delete", name)

    def _topic(self, verb, name, *words):
        command = [str(self.build / "control/penstockctl"), "--socket", self.socket, "topic",
                   verb, name, *words]
        try:
            done = subprocess.run(command, capture_output=True, text=True,
                                  timeout=TOPIC_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise TopicError(f"topic {name}: no answer in {TOPIC_SECONDS} s") from None
        if done.returncode:
            raise TopicError((done.stderr or done.stdout).strip())

    def perf(self, mode, port, **options):
        """One run of penstock-perf, from its start to its figures."""
        return self.figures(self.launch(mode, port, socket=self.socket, **options),
                            mode, options)

    def _stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            status = "no end"
        return f"penstockd ended with {status}" if status != 0 else ""
