#!/usr/bin/env python3
"""fleet.py - a number of vehicles in, their traffic and a line per second out; the quickstart demo.

usage: fleet.py [--vehicles N] [--seconds N]     run by config/quickstart beside a gateway

Each vehicle opens a connection, logs in, reports once a second and sends a heartbeat every ten.
Logins and heartbeats are answered once they are on stable storage; their answer times are
measured here. Good reports of a terminal get no answer (GB/T 32960.3 annex B).
"""
import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time

import vehicles

HEARTBEAT_SECONDS = 10
SHOWN_RECORDS = 5


class Meter:
    """What the fleet saw of the gateway."""

    def __init__(self):
        self.sent = self.answered = self.logged_in = self.lost = 0
        self.answer_seconds = []

    def p99_ms(self):
        """Of the answers since the last call; None without any."""
        times, self.answer_seconds = sorted(self.answer_seconds), []
        return times[len(times) * 99 // 100] * 1000 if times else None


class Vehicle:
    def __init__(self, number, address, meter):
        self.vin, self.address, self.meter = vehicles.vin(number), address, meter
        self.number = number
        self.asked = []         # when each unanswered question was sent, oldest first

    def send(self, frame, wants_answer=False):
        if wants_answer:
            self.asked.append(time.monotonic())
        self.meter.sent += 1
        self.writer.write(frame)

    async def drive(self, samples):
        """Login, reports, heartbeats; until cancelled, then logout."""
        await asyncio.sleep(random.random())
        self.reader, self.writer = await asyncio.open_connection(*self.address)
        listener = asyncio.create_task(self.listen())
        try:
            self.send(vehicles.login(self.vin, self.number), wants_answer=True)
            second = self.number
            while not listener.done():
                self.send(vehicles.report(self.vin, random.choice(samples)))
                second += 1
                if second % HEARTBEAT_SECONDS == 0:
                    self.send(vehicles.heartbeat(self.vin), wants_answer=True)
                await self.writer.drain()
                await asyncio.sleep(1)
            self.meter.lost += 1
        except asyncio.CancelledError:
            self.send(vehicles.logout(self.vin, self.number), wants_answer=True)
            self.writer.write_eof()
            await asyncio.wait([listener], timeout=5)
        finally:
            listener.cancel()
            self.writer.close()

    async def listen(self):
        received = bytearray()
        while data := await self.reader.read(65536):
            received += data
            while answer := vehicles.take_frame(received):
                self.meter.answered += 1
                self.meter.answer_seconds.append(time.monotonic() - self.asked.pop(0))
                self.meter.logged_in += answer[2] == vehicles.LOGIN


def counters():
    done = subprocess.run(['penstockctl', 'stats', '--json'], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)['counters']


def human(count):
    for unit in ('B', 'KiB', 'MiB'):
        if count < 1024:
            return f'{count:.1f} {unit}' if unit != 'B' else f'{count:.0f} B'
        count /= 1024
    return f'{count:.1f} GiB'


def show_records():
    """Some records of topic vehicles, as any Kafka client reads them; whether there were any."""
    words = ['-C', '-t', 'vehicles', '-o', '-1', '-c', str(SHOWN_RECORDS)]
    print(f'\n  $ kcat -b $PENSTOCK_KAFKA {" ".join(words)}', flush=True)
    try:
        done = subprocess.run(
            ['kcat', '-b', os.environ['PENSTOCK_KAFKA'], *words, '-q', '-f',
             '  key %k  partition %p  offset %o  %S bytes  timestamp %T\n'],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False, timeout=10)
    except subprocess.TimeoutExpired:
        print('  kcat had no answer for 10 s', flush=True)
        return False
    print(done.stdout.decode(errors='replace'), flush=True)
    return done.returncode == 0 and bool(done.stdout)


async def show_lines(meter, stop, seconds):
    """One line per second; after three of them some records."""
    before, begin, line = counters(), time.monotonic(), 0
    read_back = False
    while not stop.is_set() and (not seconds or time.monotonic() - begin < seconds):
        await asyncio.sleep(max(0.0, begin + line + 1 - time.monotonic()))
        line += 1
        now = await asyncio.to_thread(counters)
        p99 = meter.p99_ms()
        print(f'  {time.strftime("%H:%M:%S")}  {meter.logged_in} vehicles'
              f'  {now["frames_received"] - before["frames_received"]:6} frames/s'
              f'  {now["records_stored"]:9} records stored'
              f'  {human(now["log_bytes"]):>10} logged'
              f'  p99 answer {"-" if p99 is None else f"{p99:.1f}":>6} ms', flush=True)
        before = now
        if line % 30 == 3:
            read_back = await asyncio.to_thread(show_records) or read_back
    return read_back or show_records()


async def run(options):
    host, port = os.environ['PENSTOCK_GBT32960'].rsplit(':', 1)
    meter, stop = Meter(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    samples = vehicles.report_samples()
    print(f'{options.vehicles} vehicles report to {host}:{port} (topic vehicles); '
          + (f'{options.seconds} s' if options.seconds else 'Ctrl-C ends it'), flush=True)
    fleet = [asyncio.create_task(Vehicle(n, (host, int(port)), meter).drive(samples))
             for n in range(options.vehicles)]
    read_back = await show_lines(meter, stop, options.seconds)
    for task in fleet:
        task.cancel()
    ended = await asyncio.gather(*fleet, return_exceptions=True)
    broken = [e for e in ended if isinstance(e, OSError)]
    return report(meter, read_back, broken)


def report(meter, read_back, broken):
    print(f'  fleet: {meter.sent} frames sent, {meter.logged_in} logins accepted, '
          f'{meter.answered} answers', flush=True)
    if broken or meter.lost:
        print(f'  {len(broken) + meter.lost} connections broke: {broken[:1]}', file=sys.stderr)
        return 1
    if not read_back:
        print('  kcat read nothing back', file=sys.stderr)
        return 1
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--vehicles', type=int, default=100)
    parser.add_argument('--seconds', type=int)
    return asyncio.run(run(parser.parse_args()))


if __name__ == '__main__':
    sys.exit(main())
