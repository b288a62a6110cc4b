"""penstock_server.py - a sandbox in; a running gateway out, as kafka_server.py's twin."""
import json

import quickstart
from sandbox import GATEWAY_ADDRESS


class PenstockServer:
    """penstockd over net_af_packet on the veth pair, or on a tap, started as config/quickstart
    does."""

    name = "penstock"
    address = (GATEWAY_ADDRESS, 9092)

    def __init__(self, sandbox, settings):
        options = quickstart.Options(["run", "--port", sandbox.port, "--", "perf/compare-kafka"])
        options.settings = {"listeners": "KAFKA://:9092", **settings}
        self.gateway = quickstart.Gateway(sandbox, quickstart.Programs(), options)

    def start(self):
        self.gateway.start()

    def create_topic(self, name, partitions=1, flush=False):
        """Every append is synced; `flush` is Kafka's affair."""
        self.gateway.ctl("topic", "create", name, "--partitions", str(partitions))

    def pid(self):
        return self.gateway.process.pid

    def counters(self):
        """Cycles of the data cores, busy and all, and records at rest."""
        stats = json.loads(self.gateway.ctl("stats", "--json").stdout)
        counters = stats["counters"]
        return {
            "records": counters["records_stored"],
            "busy_cycles": counters["cycles_busy"],
            "cycles": counters["cycles_busy"] + counters["cycles_idle"],
            "cores": len([core for core in stats["cores"] if core["turns"]]),
            "retransmits": counters["tcp_retransmits"],
            "nic_missed": counters["nic_missed"],
        }

    def environment(self):
        return self.gateway.environment()

    def stop(self):
        """'' or what was wrong with its end: a ledger out of balance is."""
        return self.gateway.drain()
