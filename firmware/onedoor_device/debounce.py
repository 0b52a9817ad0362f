"""From bouncing contacts to presses: one integrator a button."""

# A contact counts as pressed once it was closed for 8 ms, bounces subtracted, so at the second
# sample of a 5 ms tick; cheap arcade buttons bounce for 1 to 5 ms.
PRESS_MS = 8
# It counts as released after 30 ms open without a break: bounces on release are no presses.
RELEASE_MS = 30
# A late tick proves nothing about the time between two samples: no step counts for more.
MAX_STEP_MS = 7
# A finger closes a contact for 30 ms at least: where no tick comes for longer than this, too few
# samples of such a press are left.
LATE_MS = 20


class Debounce:
    """Debounces up to 8 buttons given as bit masks (bit 0 is the leftmost; 1 is closed)."""

    def __init__(self, buttons):
        self.pressed = 0
        self.closing = 0
        self._count_ms = [0] * buttons
        self._last_ms = 0

    def sample(self, now_ms, closed, edges=0):
        """Take one sample; returns the mask of buttons newly pressed. Allocates nothing.

        ``edges`` is the mask of buttons that closed at any time since the last sample, as the
        hardware noted it. In time it says nothing that the levels don't. Where the sample is late
        (erasing flash stops all code for up to 400 ms) it is all there is of a press that is over:
        then a contact that closed, or was about to count as pressed before, was pressed.

        ``pressed`` is then the mask of buttons held, ``closing`` of those about to be pressed.
        """
        step_ms = now_ms - self._last_ms
        self._last_ms = now_ms
        unseen = edges | self.closing if step_ms > LATE_MS else 0
        if step_ms > MAX_STEP_MS:
            step_ms = MAX_STEP_MS
        new = 0
        closing = 0
        for index in range(len(self._count_ms)):
            bit = 1 << index
            count_ms = self._count_ms[index]
            if self.pressed & bit:
                count_ms = 0 if closed & bit else count_ms + step_ms
                if count_ms >= RELEASE_MS:
                    self.pressed &= ~bit
                    count_ms = 0
            elif unseen & bit:
                self.pressed |= bit
                new |= bit
                count_ms = 0
            elif closed & bit:
                count_ms += step_ms
                if count_ms >= PRESS_MS:
                    self.pressed |= bit
                    new |= bit
                    count_ms = 0
                else:
                    closing |= bit
            else:
                count_ms = max(0, count_ms - step_ms)
                if count_ms:
                    closing |= bit
            self._count_ms[index] = count_ms
        self.closing = closing
        return new
