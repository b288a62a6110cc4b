"""test_overload.py - the seconds of a made-up run in, what perf/run overload says of them out."""
import pathlib
import sys
import unittest
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "perf"))
import load  # noqa: E402
import overload  # noqa: E402

PEAK = 1000
FLEET = overload.Row("fleet", "fleet", 1, {"connections": 10})
DATAGRAMS = overload.Row("datagrams", "udp", 1, {"connections": 10})


def second(accepted, p99=5000, begun=None, given=4000, lost=0):
    begun = accepted if begun is None else begun
    return {"given": given, "held_back": given - begun, "begun": begun, "accepted": accepted,
            "refused": 0, "lost": lost, "retransmits": 0, "busy": 0.5,
            "latency_us": {"count": accepted, "p50": p99 / 2, "p99": p99}}


def run_of(storm, calm):
    """One second at the peak, one at half of it, a storm of four times it, half again."""
    steps = [(1000, [second(1000, given=1000)]), (500, [second(500, given=500)]), (4000, storm),
             (500, calm)]
    looks = []
    for number in range(sum(len(seconds) for _, seconds in steps)):
        core = {"role": "poller", "cpu": 0, "cycles_busy": 60, "cycles_idle": 30,
                "cycles_stalled": 10, "stages": {"session": 40, "nic": 20, "ack": 0}}
        looks.append({"from": number, "to": number + 2,
                      "counters": {"records_stored": 2 * number, "packet_drop_tcp_memory": 3,
                                   "cycles_busy": 9}, "cores": [core]})
    return {"steps": [{"rate": rate, "seconds": float(len(seconds)), "each": seconds,
                       "latency_us": {"p99": 7000}} for rate, seconds in steps],
            "watched": looks}


CALM = [second(500, given=500)] * 4


class Goodput(unittest.TestCase):
    def test_a_second_below_nine_tenths_of_the_peak_is_told_whichever_it_is(self):
        for bad in range(4):
            storm = [second(950)] * 4
            storm[bad] = second(899)
            point = overload.point_of(FLEET, run_of(storm, CALM), overload.IN_STORM, PEAK)
            self.assertEqual(overload.verdict(point, PEAK),
                             [f"goodput 90% of the peak in second {bad + 1}"])
        point = overload.point_of(FLEET, run_of([second(900)] * 4, CALM), overload.IN_STORM, PEAK)
        self.assertEqual(overload.verdict(point, PEAK), [])
        self.assertEqual((point["share"], point["answered_per_s"], point["given_per_s"]),
                         (4, 900, 4000))

    def test_of_datagrams_what_the_gateway_stored_in_the_time_between_two_looks_counts(self):
        run = run_of([second(9999)] * 2, CALM)
        self.assertEqual(overload.goodput_of(DATAGRAMS, run, overload.IN_STORM), [2, 3])

    def test_the_explanation_is_that_of_the_step(self):
        told = overload.explain(run_of([second(900)] * 4, CALM), overload.IN_STORM)
        self.assertEqual(told["counters"], {"packet_drop_tcp_memory": 12})
        self.assertEqual(told["shares"], {"poller session": 0.4, "poller nic": 0.2})


class Tries(unittest.TestCase):
    """Storms of a made-up gateway: what the peak and the storm of each try get."""

    def beyond(self, *tries):
        runs = []
        for at_peak, in_storm in tries:
            run = run_of([second(in_storm)] * 4, CALM)
            run["steps"][overload.AT_PEAK]["each"] = [second(at_peak, given=1000)]
            runs.append({**run, "ledger": {"connections_lost": {}}})
        with unittest.mock.patch.object(overload, "run_steps",
                                        side_effect=[(run, []) for run in runs]):
            return overload.beyond(FLEET, 4, PEAK, 15000)

    def test_a_storm_is_held_against_the_peak_of_its_own_run(self):
        point = self.beyond((700, 640))
        self.assertEqual((point["peak_per_s"], point["wrong"], point["tries"]), (700, [], []))

    def test_never_against_more_than_the_peak(self):
        self.assertEqual(self.beyond((1100, 910))["peak_per_s"], PEAK)

    def test_one_that_falls_short_is_tried_again_and_kept(self):
        point = self.beyond((1000, 600), (1000, 950))
        self.assertEqual((point["wrong"], len(point["tries"])), ([], 1))
        self.assertIn("goodput 60% of the peak", point["tries"][0]["wrong"][0])

    def test_a_collapse_is_told_after_the_last_try(self):
        point = self.beyond(*[(1000, 600)] * overload.TRIES)
        self.assertEqual(len(point["tries"]), overload.TRIES - 1)
        self.assertIn("goodput 60% of the peak", point["wrong"][0])


