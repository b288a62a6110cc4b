"""test_frame_json.py - vehicles' frames as JSON, by other readers than the unit tests': Python's of
JSON, and a decoder of GB/T 32960.3 of others, rtm_con, where it is installed. It comes by
`pip install rtm_con openpyxl`; a run of tests/run whose Python does not have it skips it."""
import json
import os
import random
import struct
import subprocess
import unittest

from gateway import ROOT

VECTORS = os.path.join(ROOT, 'tests/vectors')
REPORTS = 300

# What rtm_con calls a field, and what we do.
VEHICLE = {'vehicle_state': 'state', 'charge_state': 'charging', 'operate_state': 'mode',
           'vehicle_speed': 'speed_kmh', 'mileage_total': 'odometer_km',
           'voltage_total': 'voltage_v', 'current_total': 'current_a', 'soc': 'soc_percent',
           'dcdc_state': 'dcdc', 'insulation_resistance': 'insulation_kohm',
           'accelerator_padel': 'accelerator_percent', 'brake_padel': 'brake_percent'}
MOTOR = {'index': 'motor', 'state': 'state', 'ctrl_temp': 'controller_c', 'speed': 'speed_rpm',
         'torque': 'torque_nm', 'temp': 'motor_c', 'ctrl_volt': 'controller_v',
         'ctrl_curr': 'controller_a'}
ENGINE = {'engine_state': 'state', 'engine_torque': 'crankshaft_rpm',
          'fuel_consumption': 'fuel_l_100km'}
POSITION = {'gnss_lng': 'longitude_deg', 'gnss_lat': 'latitude_deg', 'gnss_gcs': 'coordinates'}
EXTREMES = {f'{most}_{what}': f'{most}_{ours}' for most in ('max', 'min') for what, ours in (
    ('volt_pack_index', 'v_pack'), ('volt_cell_index', 'v_cell'), ('cell_volt', 'v'),
    ('temp_pack_index', 'c_pack'), ('temp_cell_index', 'c_probe'), ('cell_temp', 'c'))}
ALARMS = {'max_warning_level': 'level', 'pack_failures': 'battery_faults',
          'emotor_failures': 'motor_faults', 'engine_failures': 'engine_faults',
          'other_failures': 'other_faults'}
CELLS = {'index': 'pack', 'volt': 'voltage_v', 'curr': 'current_a', 'cell_total': 'cells',
         'cell_start_index': 'first_cell', 'cell_volts': 'cells_v'}
PROBES = {'index': 'pack', 'probe_temps': 'probes_c'}
NAMES = {'whole_vehicle': VEHICLE, 'emotor': MOTOR, 'engine': ENGINE, 'gnss': POSITION,
         'pack_extrema': EXTREMES, 'warnings': ALARMS, 'cell_volts': CELLS, 'probe_temps': PROBES}
GROUPS = {'emotor': 'motors', 'cell_volts': 'packs', 'probe_temps': 'packs'}


def vectors(name):
    """The rows of public frames."""
    with open(os.path.join(VECTORS, name)) as file:
        return [line.rstrip('\n').split('\t') for line in file if line[0] != '#']


def frames_json(frames):
    build = os.environ.get('PENSTOCK_BUILD', os.path.join(ROOT, 'build'))
    done = subprocess.run([os.path.join(build, 'tests/interop/frame_json')], check=True, text=True,
                          input=''.join(frame.hex() + '\n' for frame in frames),
                          stdout=subprocess.PIPE)
    return [json.loads(line) for line in done.stdout.splitlines()]


