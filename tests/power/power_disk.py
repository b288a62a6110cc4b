"""power_disk.py - a disk served over NBD, and what a power cut leaves of it.

    Recording    every write and flush with its begin and its end, promises between them, in
                 the one order in which the server's loop saw them
    cut          a place in that order
    covered      a write whose end the guest was told before some flush began that ended
                 before the cut: no power cut takes it back
    pending      a write begun before the cut and not covered: a power cut leaves it, loses
                 it, or tears it at a sector of 512 bytes

qemu's own blklogwrites cannot serve here: it logs a write, and a flush, when they are done. A
write that was under way when a flush was asked for stands in its log before that flush, like
one that had been completed. This server knows both moments of each.
"""
import collections
import heapq
import json
import mmap
import os
import random
import select
import socket
import struct
import time

SECTOR = 512
FLUSH_SECONDS = 0.004   # long enough for writes to begin and to end meanwhile
SIZE = 512 << 20        # of a disk; mkfs.xfs takes no less than 300 MB

# kind: 'W' write begins, 'w' write ends, 'F' flush begins, 'f' flush ends (id: which one),
# 'p' a line of the guest's (text). at, data: of a write.
Event = collections.namedtuple('Event', 'kind id at data text', defaults=(0, 0, b'', ''))


class Image:
    """The bytes of a disk: a sparse file's, and what was written over them. In memory."""

    def __init__(self, base):
        self.bytes = mmap.mmap(-1, SIZE)
        with open(base, 'rb') as file:
            end = 0
            while True:
                try:
                    begin = os.lseek(file.fileno(), end, os.SEEK_DATA)
                except OSError:
                    return      # nothing but a hole behind
                end = os.lseek(file.fileno(), begin, os.SEEK_HOLE)
                file.seek(begin)
                self.bytes[begin:end] = file.read(end - begin)

    def read(self, at, size):
        return self.bytes[at:at + size]

    def write(self, at, data):
        self.bytes[at:at + len(data)] = data

    def save(self, path):
        block = 1 << 16
        with open(path, 'wb') as file:
            for at in range(0, SIZE, block):
                data = self.bytes[at:at + block]
                if data.count(0) < block:
                    file.seek(at)
                    file.write(data)
            file.truncate(SIZE)


# ---- recording -----------------------------------------------------------------------------

class Recorder:
    """Events into a directory: events, one JSON line each, and the bytes of writes."""

    def __init__(self, directory):
        self.events = open(os.path.join(directory, 'events'), 'w', encoding='utf-8')
        self.data = open(os.path.join(directory, 'data'), 'wb')
        self.ids = 0

    def begin(self, kind, at=0, data=b''):
        self.ids += 1
        self.data.write(data)
        self._note([kind, self.ids, at, len(data)])
        return self.ids

    def end(self, kind, number):
        self._note([kind, number])

    def line(self, text):
        self._note(['p', text])

    def _note(self, words):
        self.events.write(json.dumps(words) + '\n')

    def close(self):
        self.events.close()
        self.data.close()


def read_events(directory):
    events = []
    with open(os.path.join(directory, 'events'), encoding='utf-8') as lines, \
            open(os.path.join(directory, 'data'), 'rb') as data:
        for words in map(json.loads, lines):
            if words[0] == 'p':
                events.append(Event('p', text=words[1]))
            elif words[0] == 'W':
                events.append(Event('W', words[1], words[2], data.read(words[3])))
            else:
                events.append(Event(words[0], words[1]))
    return events


# ---- cuts ----------------------------------------------------------------------------------

class Replay:
    """Goes through a recording from cut to cut: what is covered is in the image; what is
    pending, and what was promised, is known."""

    def __init__(self, events, image):
        self.events, self.image = events, image
        self.position = 0
        self.pending = {}           # id -> write event, in the order they began
        self.ended = set()          # ids of pending writes that the guest knows to be done
        self.flushes = {}           # id of a flush under way -> what it will cover
        self.promises = {}          # slot -> (end, sum)

    def advance(self, cut):
        for event in self.events[self.position:cut]:
            self._take(event)
        self.position = cut

    def _take(self, event):
        if event.kind == 'W':
            self.pending[event.id] = event
        elif event.kind == 'w':
            self.ended.add(event.id)
        elif event.kind == 'F':
            self.flushes[event.id] = set(self.ended)
        elif event.kind == 'f':
            self._cover(self.flushes.pop(event.id))
        elif event.text.startswith('p '):
            _, slot, end, found = event.text.split()
            self.promises[int(slot)] = (int(end), found)

    def _cover(self, ids):
        """In the order they began: two writes to one place are never under way together."""
        for number in [n for n in self.pending if n in ids]:
            write = self.pending.pop(number)
            self.ended.discard(number)
            self.image.write(write.at, write.data)