class Recovery(unittest.TestCase):
    def recovery(self, calm, begun=900):
        run = run_of([second(900, begun=begun)] * 4, calm)
        point = overload.point_of(FLEET, run, overload.IN_STORM, PEAK)
        point["recovery"] = overload.recovery_of(run, PEAK, 15000)
        return point["recovery"], overload.verdict(point, PEAK)

    def test_two_slow_seconds_are_normal_and_a_third_is_not(self):
        slow = second(500, p99=40000, given=500)
        recovery, wrong = self.recovery([slow] * 2 + CALM[:2])
        self.assertEqual((recovery["normal_after_s"], wrong), (2, []))
        recovery, wrong = self.recovery([slow] * 3 + CALM[:1])
        self.assertEqual(wrong, ["latency not normal 3 s after the storm"])

    def test_a_second_whose_messages_are_not_answered_is_not_normal(self):
        few = second(100, given=500)
        self.assertEqual(self.recovery(CALM[:2] + [few, CALM[0]])[0]["normal_after_s"], 3)

    def test_what_lay_in_the_windows_has_its_time(self):
        slow = second(500, p99=40000, given=500)
        recovery, wrong = self.recovery([slow] * 3 + CALM[:1], begun=900 + 200)
        self.assertEqual((recovery["backlog_s"], wrong), (1.6, []))

    def test_noise_of_the_disk_is_normal(self):
        self.assertEqual(self.recovery([second(500, p99=29000, given=500)] * 4)[0]
                         ["normal_after_s"], 0)


class Rows(unittest.TestCase):
    def test_all_connections_together_have_half_a_second_outstanding_and_each_has_eight(self):
        row = overload.Row("x", "fleet", 1, {"connections": 1000})
        self.assertEqual(overload.outstanding_of(row, 700000), 350)
        self.assertEqual(overload.outstanding_of(row, 1), 8)
        self.assertEqual(overload.outstanding_of(row, 7e9), overload.OUTSTANDING_MAX)

    def test_a_row_without_a_peak_does_not_hold(self):
        good = {"wrong": [], "points": [{"wrong": []}]}
        self.assertTrue(overload.holds({"storms": [good]}))
        self.assertFalse(overload.holds({"storms": [good, {"wrong": ["x"], "points": []}]}))
        self.assertFalse(overload.holds({"storms": [{"wrong": [], "points": [{"wrong": ["x"]}]}]}))


    def test_a_peak_that_was_none_is_told(self):
        points = [{"answered_per_s": 1000}, {"wrong": ["no figures"]}]
        self.assertEqual(overload.peak_error(points, 900), [])
        self.assertEqual(overload.peak_error(points, 800),
                         ["1000/s were answered later: that was no peak"])


class Memory(unittest.TestCase):
    def test_more_vehicles_than_fit_are_refused_with_a_number_that_does(self):
        self.assertEqual(load.memory_missing(1000, free=4 << 30), "")
        text = load.memory_missing(10000000, free=4 << 30)
        self.assertIn("--count 3000000 would fit", text)
        self.assertEqual(load.memory_missing(3000000, free=4 << 30), "")


if __name__ == "__main__":
    unittest.main()
