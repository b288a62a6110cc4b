"""test_routing.py - frames by class to topics of their own, with headers and the frame's own time,
as a Kafka client sees them."""
import calendar
import subprocess
import unittest

import vehicles
from gateway import Gateway

SETTINGS = {'listener.name.gbt32960.topic.session': 'who',
            'listener.name.gbt32960.topic.other': 'rest',
            'listener.name.gbt32960.headers': 'true',
            'listener.name.gbt32960.timestamp': 'frame',
            'listener.name.gbt32960.partitioner': 'fixed:0'}
BEIJING_SECONDS = 8 * 3600


def time_of(frame):
    """Milliseconds, of the six bytes that its data begins with."""
    year, month, day, hour, minute, second = frame[24:30]
    return 1000 * (calendar.timegm((2000 + year, month, day, hour, minute, second))
                   - BEIJING_SECONDS)


class Routing(unittest.TestCase):
    def records(self, gw, topic):
        """(partition, key, timestamp, headers) of each."""
        got = gw.popen(['kcat', '-b', gw.kafka, '-C', '-t', topic, '-e', '-q',
                        '-f', '%p %k %T %h\n'], stdout=subprocess.PIPE).communicate(timeout=30)[0]
        for line in got.decode().splitlines():
            partition, key, timestamp, headers = line.split(' ')
            yield (int(partition), key, int(timestamp),
                   dict(header.split('=', 1) for header in headers.split(',')))

    def test_frames_go_to_the_topic_of_their_class_with_headers_and_their_own_time(self):
        name = vehicles.vin(7)
        login = vehicles.login(name, 1)
        report = vehicles.report(name, vehicles.report_samples()[0])
        with Gateway(SETTINGS) as gw:
            with gw.connect('GBT32960') as sock:
                sock.sendall(login + report + vehicles.heartbeat(name))
                peer = sock.getsockname()
                gw.wait_for('three records', lambda c: c['records_stored'] == 3)
            skew = gw.ctl('topic', 'describe', 'vehicles').stdout
            who, live, rest = (list(self.records(gw, t)) for t in ('who', 'vehicles', 'rest'))
        for (records, frame, command) in ((who, login, '01'), (live, report, '02')):
            self.assertEqual(len(records), 1)
            partition, key, timestamp, headers = records[0]
            self.assertEqual((partition, key), (0, name.decode()))
            self.assertEqual(timestamp, time_of(frame))
            received = int(headers.pop('penstock.received'))
            self.assertGreater(received, timestamp)
            self.assertEqual(headers, {'penstock.peer': f'{peer[0]}:{peer[1]}',
                                       'penstock.protocol': 'GBT32960',
                                       'penstock.edition': '2016', 'penstock.command': command,
                                       'penstock.link': 'terminal'})
        partitions = int(skew.split()[1])
        self.assertIn(f'has had {partitions}.00 times its share of 1 records', skew.decode())
        self.assertEqual(len(rest), 1)
        self.assertEqual(rest[0][2], int(rest[0][3]['penstock.received']), 'it has no time')
