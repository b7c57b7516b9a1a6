"""Histories: values that are undone and redone, as a list and a place in it."""

from hypothesis import given
from hypothesis import strategies as st

from napari_kmeans.plugin.history import LONGEST, History

STEPS = st.lists(st.one_of(st.integers(0, 5), st.sampled_from(["undo", "redo"])))


@given(STEPS)
def test_a_history_is_a_list_and_a_place_in_it(steps):
    history, values, at = History(), [], -1
    for step in steps:
        if step == "undo":
            at = max(at - 1, min(0, at))
            assert history.undo() == history.current
        elif step == "redo":
            at = min(at + 1, len(values) - 1)
            assert history.redo() == history.current
        else:
            if at < 0 or values[at] != step:
                values, at = [*values[: at + 1], step], at + 1
            history.add(step)
        assert history.current == (values[at] if values else None)
        assert history.can_undo == (at > 0)
        assert history.can_redo == (at < len(values) - 1)


def test_the_oldest_are_forgotten():
    history = History()
    for value in range(LONGEST + 9):
        history.add(value)
    while history.can_undo:
        history.undo()
    assert history.current == 9


@given(st.integers(1, 5))
def test_one_can_go_before_the_first(n):
    history = History()
    for value in range(n):
        history.add(value)
    assert history.go(-1) is None
    assert (history.can_undo, history.can_redo) == (False, True)
    assert history.redo() == 0
    history.go(-1)
    history.add(7)
    assert history.values == [7]
