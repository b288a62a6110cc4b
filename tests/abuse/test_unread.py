"""test_unread.py - peers who ask for as much as they can get and do not read it, or in drips."""
import contextlib
import errno
import os
import select
import socket
import time

import kafka_bytes
import record_bytes
from honest import ALONE_S, LOST_SYN_S, SLACK_S, Beside, Honest

MANY = 200
ATTACK_S = 5
TOPIC = 'bulk'
BATCH_BYTES = 1_000_000
RECEIVE_BYTES = 4096        # of the attackers' kernel, twice that in fact
STALL_MS = 2000
# Who is as unknown as each of 200 addresses waits until these are found out, a quarter of a second
# for each 33 of them, which is once: there is room for so many answers.
FOUND_OUT_S = 1.5
GIVEN_BACK_S = 4 * STALL_MS / 1000
SMALL_REQUESTS = 20_000     # whose answers are 4 MB
NETWORK = '10.95.0'
STRANGER = f'{NETWORK}.19'  # an address of an honest reader's own
READERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'large_readers.py')


class Deaf:
    """Connections that ask and do not read; one that is closed is there again."""

    def __init__(self, gw, request, addresses=(), ends=False):
        self.gw, self.request, self.addresses, self.ends = gw, request, addresses, ends
        self.socks, self.closed = {}, 0
        self.poll = select.poll()

    def open(self, number):
        sock = self.gw.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        if self.addresses:
            sock.bind((self.addresses[number % len(self.addresses)], 0))
        sock.settimeout(5)
        sock.connect(self.gw.address('KAFKA'))
        sock.setblocking(False)
        with contextlib.suppress(OSError):
            sock.send(self.request)
            if self.ends:
                sock.shutdown(socket.SHUT_WR)
        self.socks[sock.fileno()] = (sock, number)
        self.poll.register(sock, select.POLLHUP | select.POLLERR | select.POLLRDHUP)

    def turn(self):
        """Who was closed comes again."""
        for descriptor, _ in self.poll.poll(0):
            self.poll.unregister(descriptor)
            sock, number = self.socks.pop(descriptor)
            sock.close()
            self.closed += 1
            self.open(number)

    def drip(self):
        for sock, _ in self.socks.values():
            try:
                sock.recv(3)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.ECONNRESET):
                    raise

    def attack(self, count, seconds, drips=False):
        for number in range(count):
            self.open(number)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.turn()
            if drips:
                self.drip()
            time.sleep(0.05)

    def close(self):
        for sock, _ in self.socks.values():
            sock.close()
        self.socks = {}