def torn(rng, write):
    """The sectors of a write that came through: its front, its back, or any."""
    count = len(write.data) // SECTOR
    how = rng.random()
    if how < 0.3:
        kept = range(rng.randrange(count + 1))
    elif how < 0.6:
        kept = range(rng.randrange(count + 1), count)
    else:
        kept = [i for i in range(count) if rng.random() < 0.5]
    return [(write.at + i * SECTOR, write.data[i * SECTOR:(i + 1) * SECTOR]) for i in kept]


def left_behind(rng, pending):
    """What a power cut leaves of pending writes: (at, bytes), oldest first."""
    kept = rng.choice((0, 0, 0, rng.random(), 0.9, 1))
    tear = rng.choice((0, 0.2, 0.8))
    left = []
    for write in pending:
        if rng.random() >= kept:
            continue
        left += torn(rng, write) if rng.random() < tear else [(write.at, write.data)]
    return left


class NoImage:
    def write(self, at, data):
        pass


def promises_at_risk(events):
    """Places right behind all that was promised at a time, while the disk may still lose
    writes that the guest knows to be done; and how many."""
    replay = Replay(events, NoImage())
    for place, event in enumerate(events, 1):
        is_last = event.kind == 'p' and (place == len(events) or events[place].kind != 'p')
        if is_last:
            replay.advance(place)
            if replay.ended:
                yield place, len(replay.ended)


