import signal

import pytest

from sampling_units.cli.export.deferred_signals import stop_signals_deferred
from sampling_units.cli.stop_signals import Stopped, stop_signals


def test_a_stop_signal_waits_until_it_may_interrupt():
    done = []

    def work():
        with stop_signals_deferred() as stop_if_asked:
            stop_if_asked()
            signal.raise_signal(signal.SIGTERM)
            done.append("goes on")
            stop_if_asked()
            done.append("is not reached")

    with pytest.raises(Stopped) as stopped, stop_signals():
        work()
    assert done == ["goes on"]
    assert stopped.value.exit_status == 143


def test_at_the_latest_it_interrupts_at_the_end():
    done = []

    def work():
        with stop_signals_deferred():
            signal.raise_signal(signal.SIGHUP)
            done.append("goes on")

    with pytest.raises(Stopped), stop_signals():
        work()
    assert done == ["goes on"]


def test_afterwards_signals_interrupt_at_once():
    before = signal.getsignal(signal.SIGTERM)
    with stop_signals():
        handler = signal.getsignal(signal.SIGTERM)
        with stop_signals_deferred():
            assert signal.getsignal(signal.SIGTERM) is not handler
        assert signal.getsignal(signal.SIGTERM) is handler
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_signals(), stop_signals_deferred() as stop_if_asked:
            signal.raise_signal(signal.SIGHUP)
            stop_if_asked()
    finally:
        signal.signal(signal.SIGHUP, before)
