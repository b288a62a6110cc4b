#!/usr/bin/env python3
"""power.py - power cuts on real file systems: what was acknowledged and is missing afterwards.

usage: power.py FILESYSTEM [--seed N] [--cuts N] [--record]
       power.py --replay DIRECTORY [--cut N | --cut N-N] [--image FILE]

    record   a guest with a fresh file system loads 24 logs in several lives (killed, stopped,
             killed), on a disk that notes when each write and flush began and ended;
             --record stops here
    cut      at places drawn from the seed: what was flushed by then is there, of what was not
             some writes, whole or torn (power_disk.py)
    check    another guest mounts each, recovers the logs and reads them

FILESYSTEM is ext4, xfs (as mkfs makes it, its log directory copied with cp -a while it is
written) or xfs-noreflink. A run leaves its recording in build-power/runs/FILESYSTEM until the
next one; --replay cuts and checks it again, all cuts, one or some, or writes the image of one
to FILE. Exit status 1: something is missing; 77: there is no qemu, or no kernel to be had.
"""
import argparse
import json
import os
import random
import shutil
import subprocess
import sys

import power_disk
import power_guest
from power_disk import seeded

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, 'build-power')
KERNEL = os.environ.get('PENSTOCK_KERNEL', os.path.join(BUILD, 'kernel'))
SKIPPED = 77            # exit status
CUTS = 50
LIFE_SECONDS = 120
CHECK_SECONDS = 60

# name -> (type to mount, how it is made, is the live directory copied?, what the rule says)
FLUSH, COMMIT = ': one flush of the disk, or one commit of the journal, makes', ': one commit'
FILE_SYSTEMS = {
    'ext4': ('ext4', ['mkfs.ext4', '-q', '-F'], False, FLUSH),
    'xfs-noreflink': ('xfs', ['mkfs.xfs', '-q', '-m', 'reflink=0'], False, FLUSH),
    'xfs': ('xfs', ['mkfs.xfs', '-q'], True, COMMIT),
}
# How many appends, how it ends. A new log's writes need commits, older ones' flushes.
LIVES = ((2000, 'kill'), (3500, 'stop'), (3500, 'kill'))


class Finding(Exception):
    """Something that was promised is missing, or does not come back."""


class Run:
    """One file system, one seed, one directory with all that belongs to it."""

    def __init__(self, directory, name, seed):
        self.directory, self.name, self.seed = directory, name, seed
        self.type, self.mkfs, self.copies, self.rule = FILE_SYSTEMS[name]
        self.kernel, modules = power_guest.fetch_kernel(KERNEL)
        self.modules = power_guest.module_paths(modules)

    def path(self, name):
        return os.path.join(self.directory, name)

    def guest(self, disk):
        return power_guest.Guest(self.directory, self.kernel, self.path('initramfs'), disk)

    # ---- record ----

    def record(self, program):
        shutil.rmtree(self.directory, ignore_errors=True)
        os.makedirs(self.directory)
        power_guest.make_initramfs(self.directory, self.modules, program)
        with open(self.path('run'), 'w', encoding='utf-8') as file:
            json.dump({'name': self.name, 'seed': self.seed}, file)
        with open(self.path('base'), 'wb') as file:
            file.truncate(power_disk.SIZE)
        power_guest.run([*self.mkfs, self.path('base')])
        recorder = power_disk.Recorder(self.directory)
        disk = power_disk.RecordedDisk(power_disk.Image(self.path('base')), recorder,
                                       seeded(self.seed, 'delays'))
        with self.guest(disk) as guest:
            guest.server.on_line = lambda text: self._note(recorder, text)
            guest.do(f'mount {self.type}', 30)
            for number, (appends, end) in enumerate(LIVES):
                self._live(guest, f'{self.seed}{number} {appends} {end}')
        recorder.close()

    def _live(self, guest, words):
        guest.do(f'life {words}', 10)
        said = guest.hear('half', LIFE_SECONDS)
        if not any(line.startswith('rule ') and self.rule in line for line in said):
            raise Finding(f'another rule than "{self.rule}" holds: {said}')
        if self.copies:
            self._must(guest, 'copy')
        for line in self._must(guest, 'wait'):
            if line.startswith('done '):
                print('syncs {}, flushes {}, commits {}'.format(*line.split()[1:]), flush=True)

    @staticmethod
    def _must(guest, command):
        status, said = guest.do(command, LIFE_SECONDS)
        if status != 0:
            raise Finding(f'{command} under load: status {status}: {said}')
        return said

    @staticmethod
    def _note(recorder, text):
        """Promises go into the recording, and nowhere else."""
        is_promise = text.startswith('p ')
        if is_promise:
            recorder.line(text)
        return is_promise

    # ---- cut and check ----

    def check(self, count, chosen):
        """What is missing: one line for each of the chosen cuts that something is missing after."""
        findings = []
        cuts = Cuts(self, count)
        with self.guest(cuts.disk) as guest:
            for number in range(count):
                cuts.go_to(number)
                if number in chosen:
                    findings += [f'cut {number}: {what}'
                                 for what in self._check_cut(guest, cuts.replay.promises)]
                    print('.', end='', flush=True)
                cuts.disk.take_back()
        print(f' {cuts.told()}')
        return findings

    def _check_cut(self, guest, promises):
        promised = ' '.join(f'{slot}:{end}' for slot, (end, _) in promises.items())
        try:
            status, said = guest.do(f'cut {self.type} {promised}', CHECK_SECONDS)
        except (TimeoutError, EOFError) as error:
            raise Finding(f'the guest does not come back from a cut: {error}') from error
        found = {}
        for words in (line.split() for line in said if line.startswith('l ')):
            found[int(words[1])] = (int(words[3]), words[4])
        missing = [f'log {slot}: promised up to offset {end} ({total}), there is {found.get(slot)}'
                   for slot, (end, total) in sorted(promises.items())
                   if found.get(slot) != (end, total)]
        if status == 0 and not missing:
            return []
        told = [line[2:] for line in said if line.startswith('s ')]
        return ['; '.join([f'status {status}', f'{len(missing)} logs have lost something',
                           *missing[:2], *told[:2]])]

    def save_image(self, count, number, path):
        cuts = Cuts(self, count)
        for earlier in range(number):
            cuts.go_to(earlier)
            cuts.disk.take_back()
        cuts.go_to(number)
        cuts.disk.image.save(path)

    def told(self):
        """What the recording holds, in a line."""
        kinds = [event.kind for event in power_disk.read_events(self.directory)]
        return ', '.join(f'{kinds.count(kind)} {word}' for kind, word in
                         (('W', 'writes'), ('F', 'flushes'), ('p', 'promises')))


