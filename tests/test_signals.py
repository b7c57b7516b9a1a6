"""Signals: a first one ends the program in order, further ones do not disturb that."""

import signal

import pytest

from napari_kmeans import signals


@signals.handled(signals.unwind)
def work(undone):
    try:
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.raise_signal(signal.SIGINT)
        try:
            raise OSError
        except OSError:
            signal.raise_signal(signal.SIGINT)
        undone.append(True)


@signals.handled(signals.unwind)
def lose_one():
    try:
        signal.raise_signal(signal.SIGTERM)
    except BaseException:  # as some library may
        signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)


def test_second_signal_does_not_disturb_what_the_first_has_begun():
    undone = []
    with pytest.raises(SystemExit) as ended:
        work(undone)
    assert undone
    assert ended.value.code == 128 + signal.SIGTERM


def test_signal_that_got_lost_does_not_keep_the_next_from_ending_the_program():
    with pytest.raises(SystemExit) as ended:
        lose_one()
    assert ended.value.code == 128 + signal.SIGINT


def test_handlers_are_those_from_before_afterwards():
    before = signal.getsignal(signal.SIGINT)
    with signals.handled(signals.unwind):
        assert signal.getsignal(signal.SIGINT) is signals.unwind
    assert signal.getsignal(signal.SIGINT) is before


def test_what_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with signals.handled(signals.unwind):
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