def choose_cuts(rng, events, count):
    """Places in the order, ascending: two of three right behind promises, where all of it
    has to be there, rather where there is much to lose; the others anywhere once there is
    load."""
    risky = list(promises_at_risk(events))
    drawn = sorted(risky, key=lambda at_risk: rng.random() ** (1 / at_risk[1]))
    behind = [place for place, _ in drawn[-(count - count // 3):]]
    anywhere = [rng.randrange(risky[0][0], len(events)) for _ in range(count // 3)]
    return sorted(behind + anywhere)


# ---- the two disks -------------------------------------------------------------------------

class RecordedDisk:
    """A disk with a write cache: takes its time, ends what it was given in any order."""

    def __init__(self, image, recorder, rng):
        self.image, self.recorder, self.rng = image, recorder, rng

    def read(self, at, size):
        return self.image.read(at, size)

    def write(self, at, data):
        """Seconds it takes, and what to call when they are over, before the guest hears."""
        number = self.recorder.begin('W', at, data)
        self.image.write(at, data)
        return self._delay(), lambda: self.recorder.end('w', number)

    def flush(self):
        number = self.recorder.begin('F')
        return FLUSH_SECONDS + self._delay(), lambda: self.recorder.end('f', number)

    def _delay(self):
        kind = self.rng.random()
        return 0 if kind < 0.6 else self.rng.uniform(0, 0.002 if kind < 0.9 else 0.010)


class CutDisk:
    """What a cut left. The guest writes on it; the next cut knows nothing of that."""

    def __init__(self, image):
        self.image = image
        self.undo = []

    def read(self, at, size):
        return self.image.read(at, size)

    def write(self, at, data):
        self.undo.append((at, self.image.read(at, len(data))))
        self.image.write(at, data)
        return 0, None

    def flush(self):
        return 0, None

    def take_back(self):
        for at, data in reversed(self.undo):
            self.image.write(at, data)
        self.undo.clear()


# ---- NBD -----------------------------------------------------------------------------------

NBD_MAGIC, OPTION_MAGIC, OPTION_REPLY = 0x4e42444d41474943, 0x49484156454f5054, 0x3e889045565a9
REQUEST_MAGIC, REPLY_MAGIC = 0x25609513, 0x67446698
OPTION_ABORT, OPTION_INFO, OPTION_GO = 2, 6, 7
REPLY_ACK, REPLY_INFO, REPLY_UNSUPPORTED = 1, 3, 0x80000001
FIXED_NEWSTYLE, NO_ZEROES = 1, 2
HAS_FLAGS, SEND_FLUSH = 1, 4
READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3


def receive(sock, size):
    data = bytearray()
    while len(data) < size:
        more = sock.recv(min(size - len(data), 1 << 20))
        if not more:
            raise EOFError('the other side has closed the connection')
        data += more
    return bytes(data)


def negotiate(sock):
    """The fixed newstyle handshake, up to the option GO."""
    sock.sendall(struct.pack('>QQH', NBD_MAGIC, OPTION_MAGIC, FIXED_NEWSTYLE | NO_ZEROES))
    receive(sock, 4)
    while True:
        _, option, size = struct.unpack('>QII', receive(sock, 16))
        receive(sock, size)

        def reply(kind, payload=b'', option=option):
            sock.sendall(struct.pack('>QIII', OPTION_REPLY, option, kind, len(payload)) + payload)
        if option in (OPTION_GO, OPTION_INFO):
            reply(REPLY_INFO, struct.pack('>HQH', 0, SIZE, HAS_FLAGS | SEND_FLUSH))
            reply(REPLY_ACK)
        else:
            reply(REPLY_ACK if option == OPTION_ABORT else REPLY_UNSUPPORTED)
        if option == OPTION_GO:
            return


class Server:
    """One loop that serves a disk and hears the guest's lines: their order is known."""

    def __init__(self, directory, disk):
        self.disk = disk
        self.directory = directory
        self.waiting = []           # heap of (due, serial, at its end, handle)
        self.serial = 0
        self.heard = b''
        self.lines = collections.deque()
        self.on_line = None
        self.nbd = self.guest = None
        self.listeners = [self._listen('nbd'), self._listen('ctl')]

    def path(self, name):
        return os.path.join(self.directory, f'{name}.sock')

    def _listen(self, name):
        listener = socket.socket(socket.AF_UNIX)
        if os.path.exists(self.path(name)):
            os.remove(self.path(name))
        listener.bind(self.path(name))
        listener.listen(1)
        return listener

    def connect(self, seconds):
        """Waits for qemu to open its disk and its serial port, whichever first."""
        deadline = time.monotonic() + seconds
        while not (self.nbd and self.guest):
            ready = select.select(self.listeners, [], [], deadline - time.monotonic())[0]
            if not ready:
                raise TimeoutError('qemu has not opened its disk')
            if self.listeners[0] in ready:
                self.nbd = self.listeners[0].accept()[0]
                negotiate(self.nbd)
            else:
                self.guest = self.listeners[1].accept()[0]

    def close(self):
        for sock in (*self.listeners, self.nbd, self.guest):
            if sock:
                sock.close()

    def tell(self, line):
        self.guest.sendall(line.encode() + b'\n')

    def serve(self, seconds):
        """Serves until the guest has said something, or for so long; its line, or None."""
        deadline = time.monotonic() + seconds
        while not self.lines:
            now = time.monotonic()
            if now >= deadline:
                return None
            until = min(deadline, self.waiting[0][0]) if self.waiting else deadline
            ready = select.select([self.nbd, self.guest], [], [], max(until - now, 0))[0]
            if self.nbd in ready:
                self._request()
            if self.guest in ready:
                self._listen_to_guest()
            self._finish_due()
        return self.lines.popleft()

    def _listen_to_guest(self):
        data = self.guest.recv(65536)
        if not data:
            raise EOFError('the guest is gone')
        *lines, self.heard = (self.heard + data).split(b'\n')
        for line in lines:
            text = line.decode(errors='replace')
            if not (self.on_line and self.on_line(text)):
                self.lines.append(text)

    def _request(self):
        magic, _, kind, handle, at, size = struct.unpack('>IHHQQI', receive(self.nbd, 28))
        if magic != REQUEST_MAGIC or kind == DISCONNECT:
            raise EOFError('qemu has closed its disk')
        if kind == READ:
            self._reply(handle, self.disk.read(at, size))
        elif kind == WRITE:
            self._later(handle, *self.disk.write(at, receive(self.nbd, size)))
        elif kind == FLUSH:
            self._later(handle, *self.disk.flush())
        else:
            raise ValueError(f'qemu asks for {kind}, which this disk has not offered')

    def _later(self, handle, seconds, at_end):
        self.serial += 1
        heapq.heappush(self.waiting, (time.monotonic() + seconds, self.serial, at_end, handle))

    def _finish_due(self):
        now = time.monotonic()
        while self.waiting and self.waiting[0][0] <= now:
            _, _, at_end, handle = heapq.heappop(self.waiting)
            if at_end:
                at_end()
            self._reply(handle)

    def _reply(self, handle, data=b''):
        self.nbd.sendall(struct.pack('>IIQ', REPLY_MAGIC, 0, handle) + data)


def seeded(*words):
    """Randomness of its own for each use: the same words, the same numbers."""
    return random.Random(' '.join(map(str, words)))