class Unread(Beside):
    settings = {'penstock.answer.stall.timeout.ms': STALL_MS}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gw.ctl('topic', 'create', TOPIC, '--partitions', '1')
        batch = record_bytes.batch(record_bytes.record(0, bytes(BATCH_BYTES)), 1)
        with cls.gw.connect('KAFKA') as sock:
            sock.sendall(kafka_bytes.produce(TOPIC, batch))
            kafka_bytes.answer(sock)
        cls.name([STRANGER])
        cls.readers = Honest(cls.gw, READERS, cls.gw.kafka, TOPIC, STRANGER)
        # Beside the others, who are measured anew beside them.
        cls.honest.figures()
        cls.read_alone = cls.readers.figures_of(ALONE_S)
        cls.alone = cls.honest.figures()

    @classmethod
    def tearDownClass(cls):
        cls.readers.close()
        super().tearDownClass()

    @classmethod
    def name(cls, addresses):
        """Gives the clients' namespace these addresses, too."""
        shown = cls.gw.run(['ip', '-o', '-4', 'address', 'show']).stdout.decode()
        device = next(line.split()[1] for line in shown.splitlines() if f' {NETWORK}.' in line)
        cls.gw.run(['ip', '-batch', '-'], input=''.join(
            f'address add {address}/32 dev {device}\n' for address in addresses).encode())

    @contextlib.contextmanager
    def deaf(self, request, stranger=SLACK_S, **options):
        """Attackers, not begun yet, beside whom nobody notices anything."""
        deaf = Deaf(self.gw, request, **options)
        before, lost = self.gw.counters(), self.gw.packets_lost()
        self.readers.figures()
        with self.undisturbed():
            try:
                yield deaf
            finally:
                read = self.readers.figures()
                deaf.close()
        after = self.gw.counters()
        said = {name: after[name] - before[name] for name in
                ('sessions_unread', 'sessions_read_slowly', 'sessions_read_last')}
        print(f'          {deaf.closed} came again; {said}', flush=True)
        stranger += LOST_SYN_S if self.gw.packets_lost() > lost else 0
        self.check_all(read, self.read_alone, slack={'stranger': stranger})

    def test_two_hundred_fetchers_that_do_not_read_hold_nobody_up(self):
        with self.deaf(kafka_bytes.fetch(TOPIC, 0)) as deaf:
            deaf.attack(MANY, ATTACK_S)
            self.assertGreater(deaf.closed, 0)

    def test_fetchers_that_read_a_few_bytes_a_second_hold_nobody_up(self):
        with self.deaf(kafka_bytes.fetch(TOPIC, 0)) as deaf:
            deaf.attack(MANY, ATTACK_S, drips=True)
            self.assertGreater(deaf.closed, 0)

    def test_fetchers_of_many_addresses_that_do_not_read_hold_nobody_up(self):
        addresses = [f'{NETWORK}.{host}' for host in range(20, 20 + MANY)]
        self.name(addresses)
        with self.deaf(kafka_bytes.fetch(TOPIC, 0), stranger=FOUND_OUT_S,
                       addresses=addresses) as deaf:
            deaf.attack(MANY, ATTACK_S)
            self.assertGreater(deaf.closed, 0)

    def test_fetchers_that_send_a_fin_and_do_not_read_hold_nobody_up(self):
        with self.deaf(kafka_bytes.fetch(TOPIC, 0), ends=True) as deaf:
            deaf.attack(MANY, ATTACK_S)
            self.assertGreater(deaf.closed, 0)

    def test_a_slow_reader_behind_a_fin_gets_all_of_his_answer(self):
        with self.gw.connect('KAFKA') as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
            sock.sendall(kafka_bytes.fetch(TOPIC, 0))
            sock.shutdown(socket.SHUT_WR)
            time.sleep(STALL_MS / 2000)
            error, _, data = kafka_bytes.fetched(kafka_bytes.answer(sock), TOPIC)
            self.assertEqual(error, 0)
            self.assertGreater(len(data), BATCH_BYTES)
            self.assertEqual(sock.recv(1), b'')

    def test_memory_is_given_back_by_who_reads_nothing_though_nobody_wants_it(self):
        before = self.gw.counters()['sessions_unread']
        with self.deaf(kafka_bytes.fetch(TOPIC, 0)) as deaf:
            for number in range(4):
                deaf.open(number)
            begin = time.monotonic()
            while self.gw.counters()['sessions_unread'] < before + 4:
                self.assertLess(time.monotonic() - begin, GIVEN_BACK_S)
                time.sleep(0.05)

    def test_many_small_answers_that_are_not_read_hold_nobody_up(self):
        with self.deaf(b'') as deaf:
            for number in range(24):
                deaf.open(number)
            left = {descriptor: memoryview(kafka_bytes.api_versions() * SMALL_REQUESTS)
                    for descriptor in deaf.socks}
            end = time.monotonic() + ATTACK_S
            while time.monotonic() < end:
                for descriptor, (sock, _) in deaf.socks.items():
                    with contextlib.suppress(OSError):
                        rest = left[descriptor]
                        left[descriptor] = rest[sock.send(rest[:65536]):] if rest else rest
                time.sleep(0.01)
