"""test_fairness.py - many who want little beside few who want much: everybody gets on, in bounded
memory. Of the many each is a client's connection as it is by default; figures are printed.

Two hundred that never read are test_unread.py's."""
import json
import os
import re
import subprocess
import sys
import time

from gateway import ROOT
from honest import Beside

sys.path.insert(0, os.path.join(ROOT, 'tests/interop'))
from swarm import Swarm  # noqa: E402

BUILD = os.environ.get('PENSTOCK_BUILD', os.path.join(ROOT, 'build'))
WAITERS, WAIT_MS = 10_000, 500
THIN = 1000
THIN_RATE = 1000        # a record a second of each
SECONDS = 5


class Fairness(Beside):
    settings = {'penstock.memory.mb': '256'}

    def resident_mib(self):
        with open(f'/proc/{self.gw.pid}/status') as file:
            return int(re.search(r'VmRSS:\s+(\d+)', file.read()).group(1)) / 1024

    def blaster(self, topic, partitions, **options):
        words = [word for name, value in options.items()
                 for word in (f'--{name.replace("_", "-")}', str(value))]
        process = self.gw.popen(
            [os.path.join(BUILD, 'perf/blaster'), '--server', self.gw.kafka, '--topic', topic,
             '--partitions', str(partitions), *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def figures(self, process):
        last = process.stdout.read().splitlines()[-1]
        self.assertEqual(process.wait(), 0, last)
        return json.loads(last)

    def test_ten_thousand_idle_consumers_hold_nobody_up(self):
        self.gw.ctl('topic', 'create', 'idle', '--partitions', '100')
        before = self.resident_mib()
        swarm = Swarm(self.gw, waiters=WAITERS, topic='idle', partitions=100, seconds=SECONDS)
        self.addCleanup(swarm.close)
        swarm.until('wait')
        with self.undisturbed():
            time.sleep(SECONDS - 1)
        grown = self.resident_mib() - before
        seen = swarm.figures()
        print(f'          {WAITERS} wait: {seen["wait"]["per_s"]:.0f} answers a second, each after '
              f'{seen["wait"]["latency"]["p50_ms"]:.0f} ms, p99 '
              f'{seen["wait"]["latency"]["p99_ms"]:.0f}; {grown:.0f} MiB more', flush=True)
        self.assertEqual(seen['errors'], {})
        self.assertGreater(seen['wait']['per_s'], WAITERS * 1000 / WAIT_MS / 2)
        self.assertLess(grown, 64)

    def test_a_fat_producer_leaves_a_thousand_thin_ones_their_share(self):
        self.gw.ctl('topic', 'create', 'thin', '--partitions', '8')
        self.gw.ctl('topic', 'create', 'fat', '--partitions', '1')
        before = self.resident_mib()
        thin = {'connections': THIN, 'in_flight': 1, 'batch': 1, 'rate': THIN_RATE,
                'seconds': SECONDS}
        alone = self.figures(self.blaster('thin', 8, **thin))
        fat = self.blaster('fat', 1, connections=1, in_flight=5, batch=900, record=1000,
                           seconds=SECONDS + 3)
        beside = self.figures(self.blaster('thin', 8, **thin))
        grown = self.resident_mib() - before
        fat = self.figures(fat)
        print(f'          thin: {beside["records_per_s"]:.0f}/s, p99 '
              f'{beside["latency_us"]["p99"] / 1e3:.1f} of {alone["latency_us"]["p99"] / 1e3:.1f} '
              f'ms alone, max {beside["latency_us"]["max"] / 1e3:.0f}; fat: '
              f'{fat["request_bytes_per_s"] / 1e6:.0f} MB/s; {grown:.0f} MiB more', flush=True)
        for seen in (beside, fat):
            self.assertEqual((seen['errors'], seen['unanswered']), (0, 0))
        self.assertGreater(beside['records_per_s'], 0.9 * THIN_RATE)
        self.assertLess(beside['latency_us']['p99'], 2 * alone['latency_us']['p99'] + 300_000)
        self.assertGreater(fat['request_bytes_per_s'], 10e6)
        self.assertLess(grown, 128)
