"""kcat_driver.py - kcat (librdkafka) for the suite clients; words in, JSON lines out."""
import ctypes
import json
import re
import signal
import subprocess
import threading

from driver_words import Unsupported, play, say, stdin_ends

PR_SET_PDEATHSIG = 1
LINE = '%p %o %S %s\\n'
ALL_DOWN = 'All broker connections are down'
ENDS = 'kcat ends when its last broker is gone'
_libc = ctypes.CDLL(None)


def start(*words, **options):
    """kcat, which dies with us."""
    return subprocess.Popen(['kcat', *words], text=True, stderr=subprocess.PIPE, errors='replace',
                            preexec_fn=lambda: _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL),
                            **options)


def show(output):
    for line in output:
        partition, offset, size, value = line.rstrip('\n').split(' ', 3)
        say(read=int(value.split(' ', 1)[0]), partition=int(partition), offset=int(offset),
            size=int(size))


def in_thread(function, *arguments):
    thread = threading.Thread(target=function, args=arguments, daemon=True)
    thread.start()
    return thread


class Driver:
    def version(self, words):
        told = subprocess.run(['kcat', '-V'], stdout=subprocess.PIPE, text=True, check=True).stdout
        say(version=re.search(r'Version ([\d.]+)', told).group(1) + ', librdkafka ' +
            re.search(r'librdkafka ([\d.]+)', told).group(1))

    def create(self, words):
        raise Unsupported('kcat has no admin calls')

    grow = delete = create

    def describe(self, words):
        told = subprocess.run(['kcat', '-b', words['broker'], '-L', '-J', '-t', words['topic']],
                              stdout=subprocess.PIPE, check=True).stdout
        topic, = json.loads(told)['topics']
        if 'error' in topic:
            raise LookupError(topic['error'])
        say(partitions=len(topic['partitions']))

    def produce(self, words):
        settings = ['-X', f'acks={words["acks"]}', '-z', words['codec']]
        if words['idempotence'] == 'on':
            settings += ['-X', 'enable.idempotence=true']
        kcat = start('-b', words['broker'], '-P', '-t', words['topic'], '-K:', *settings,
                     stdin=subprocess.PIPE)
        numbers = []
        try:
            for number, key, value, _ in words.records():
                kcat.stdin.write(f'{key.decode()}:{value.decode()}\n')
                kcat.stdin.flush()
                numbers.append(number)
            said = kcat.communicate()[1]
        except BrokenPipeError:
            said = kcat.stderr.read()
        kcat.wait()
        if ALL_DOWN in said:
            raise Unsupported(ENDS)
        if kcat.returncode != 0 or re.search('Delivery failed|Failed to produce|FATAL', said):
            raise RuntimeError(said.strip()[-300:])
        for number in numbers:      # it does not say where
            say(acked=number, partition=-1, offset=-1)

    def consume(self, words):
        begin = {'beginning': 'beginning', 'latest': 'end'}.get(words['from'], f's@{words["from"]}')
        kcat = start('-b', words['broker'], '-C', '-t', words['topic'], '-u', '-o', begin,
                     '-c', words['count'], '-f', LINE, stdin=subprocess.DEVNULL,
                     stdout=subprocess.PIPE)
        in_thread(self.await_ends, kcat, words)
        reader = in_thread(show, kcat.stdout)
        reader.join(words.number('seconds'))
        kcat.kill()

    @staticmethod
    def await_ends(kcat, words):
        """Ready when the end of each partition has been seen."""
        told = subprocess.run(['kcat', '-b', words['broker'], '-L', '-J', '-t', words['topic']],
                              stdout=subprocess.PIPE, check=True).stdout
        left = {p['partition'] for p in json.loads(told)['topics'][0]['partitions']}
        for line in kcat.stderr:
            if match := re.search(r'Reached end of topic \S+ \[(\d+)\]', line):
                left.discard(int(match.group(1)))
                if not left:
                    say(ready=True)

    def group(self, words):
        stop = stdin_ends()
        kcat = start('-b', words['broker'], '-G', words['group'], '-u', '-f', LINE,
                     '-X', 'auto.offset.reset=earliest', '-X', 'session.timeout.ms=6000',
                     '-X', 'heartbeat.interval.ms=1000', '-X', 'auto.commit.interval.ms=200',
                     '-X', 'topic.metadata.refresh.interval.ms=2000', words['topic'],
                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        reader = in_thread(show, kcat.stdout)
        complaints = []
        said = in_thread(self.show_assignments, kcat.stderr, complaints)
        while not stop.wait(0.1) and kcat.poll() is None:
            pass
        kcat.send_signal(signal.SIGTERM)
        kcat.wait(20)
        reader.join(5)
        said.join(5)
        if any(ALL_DOWN in line for line in complaints):
            raise Unsupported(ENDS)

    @staticmethod
    def show_assignments(lines, complaints):
        """Says what it is assigned, and keeps what else it says."""
        for line in lines:
            complaints.append(line)
            if match := re.search(r'rebalanced .*: (assigned|revoked): (.*)', line):
                named = sorted(int(n) for n in re.findall(r'\[(\d+)\]', match.group(2)))
                say(assigned=named if match.group(1) == 'assigned' else [])


if __name__ == '__main__':
    play(Driver())
