"""Criteria: what they accept, and what they mean."""

import re
from fractions import Fraction

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_kmeans import Criteria
from napari_kmeans.core.options import criteria as module


@given(
    st.one_of(st.none(), st.integers(1, 10**9)),
    st.one_of(st.none(), st.floats(0, 1e300), st.integers(0, 10**6)),
)
def test_criteria_keep_what_they_are_given(max_iter, epsilon):
    criteria = Criteria(max_iter, epsilon)
    assert criteria.max_iter == max_iter
    assert criteria.epsilon == epsilon
    assert criteria.epsilon is None or type(criteria.epsilon) is float
    assert Criteria.of(criteria) is criteria


def test_criteria_are_values():
    assert Criteria(5, 1) == Criteria(np.int32(5), np.float32(1))
    assert hash(Criteria()) == hash(Criteria(10))
    with pytest.raises(AttributeError):
        Criteria().max_iter = 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "max_iter=0 should be at least 1."),
        ((-3,), "max_iter=-3 should be at least 1."),
        ((10, -0.5), "epsilon=-0.5 should be a finite number of at least 0."),
        ((10, np.nan), "epsilon=nan should be a finite number of at least 0."),
        ((10, np.inf), "epsilon=inf should be a finite number of at least 0."),
    ],
)
def test_wrong_values_are_refused(arguments, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Criteria(*arguments)


def test_an_integer_beyond_floats_is_refused():
    with pytest.raises(ValueError, match=r"epsilon=1000.* should be a finite number"):
        Criteria(10, 10**400)


@pytest.mark.parametrize("max_iter", [True, 2.5, "5", np.True_, Fraction(3)])
def test_max_iter_of_another_type_is_refused(max_iter):
    message = f"max_iter={max_iter!r} should be an integer or None."
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        Criteria(max_iter)


@pytest.mark.parametrize("epsilon", [False, "1.0", 1j, [1.0]])
def test_epsilon_of_another_type_is_refused(epsilon):
    message = f"epsilon={epsilon!r} should be a number or None."
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        Criteria(10, epsilon)


def test_the_bits_are_opencv_s():
    assert module.COUNT == cv2.TERM_CRITERIA_MAX_ITER == cv2.TERM_CRITERIA_COUNT
    assert module.EPS == cv2.TERM_CRITERIA_EPS
    assert np.finfo(np.float32).eps == module.OPENCV_EPSILON


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (
            (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 10, 1.0),
            Criteria(10, 1.0),
        ),
        ((cv2.TERM_CRITERIA_EPS, 0, 0.5), Criteria(None, 0.5)),
        ((cv2.TERM_CRITERIA_MAX_ITER, 7, -1), Criteria(7, 2.0**-23)),
        ([3, 100, 0], Criteria(100, 0.0)),
    ],
)
def test_opencv_s_tuple_is_read(given_, expected):
    assert Criteria.of(given_) == expected


@pytest.mark.parametrize(
    ("given_", "error"),
    [
        ((0, 10, 1.0), ValueError),
        ((4, 10, 1.0), ValueError),
        ((3, 0, 1.0), ValueError),
        ((3, 10, -1.0), ValueError),
        ((2, 10, np.nan), ValueError),
        ((3, 10), TypeError),
        ((3, 10, 1.0, 1), TypeError),
        (("both", 10, 1.0), TypeError),
        ((True, 10, 1.0), TypeError),
        ((3, 2.5, 1.0), TypeError),
        ((3, 10, "1"), TypeError),
        (10, TypeError),
        (None, TypeError),
        ("10", TypeError),
        ({"max_iter": 10}, TypeError),
    ],
)
def test_what_is_no_criteria_is_refused(given_, error):
    with pytest.raises(error, match=r"^\w+=.* should .*\.$"):
        Criteria.of(given_)


@given(st.floats(0, 1e300))
def test_epsilon_is_by_default_a_255th_of_the_range(data_range):
    assert Criteria().resolve(data_range) == (10, data_range / 255)
    assert Criteria(None, 3.0).resolve(data_range) == (None, 3.0)


def test_epsilon_is_counted_in_the_unit_of_the_range():
    assert Criteria().resolve(510.0, unit=4.0) == (10, 2.0)
    assert Criteria(None, 6.0).resolve(510.0, unit=4.0) == (None, 1.5)
