"""test_honest.py - the honest clients do notice: a gateway that stops for a moment fails them."""
import os
import signal
import threading

from honest import Beside


class Honest(Beside):
    def test_a_gateway_that_stops_for_half_a_second_is_noticed(self):
        with self.assertRaisesRegex(AssertionError, 'vehicle'):
            with self.undisturbed():
                os.kill(self.gw.pid, signal.SIGSTOP)
                wakes = threading.Timer(0.5, os.kill, (self.gw.pid, signal.SIGCONT))
                wakes.start()
        wakes.join()
