"""Turns: work in steps, in between of which the event loop turns."""

import pytest
from qtpy.QtCore import QObject, QTimer

from napari_kmeans.plugin.turns import in_turns


def test_the_event_loop_turns_between_steps(qtbot):
    said = []

    def steps():
        for step in range(3):
            QTimer.singleShot(0, lambda step=step: said.append(f"answer {step}"))
            said.append(f"step {step}")
            yield
        said.append("end")

    parent = QObject()
    in_turns(parent, steps())
    assert said == []
    qtbot.waitUntil(lambda: "end" in said and "answer 2" in said)
    for step in range(2):
        assert said.index(f"answer {step}") < said.index(f"step {step + 1}")
    assert said.index("step 2") < said.index("end")


def test_nothing_to_do_ends_at_once(qtbot):
    said = []

    def steps():
        said.append("end")
        yield from ()

    parent = QObject()
    in_turns(parent, steps())
    qtbot.waitUntil(lambda: said == ["end"])
    assert not parent.children()


def test_an_error_ends_the_steps_and_is_passed_on(qtbot):
    said = []

    def steps():
        yield
        said.append("end")
        raise RuntimeError("cannot go on")

    parent = QObject()
    with qtbot.captureExceptions() as errors:
        in_turns(parent, steps())
        qtbot.waitUntil(lambda: said == ["end"])
    assert [str(error) for _, error, _ in errors] == ["cannot go on"]


@pytest.mark.parametrize("done", [0, 1])
def test_no_step_is_taken_without_the_parent(qtbot, done):
    said = []

    def steps():
        for step in range(3):
            said.append(step)
            if step == done:
                parent.deleteLater()
            yield

    parent = QObject()
    gone = []
    parent.destroyed.connect(lambda: gone.append(True))
    in_turns(parent, steps())
    qtbot.waitUntil(lambda: bool(gone))
    again = []
    QTimer.singleShot(0, lambda: QTimer.singleShot(0, lambda: again.append(True)))
    qtbot.waitUntil(lambda: bool(again))
    assert said == list(range(done + 1))
