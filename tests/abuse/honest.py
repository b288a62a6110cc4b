"""honest.py - an attack in, honest clients beside it; fails when one of them notices too much.

    class Slow(Beside):
        settings = {'penstock.connections.max': 512}    # of the class's one gateway

        def test_half_a_request_holds_nobody_up(self):
            with self.undisturbed():
                sock = self.gw.connect('KAFKA')         # the attack, for a second or more;
                ...                                     # self.gw is a Gateway (gateway.py)

When the block is left, of each kind of client (honest_clients.py) since it was entered:
no request failed, one ended at all, at least a quarter of what ended in the same time without
an attack (measured once a run for each port and settings), and the 99th percentile of their times
is below `factor` times that without, plus `slack` seconds. The block is stretched to half a second
(with CI=true to a whole one), so that there are figures.
The tap's queue is long, so that what attackers have in their windows does not push others'
packets out before the gateway has seen them. Where the kernel lost some all the same (it says
so), they come again: a SYN after a second, another segment after 200 ms, what waits for one of
those after twice that. Then, and only then, there is that much time, too, and newcomers, who
come one after the other, may be few.
`undisturbed(newcomer=1.2)` gives one kind another slack, where the attack may cost it one;
`but=('reader',)` leaves one out, with the reason beside it. Leaving the class drains the gateway:
its ledgers balance, or the class fails. Attackers close their sockets in the block or by
addCleanup(), else the next test has them, too.
"""
import contextlib
import json
import os
import subprocess
import sys
import time
import unittest

from gateway import CLIENT_INTERFACE, Gateway

CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'honest_clients.py')
TOPIC = 'honest'
ALONE_S = 3
BLOCK_S = 1 if os.environ.get('CI') == 'true' else 0.5
FACTOR = 2
# A machine of two CPUs has the attacker's work to do, too, and a tap of its kernel's may lose a
# packet meanwhile, which comes again after 200 ms.
SLACK_S = 0.3
LOST_SYN_S = 1
LOST_SEGMENTS_S = 0.4
TAP_PACKETS = 20_000
SHARE = 4               # of what ended without an attack, a fourth at least ends beside it


def p99(values):
    return sorted(values)[len(values) * 99 // 100]


class Honest:
    """A process of clients: figures() are those since the last time they were asked for."""

    def __init__(self, gw, script, *words):
        self.process = gw.popen([sys.executable, script, *words], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)
        self.begin = time.monotonic()
        self.figures()      # it has begun

    def figures(self):
        """{kind: {"took": [s], "failed": [sentence], "rate": a second}}."""
        self.process.stdin.write('\n')
        self.process.stdin.flush()
        found = json.loads(self.process.stdout.readline())
        now = time.monotonic()
        for figures in found.values():
            figures['rate'] = len(figures['took']) / (now - self.begin)
        self.begin = now
        return found

    def figures_of(self, seconds):
        self.figures()
        time.sleep(seconds)
        return self.figures()

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


def told(kind, now, alone):
    if not now['took']:
        return f'{kind}: none of {alone["rate"]:.0f} a second'
    return (f'{kind}: {now["rate"]:.0f} of {alone["rate"]:.0f} a second, '
            f'p99 {p99(now["took"]) * 1e3:.1f} of {p99(alone["took"]) * 1e3:.1f} ms')


class Beside(unittest.TestCase):
    settings = {}
    port = 'tap'
    alone_of = {}           # by port and settings

    @classmethod
    def setUpClass(cls):
        cls.gw = Gateway(cls.settings, port=cls.port)
        cls.gw.__enter__()
        try:
            cls.gw.run(['ip', 'link', 'set', 'dev', CLIENT_INTERFACE, 'txqueuelen',
                        str(TAP_PACKETS)])
            cls.gw.ctl('topic', 'create', TOPIC, '--partitions', '1')
            cls.honest = Honest(cls.gw, CLIENTS, cls.gw.env['PENSTOCK_GBT32960'], cls.gw.kafka,
                                TOPIC)
            key = (cls.port, *sorted(cls.settings.items()))
            if key not in Beside.alone_of:
                Beside.alone_of[key] = cls.honest.figures_of(ALONE_S)
            cls.alone = Beside.alone_of[key]
        except BaseException:
            cls.gw.__exit__(*sys.exc_info())
            raise

    @classmethod
    def tearDownClass(cls):
        cls.honest.close()
        cls.gw.__exit__(None, None, None)

    @contextlib.contextmanager
    def undisturbed(self, but=(), factor=FACTOR, **slack):
        self.honest.figures()
        begin, lost = time.monotonic(), self.gw.packets_lost()
        yield
        time.sleep(max(begin + BLOCK_S - time.monotonic(), 0))
        seen = self.honest.figures()
        lost = self.gw.packets_lost() - lost
        if lost:
            print(f'          the port lost {lost}', flush=True)
            again = {kind: SLACK_S + LOST_SEGMENTS_S for kind in seen}
            slack = {**again, 'newcomer': SLACK_S + LOST_SYN_S, **slack}
        few = ('newcomer',) if lost else ()
        self.check_all(seen, self.alone, but, factor, slack, few)

    def check_all(self, seen, alone, but=(), factor=FACTOR, slack=None, few=()):
        print('          ' + '; '.join(told(kind, seen[kind], alone[kind]) for kind in seen),
              flush=True)
        for kind in seen:
            if kind in but:
                continue
            if kind not in few:
                self.assertGreater(seen[kind]['rate'], alone[kind]['rate'] / SHARE,
                                   told(kind, seen[kind], alone[kind]))
            self.check(kind, seen[kind], alone[kind],
                       (factor, (slack or {}).get(kind, SLACK_S)))

    def check(self, kind, now, alone, bounds):
        factor, slack = bounds
        self.assertEqual(now['failed'], [], kind)
        self.assertGreater(len(now['took']), 0, told(kind, now, alone))
        self.assertLess(p99(now['took']), factor * p99(alone['took']) + slack,
                        told(kind, now, alone))
