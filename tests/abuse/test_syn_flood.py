"""test_syn_flood.py - 20,000 SYNs a second of hosts that there are not, beside honest clients."""
import packets
from honest import Beside

SYNS, SYNS_PER_SECOND = 60_000, 20_000
LOST_SYN_S = 1.2        # a newcomer's SYN may be lost, and come again after a second


class SynFlood(Beside):
    def test_new_connections_open_and_old_ones_are_undisturbed(self):
        link = packets.Link(self.gw)
        self.addCleanup(link.close)
        frames = list(link.from_strangers(SYNS, link.port('GBT32960'), flags=packets.SYN,
                                          options=packets.MSS_1460))
        before = self.gw.counters()
        with self.undisturbed(newcomer=LOST_SYN_S):
            rate = link.send(frames, SYNS_PER_SECOND)
        after = self.gw.counters()
        self.assertGreater(rate, SYNS_PER_SECOND / 2)
        self.assertGreater(after['tcp_cookies_sent'] - before['tcp_cookies_sent'], SYNS // 2)
        self.assertGreater(after['tcp_cookies_accepted'], before['tcp_cookies_accepted'])
        self.assertEqual(after['tcp_timeouts'], before['tcp_timeouts'])
