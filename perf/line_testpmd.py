"""line_testpmd.py - dpdk-testpmd in rxonly mode as receiver of a generator: what it
takes, by its own counters.

    penstock-perf udp ═══ shared memory ═══ dpdk-testpmd, forwarding on the receiver's CPU

Ring, descriptors, buffers, memory and CPU are those a gateway gets; a burst is 32 packets
in both. It is asked for its counters every few milliseconds, through its prompt: they are
gone when the generator leaves. So may testpmd be: net_memif of DPDK 22.11 unmaps the memory
of a peer that leaves under whoever polls it. All has been counted by then, or the ledger
shows it.
"""
import os
import re
import select
import subprocess
import time

from memif_pair import RECEIVER_MIB, START_SECONDS, END_SECONDS, Pair, PairError

DESCRIPTORS = 1024          # the gateway's defaults (config/settings.def)
BUFFERS = DESCRIPTORS + 192  # and what its receive pool holds for them (nic_dpdk_open.c)
MAC = "02:00:00:00:00:01"   # rxonly answers no ARP, and net_memif takes any address
SAMPLE_SECONDS = 0.02
PROMPT = b"testpmd> "
PACKETS = re.compile(r"RX-packets: (\d+)")
CYCLES = re.compile(r"total cycles=(\d+)")


class TestpmdPair(Pair):
    def _start(self, has_pages):
        cpus = ",".join(str(cpu) for cpu in sorted(os.sched_getaffinity(0)))
        command = ["stdbuf", "-oL", "dpdk-testpmd",
                   f"--lcores=0@({cpus}),1@{self.receiver_cpu}", "-m", str(RECEIVER_MIB),
                   "--in-memory" if has_pages else "--no-huge",
                   "--no-telemetry", "--no-pci",
                   f"--vdev=net_memif0,role=server,{self.memif}", "--",
                   "--interactive", "--forward-mode=rxonly", "--nb-cores=1",
                   f"--rxd={DESCRIPTORS}", f"--txd={DESCRIPTORS}",
                   f"--total-num-mbufs={BUFFERS}", "--record-core-cycles"]
        self.process = self.spawn(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
        self._read()
        self._ask("start")

    def _read(self):
        """What it says up to its next prompt."""
        said, pipe = b"", self.process.stdout.fileno()
        while not said.endswith(PROMPT):
            if not select.select([pipe], [], [], START_SECONDS)[0]:
                raise PairError("dpdk-testpmd is silent")
            piece = os.read(pipe, 1 << 16)
            said += piece
            if not piece:
                raise PairError("dpdk-testpmd ended: " + said.decode(errors="replace"))
        return said.decode(errors="replace")

    def _ask(self, command):
        try:
            self.process.stdin.write(command.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise PairError("dpdk-testpmd ended") from None
        return self._read()

    def _sample(self):
        """Time, packets and busy cycles since the generator came."""
        said = self._ask("show fwd stats all")
        cycles = CYCLES.search(said)
        return (time.monotonic(), int(PACKETS.findall(said)[-1]),
                int(cycles.group(1)) if cycles else 0)

    def perf(self, mode, port, **options):
        process = self.launch(mode, port, target_mac=MAC, **options)
        samples = []
        try:
            while process.poll() is None:
                samples.append(self._sample())
                time.sleep(SAMPLE_SECONDS)
        except PairError:
            pass    # it was left
        run = self.figures(process, mode, options)
        run["testpmd"] = counted(samples, options["warmup"], options["seconds"])
        sent, received = run["ledger"]["sent"], run["testpmd"]["packets"]
        if run["balance"] == "even" and sent != received:
            run["balance"] = f"testpmd counts {received} packets, the generator {sent}"
        return run

    def _stop(self):
        try:
            self.process.communicate(b"quit\n", timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            return "dpdk-testpmd did not end"
        return ""


def counted(samples, warmup, seconds):
    """Rate and cycles between `warmup` after the first packet and `seconds` later."""
    samples = [sample for sample in samples if sample[1]]
    begin = samples[0][0] + warmup if samples else 0
    steady = [s for s in samples if begin <= s[0] <= begin + seconds]
    if len(steady) < 2:
        raise PairError("dpdk-testpmd received nothing worth a rate")
    from_s, from_packets, from_cycles = steady[0]
    to_s, to_packets, to_cycles = steady[-1]
    packets = to_packets - from_packets
    return {"packets": samples[-1][1],
            "packets_per_s": packets / (to_s - from_s),
            "cycles_per_packet": (to_cycles - from_cycles) / max(packets, 1)}
