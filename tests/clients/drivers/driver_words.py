"""driver_words.py - what the drivers in Python share: key=value words in, JSON lines out.

The words and lines are those of tests/clients/README.md. A driver has a method for each command;
play(driver) runs the one that the command line names.
"""
import json
import os
import sys
import threading
import time

_said = threading.Lock()        # callbacks of a client come on threads of its own


class Unsupported(Exception):
    """The client has no such thing; the text says what."""


class Words:
    """The command line: COMMAND key=value..."""

    def __init__(self, arguments):
        self.command = arguments[0]
        self.of = dict(word.split('=', 1) for word in arguments[1:])

    def __getitem__(self, key):
        return self.of[key]

    def number(self, key):
        return int(self.of.get(key, '0'))

    def records(self):
        """(number, key, value, partition or None) of each record to produce, in its time."""
        first, rate, partitions = map(self.number, ('first', 'rate', 'partitions'))
        begin = time.monotonic()
        for i in range(self.number('count')):
            if rate:
                time.sleep(max(0.0, begin + i / rate - time.monotonic()))
            number = first + i
            yield (number, b'k%d' % (number % 50),
                   (b'%d ' % number).ljust(self.number('size'), b'x'),
                   number % partitions if partitions else None)


def say(**line):
    with _said:
        sys.stdout.write(json.dumps(line) + '\n')
        sys.stdout.flush()


def say_read(partition, offset, value):
    say(read=int(value.split(b' ', 1)[0]), partition=partition, offset=offset, size=len(value))


def stdin_ends():
    """An event that is set when the suite has closed our stdin."""
    event = threading.Event()

    def wait():
        while os.read(0, 4096):
            pass
        event.set()
    threading.Thread(target=wait, daemon=True).start()
    return event


def play(driver):
    words = Words(sys.argv[1:])
    status = 0
    try:
        command = getattr(driver, words.command, None)
        if command is None:
            raise Unsupported(f'the client has no such call ({words.command})')
        command(words)
        say(done=True)
    except Unsupported as lack:
        say(unsupported=str(lack))
    except Exception as error:      # the suite decides what it means
        say(error=f'{type(error).__name__}: {error}'[:500])
        status = 1
    os._exit(status)    # a client that has lost its broker may never end its threads
