"""history.py - what was sent, acknowledged and read in; what is wrong with it, as sentences, out.

    history = History(range(300), size=100)
    history.acknowledge(number, (partition, offset) or None)
    history.read(number, (partition, offset), size)        in the reader's order
    history.wrongs(may_double=False, may_reorder=False)    [] or sentences

Records are numbers that one producer sent in this order. Lost: acknowledged and not read. Phantom:
read and never sent, or not as it was sent. Doubled: stored at two places. Reordered: a partition
does not hold its numbers in the order they were sent. Members of a group share one history: each
`read` may come again (`may_read_again`), since a member that dies has read what it did not commit.
"""
import collections

SHOWN = 5


def some(found):
    """A few of them, and how many there are."""
    found = sorted(found)
    shown = ', '.join(map(str, found[:SHOWN]))
    return f'{len(found)} ({shown}{", ..." if len(found) > SHOWN else ""})'


class History:
    def __init__(self, numbers=(), size=100):
        self.sent = {}              # number -> size
        self.acknowledged = {}      # number -> place, None where the client does not tell
        self.at = {}                # place -> number
        self.found = []             # sentences about single reads
        self.last = {}              # partition -> offset read last
        self.send(numbers, size)

    def send(self, numbers, size=100):
        self.sent.update((number, size) for number in numbers)

    def acknowledge(self, number, place=None):
        self.acknowledged[number] = place

    def acknowledge_all(self):
        for number in self.sent:
            self.acknowledge(number)

    def read(self, number, place, size, may_read_again=False):
        if self.sent.get(number) != size:
            self.found.append(f'phantom: {number} of {size} bytes at {place}')
        if self.at.setdefault(place, number) != number:
            self.found.append(f'changed: {place} is {number} and was {self.at[place]}')
        partition, offset = place
        if not may_read_again and self.last.get(partition, -1) >= offset:
            self.found.append(f'read out of order: {place} after {self.last[partition]}')
        self.last[partition] = offset

    def wrongs(self, may_double=False, may_reorder=False):
        wrong = self.found[:SHOWN]
        places = collections.defaultdict(list)
        for place, number in self.at.items():
            places[number].append(place)
        lost = {number for number, place in self.acknowledged.items()
                if (number not in places if place is None else self.at.get(place) != number)}
        if lost:
            wrong.append(f'lost: {some(lost)}')
        doubled = {number for number, there in places.items() if len(there) > 1}
        if doubled and not may_double:
            wrong.append(f'doubled: {some(doubled)}')
        if not may_reorder and (reordered := self._reordered()):
            wrong.append(f'reordered: {some(reordered)}')
        return wrong

    def _reordered(self):
        """Numbers that stand behind a later one of their partition."""
        last, found = {}, set()
        for (partition, _), number in sorted(self.at.items()):
            if last.get(partition, -1) > number:
                found.add(number)
            last[partition] = max(number, last.get(partition, -1))
        return found