class PythonJson(unittest.TestCase):
    def test_all_frames_and_parts_of_them_are_read(self):
        frames = [bytes.fromhex(row[3]) for row in vectors('gbt32960.tsv')]
        parts = [frame[:n] for frame in frames for n in range(25, len(frame) + 1, 3)]
        objects = frames_json(frames + parts)
        self.assertEqual(len(objects), len(frames) + len(parts))
        for frame, said in zip(frames, objects):
            self.assertEqual(said['command'], frame[2])
            self.assertEqual(said['edition'], 2016 if frame[:1] == b'#' else 2025)

    def test_all_messages_are_read(self):
        rows = [row for row in vectors('jt808.tsv') if row[3] == 'ok']
        objects = frames_json([bytes.fromhex(row[9]) for row in rows])
        self.assertEqual(len(objects), len(rows))
        for row, said in zip(rows, objects):
            self.assertEqual((said['id'], said['phone'], said['serial']),
                             (int(row[2][:6], 16), row[4].lstrip('0') or '0', int(row[5])))


# ---- frames for both ------------------------------------------------------------------------

class Maker:
    """Units of any values; counts are plain, since to rtm_con FF of them are 255."""

    def __init__(self, seed):
        self.dice = random.Random(seed)

    def number(self, size):
        most = (1 << 8 * size) - 1
        value = self.dice.choice([most, most - 1, most - 2, 0, 1, self.dice.randint(0, most),
                                  self.dice.randint(0, most)])
        return value.to_bytes(size, 'big')

    def numbers(self, sizes):
        return b''.join(self.number(int(size)) for size in sizes)

    def counted(self, count_bytes, sizes, most=6):
        count = self.dice.randint(0, most)
        return count.to_bytes(count_bytes, 'big') + b''.join(
            self.numbers(sizes) for _ in range(count))

    def packs(self, sizes, count_bytes, size):
        count = self.dice.randint(0, 3)
        return bytes([count]) + b''.join(
            self.numbers(sizes) + self.counted(count_bytes, size, 30) for _ in range(count))

    def alarms(self):
        return self.numbers('14') + b''.join(self.counted(1, '4') for _ in range(4))

    def units(self, edition):
        if edition == 2016:
            return {1: self.numbers('1112422111211'), 2: self.counted(1, '11122122'),
                    4: self.numbers('122'), 5: self.numbers('144'),
                    6: self.numbers('112112111111'), 7: self.alarms(),
                    8: self.packs('12222', 1, '2'), 9: self.packs('1', 2, '1')}
        return {1: self.numbers('11124221112'), 2: self.counted(1, '111241'),
                4: self.numbers('2'), 5: self.numbers('1144'),
                6: self.alarms() + self.counted(1, '11'),
                7: self.packs('122', 2, '2'), 8: self.packs('1', 2, '1')}

    def report(self):
        edition = self.dice.choice((2016, 2025))
        units = self.units(edition)
        chosen = self.dice.sample(sorted(units), self.dice.randint(1, len(units)))
        data = bytes.fromhex('190b1e0c0000') + b''.join(
            bytes([number]) + units[number] for number in chosen)
        if edition == 2025:
            data += b'\xff\x01' + self.signature() + self.signature()
        start = b'##' if edition == 2016 else b'$$'
        head = b'\x02\xfeLPENSTK0000000001\x01' + struct.pack('>H', len(data))
        check = 0
        for byte in head + data:
            check ^= byte
        return start + head + data + bytes([check])

    def signature(self):
        return struct.pack('>H', 32) + self.dice.randbytes(32)


# ---- what both say --------------------------------------------------------------------------

def value_of(said):
    """A number of rtm_con's as ours; None: invalid or abnormal."""
    if hasattr(said, 'valid'):
        return said.value if said.valid else None
    if isinstance(said, list):
        return [value_of(one) for one in said]
    if isinstance(said, str) and not hasattr(said, 'intvalue'):
        return int(said, 16)            # a fault's code
    return None if str(said) in ('invalid', 'abnormal') else int(said)


