"""test_jumbo.py - a link whose frames are longer than 1,500 bytes: all of it is used both ways."""
import unittest

import kafka_bytes
import record_bytes
from gateway import Gateway, quickstart

TOPIC = 'jumbo'
REQUESTS, VALUE_BYTES = 8, 900000
FAMILY = 'net_af_packet0,iface=port0'


BATCHES = [record_bytes.batch(record_bytes.record(0, bytes((number,)) * VALUE_BYTES), 1)
           for number in range(REQUESTS)]


class Jumbo(unittest.TestCase):
    def exchange(self, gw):
        """What was produced is fetched as it was, but for its offset."""
        with gw.connect('KAFKA') as sock:
            for number, batch in enumerate(BATCHES):
                sock.sendall(kafka_bytes.produce(TOPIC, batch))
                said = kafka_bytes.answer(sock)
                self.assertEqual(kafka_bytes.produced(said, TOPIC)[:2], (0, number))
            for number, batch in enumerate(BATCHES):
                sock.sendall(kafka_bytes.fetch(TOPIC, number))
                error, _, data = kafka_bytes.fetched(kafka_bytes.answer(sock), TOPIC)
                self.assertEqual(error, 0)
                self.assertEqual(data[16:len(batch)], batch[16:])

    def test_its_frames_are_as_long_as_its_mtu(self):
        for mtu in (4000, 9000, 60000):
            with self.subTest(mtu=mtu), \
                 Gateway({'penstock.port.mtu': str(mtu)}, port='af_packet') as gw:
                gw.ctl('topic', 'create', TOPIC)
                before = gw.counters()
                self.exchange(gw)
                used = {key: value - before[key] for key, value in gw.counters().items()}
                payload = REQUESTS * VALUE_BYTES
                # Beside them there are ACKs: of each two segments, one at least.
                self.assertLess(used['packets_received'], 3 * payload / mtu + 500)
                self.assertLess(used['packets_sent'], 3 * payload / mtu + 500)

    def test_frames_that_the_driver_would_cut_are_refused(self):
        done = quickstart('run', '--port', 'af_packet', '--set', 'penstock.port.mtu=9000',
                          '--set', f'penstock.port={FAMILY}', '--', 'true')
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b'it takes framesz=12288,blocksz=12288',
                      done.stderr)

    def test_a_driver_that_cannot_have_them_is_named(self):
        tap = quickstart('run', '--port', 'tap', '--set', 'penstock.port.mtu=9000', '--', 'true')
        self.assertNotEqual(tap.returncode, 0)
        self.assertIn(b'the driver refuses penstock.port.mtu', tap.stderr)


if __name__ == '__main__':
    unittest.main()