class Cuts:
    """The recording of a run, gone through from cut to cut."""

    def __init__(self, run, count):
        events = power_disk.read_events(run.directory)
        self.seed = run.seed
        self.places = power_disk.choose_cuts(seeded(run.seed, 'cuts'), events, count)
        self.disk = power_disk.CutDisk(power_disk.Image(run.path('base')))
        self.replay = power_disk.Replay(events, self.disk.image)
        self.pending = []           # at each cut, how many writes

    def go_to(self, number):
        """Makes of the disk what this cut leaves; take_back() comes before the next."""
        place = self.places[number]
        self.replay.advance(place)
        self.pending.append(len(self.replay.pending))
        rng = seeded(self.seed, 'left', place)
        for at, data in power_disk.left_behind(rng, self.replay.pending.values()):
            self.disk.write(at, data)

    def told(self):
        pending = sorted(self.pending)
        return (f'writes not flushed at a cut: median {pending[len(pending) // 2]}, '
                f'most {pending[-1]}')


# ---- the program ---------------------------------------------------------------------------

def install():
    """The packages, and power_load; what is missing when that cannot be."""
    installer = os.path.join(ROOT, 'config/install')
    done = subprocess.run([installer, 'packages', 'power'], check=False)
    if done.returncode != 0:
        return 'qemu cannot be installed'
    subprocess.run([installer, 'build', BUILD, '-Dcpu=x86-64-v2', '--', 'tests/power/power_load'],
                   check=True)
    try:
        power_guest.fetch_kernel(KERNEL)
    except subprocess.CalledProcessError as error:
        return f'no kernel for the guest: {error}'
    return ''


def read_range(text):
    first, _, last = text.partition('-')
    return range(int(first), int(last or first) + 1)


def read_request():
    words = argparse.ArgumentParser(usage=__doc__.split('usage: ')[1].split('\n\n')[0])
    words.add_argument('name', nargs='?', choices=FILE_SYSTEMS)
    words.add_argument('--seed', type=int, default=random.SystemRandom().randrange(1 << 32))
    words.add_argument('--cuts', type=int, default=CUTS)
    words.add_argument('--record', action='store_true')
    words.add_argument('--replay')
    words.add_argument('--cut', type=read_range)
    words.add_argument('--image')
    request = words.parse_args()
    if bool(request.name) == bool(request.replay) or (request.image and not request.cut):
        words.error('a file system, or a recording; an image is one cut of a recording')
    return request


def make_run(request):
    if request.replay:
        with open(os.path.join(request.replay, 'run'), encoding='utf-8') as file:
            return Run(os.path.abspath(request.replay), **json.load(file))
    run = Run(os.path.join(BUILD, 'runs', request.name), request.name, request.seed)
    print(f'seed {run.seed}', flush=True)
    run.record(os.path.join(BUILD, 'tests/power/power_load'))
    return run


def check(run, count, chosen):
    findings = run.check(count, chosen)
    print('\n'.join(findings + [f'{len(findings)} of {len(chosen)} cuts lost something']))
    return 1 if findings else 0


def main():
    request = read_request()
    missing = install()
    if missing:
        print(missing)
        return SKIPPED
    try:
        run = make_run(request)
        print(run.told(), flush=True)
        if request.image:
            run.save_image(request.cuts, request.cut[0], request.image)
        elif not request.record:
            return check(run, request.cuts, request.cut or range(request.cuts))
        return 0
    except Finding as finding:
        print(finding)
        return 1


if __name__ == '__main__':
    sys.exit(main())
