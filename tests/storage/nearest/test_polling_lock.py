"""The polling lock: one thread at a time, none starved, and released after an error."""

import threading
import time

import pytest

from storage.nearest.polling_lock import PollingLock


def test_one_thread_at_a_time_holds_the_lock_and_each_gets_it() -> None:
    lock, inside, most, done = PollingLock(), [0], [0], []

    def work(name: int) -> None:
        for _ in range(20):
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.0005)
                inside[0] -= 1
            time.sleep(0.0001)
        done.append(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (most[0], sorted(done)) == (1, [0, 1, 2, 3])


def test_an_error_releases_the_lock() -> None:
    lock = PollingLock()
    with pytest.raises(ValueError, match="mine"), lock:
        raise ValueError("mine")
    with lock:
        pass