class RtmCon(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            import rtm_con
        except ImportError as missing:
            raise unittest.SkipTest(f'rtm_con is not installed: {missing}') from None
        cls.decoder = rtm_con.msg_checked

    def same(self, ours, theirs, where):
        if isinstance(theirs, list):
            self.assertEqual(len(ours), len(theirs), where)
            for i, (one, other) in enumerate(zip(ours, theirs)):
                self.same(one, other, f'{where}[{i}]')
        elif isinstance(theirs, float) and ours is not None:
            self.assertAlmostEqual(ours, theirs, 5, where)
        else:
            self.assertEqual(ours, theirs, where)

    def object(self, ours, theirs, kind, where):
        for name, key in NAMES[kind].items():
            if name not in theirs:
                continue
            value = value_of(theirs[name])
            if self.is_read_otherwise(kind, name, value, ours.get(key)):
                continue
            self.same(ours[key], value, f'{where}.{key}')

    def is_read_otherwise(self, kind, name, value, ours):
        """All ones where the text says nothing of them; signs; one offset that is not t.B.6's."""
        if ours is None and value in (0xfe, 0xff, 0xfffe, 0xffff):
            return (kind, name) in (('emotor', 'index'), ('cell_volts', 'cell_start_index'),
                                    ('whole_vehicle', 'insulation_resistance'),
                                    ('warnings', 'max_warning_level'), ('gnss', 'gnss_gcs'))
        if kind == 'gnss' and value is not None and ours is not None:
            self.assertAlmostEqual(abs(ours), value, 5)
            return True
        if kind == 'cell_volts' and name == 'curr' and self.edition == 2016 and value is not None:
            self.assertAlmostEqual(ours, value + 2000, 5)
            return True
        return False

    def unit(self, ours, theirs, where):
        kind, content = str(theirs.data_type), theirs.data_content
        self.assertEqual(ours['id'], int(theirs.data_type), where)
        if kind in GROUPS:
            items = ours[GROUPS[kind]]
            self.assertEqual(len(items), len(content), where)
            for i, (one, other) in enumerate(zip(items, content)):
                self.object(one, other, kind, f'{where}[{i}]')
            return
        self.object(ours, content, kind, where)
        if kind == 'whole_vehicle':
            gear = content.gear_state
            self.assertEqual((ours['gear'], ours['is_braking'], ours['is_driving']),
                             (int(gear.gear), gear.braking_force, gear.driving_force), where)
        if kind == 'gnss':
            state = content.gnss_state
            self.assertEqual(ours['is_last_fix'], not state.gnss_valid, where)
            for key, is_negative in (('longitude_deg', str(state.gnss_e_w) == 'w'),
                                     ('latitude_deg', str(state.gnss_n_s) == 's')):
                self.assertTrue(not ours[key] or (ours[key] < 0) == is_negative, where)
        if kind == 'warnings':
            raised = [name for name, is_on in content.general_warnings.items()
                      if name[0] != '_' and is_on]
            self.assertEqual(len(ours['alarms']), len(raised), where)
            levels = [(int(one.warning), one.level)
                      for one in content.get('general_warning_list', [])]
            self.assertEqual([(one['flag'], one['level']) for one in ours.get('levels', [])],
                             [tuple(None if n > 253 else n for n in one) for one in levels])

    def report(self, frame, ours):
        theirs = self.decoder.parse(frame)
        self.edition = ours['edition']
        where = frame.hex()
        self.assertEqual(ours['vin'], theirs.vin)
        self.assertNotIn('undecoded', ours, where)
        units = ours['units']
        if self.edition == 2025:
            signature = units.pop()
            self.assertEqual(signature['r'], theirs.payload.sig.r_value, where)
            self.assertEqual(signature['s'], theirs.payload.sig.s_value, where)
        self.assertEqual(len(units), len(theirs.payload.data_list), where)
        for i, (one, other) in enumerate(zip(units, theirs.payload.data_list)):
            self.unit(one, other, f'unit {i} of {where}')

    def test_reports_say_to_both_the_same(self):
        maker = Maker(1)
        frames = [maker.report() for _ in range(REPORTS)]
        for frame, ours in zip(frames, frames_json(frames)):
            self.report(frame, ours)
