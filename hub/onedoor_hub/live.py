"""Tells open pages that a counter changed. In-process, coalescing, bounded.

A subscriber that reads slowly finds the changes it missed merged into one set, so a slow phone
costs no memory and delays nobody.
"""

import threading


class Subscription:
    """One open page's share of the changes."""

    def __init__(self):
        self._changed = set()
        self._wake = threading.Condition()

    def add(self, changes):
        """Merge changes in and wake the waiting page."""
        with self._wake:
            self._changed |= changes
            self._wake.notify()

    def wait(self, timeout_s):
        """The set of (centre id, counter number) changed since the last call; empty on time-out."""
        with self._wake:
            if not self._changed:
                self._wake.wait(timeout_s)
            changed, self._changed = self._changed, set()
            return changed


class Live:
    """The meeting point of the writer, which publishes, and the pages, which subscribe."""

    def __init__(self):
        self._subscriptions = set()
        self._lock = threading.Lock()

    def publish(self, changes):
        """Tell every page; ``changes`` is a set of (centre id, counter number)."""
        with self._lock:
            for subscription in self._subscriptions:
                subscription.add(changes)

    def subscribe(self):
        """A new Subscription; give it back to ``unsubscribe``."""
        subscription = Subscription()
        with self._lock:
            self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription):
        """Forget a subscription."""
        with self._lock:
            self._subscriptions.discard(subscription)

    def __len__(self):
        with self._lock:
            return len(self._subscriptions)
