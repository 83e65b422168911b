"""What finds its own thread inside is done when the thread leaves; what is put off is done by whoever catches up."""

from __future__ import annotations

import sys
import threading

import pytest

from mesa_transports.recorded.deferral import catch_up, inside, outside, put_off


@pytest.fixture
def done() -> list[str]:
    return []


def test_outside_a_job_is_done_at_once_and_its_error_is_the_callers(done):
    outside(lambda: done.append("a"))
    assert done == ["a"]
    with pytest.raises(ZeroDivisionError):
        outside(lambda: 1 / 0)


def test_inside_it_waits_until_the_thread_left(done):
    with inside():
        with inside():
            outside(lambda: done.append("a"))
            catch_up()
        catch_up()
        assert done == []
    catch_up()
    assert done == ["a"]


def test_other_threads_are_not_inside(done):
    with inside():
        thread = threading.Thread(target=outside, args=[lambda: done.append("a")])
        thread.start()
        thread.join()
    assert done == ["a"]


def test_what_is_put_off_is_done_in_order_after_the_next_job_even_one_that_fails(done):
    for name in "ab":
        put_off(lambda name=name: done.append(name))
    assert done == []
    with pytest.raises(ZeroDivisionError):
        outside(lambda: 1 / 0)
    assert done == ["a", "b"]


def test_an_error_of_what_was_put_off_is_shown_and_stops_nothing(done, monkeypatch):
    shown = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, *_: shown.append(kind))
    put_off(lambda: 1 / 0)
    put_off(lambda: done.append("a"))
    catch_up()
    assert (shown, done) == ([ZeroDivisionError], ["a"])
