"""test_bad_link.py - Linux and the gateway with a link between them that loses frames both ways."""
import os
import sys
import unittest

import kafka_bytes

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../perf'))
import loss

LOST_PPM, REQUESTS, AT_ONCE = 10000, 12, 4


def kernel_counters():
    """What the client's kernel counts of TCP."""
    with open('/proc/net/netstat') as file:
        names, values = (line.split()[1:] for line in file if line.startswith('TcpExt:'))
    return dict(zip(names, map(int, values)))


class BadLink(unittest.TestCase):
    def setUp(self):
        self.sandbox = loss.BadLink('af_packet', {'loss': LOST_PPM}, 4711)
        self.addCleanup(self.sandbox.close)
        self.server = loss.Penstock(self.sandbox)
        self.server.start()
        self.sock = loss.connect()
        self.addCleanup(self.sock.close)

    def produce(self):
        request = loss.produce_request()
        for number in range(REQUESTS + AT_ONCE):
            if number < REQUESTS:
                self.sock.sendall(request)
            if number >= AT_ONCE:
                said = kafka_bytes.answer(self.sock)
                self.assertEqual(kafka_bytes.produced(said, loss.TOPIC)[0], 0)

    def fetch(self):
        """The batches of the topic, whole ones in a row."""
        batches, offset = [], 0
        while len(batches) < REQUESTS:
            self.sock.sendall(kafka_bytes.fetch(loss.TOPIC, offset, max_bytes=loss.ANSWER_BYTES))
            error, _, data = kafka_bytes.fetched(kafka_bytes.answer(self.sock), loss.TOPIC)
            self.assertEqual(error, 0)
            while len(data) >= 12 and len(data) >= 12 + int.from_bytes(data[8:12], 'big'):
                size = 12 + int.from_bytes(data[8:12], 'big')
                self.assertEqual(int.from_bytes(data[:8], 'big'), offset)
                offset += int.from_bytes(data[57:61], 'big')
                batches.append(data[:size])
                data = data[size:]
        return batches

    def test_both_repair_losses_by_what_the_other_says_has_come(self):
        before = kernel_counters()
        self.produce()
        after = kernel_counters()
        self.assertGreater(after['TCPSackRecovery'], before['TCPSackRecovery'])
        self.assertEqual(after['TCPRenoRecovery'], before['TCPRenoRecovery'])
        self.assertEqual(after['TCPSACKDiscard'], before['TCPSACKDiscard'], 'a block was not true')
        batches = self.fetch()
        sent = loss.produce_request()
        for batch in batches:
            self.assertIn(batch[61:], sent)
        counters = self.server.tcp_counters()
        self.assertGreater(counters['tcp_recoveries'], 0)
        self.assertEqual(counters['tcp_sacks_refused'], 0)
        self.sock.close()
        self.assertEqual(self.server.stop(), '')
