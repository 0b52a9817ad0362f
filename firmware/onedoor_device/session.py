"""The talk with the hub: birth, entries, acknowledgements, configuration, commands.

``Session`` makes and reads messages; the link carries them; the outbox says which entries are
due. Everything the box must remember across connections is in the journal.
"""

import binascii

from onedoor_protocol import codec, mac, topics
from onedoor_protocol.errors import ProtocolError

from onedoor_device.clock import HubTime
from onedoor_device.journal import JournalGap
from onedoor_device.outbox import Outbox

BIRTH_MS = 10000  # a birth without an answer is repeated (STA-002)
STATE_CHANGE_MS = 5000
STATE_EVERY_MS = 600000
FIRST_PAUSE_MS = 1000
MAX_PAUSE_MS = 60000
STEADY_MS = 60000
MESSAGES_PER_STEP = 4


class Session:
    """One box's side of the protocol. ``device`` is the ``Device`` it speaks for."""

    def __init__(self, device, config, jitter):
        self._device = device
        self._journal = device.journal
        self._jitter = jitter
        self._mac = mac.Mac(config.key)
        self._topics = {
            channel: topics.topic(config.centre, config.device, channel)
            for channel in topics.UP + topics.DOWN
        }
        self._handlers = {
            self._topics["ack"]: ("ack", self._ack),
            self._topics["desired"]: ("desired", self._desired),
            self._topics["command"]: ("command", self._command),
        }
        self._inc = binascii.hexlify(self._journal.incarnation).decode()
        self._hub = HubTime()
        self._outbox = Outbox(jitter)
        self._welcome = False  # the hub answered this connection's birth
        self._state_ms = 0  # ``now`` of the newest state
        self._shown = None  # what the newest state said of faults and refusals
        self._state_due = False
        self._command_n = 0
        self._pause_ms = FIRST_PAUSE_MS
        self._connect_ms = jitter(FIRST_PAUSE_MS)
        self._since_ms = 0

    def step(self, now_ms, link):
        """Do what is due: connect, receive, send. Raises OSError where the link breaks."""
        if not link.connected:
            if now_ms >= self._connect_ms:
                if link.ready(now_ms):
                    self._connect(now_ms, link)
                else:  # when the network comes up, it comes up for all boxes at once
                    self._connect_ms = now_ms + self._jitter(FIRST_PAUSE_MS)
            return
        for _ in range(MESSAGES_PER_STEP):
            message = link.receive(now_ms)
            if message is None:
                break
            self._receive(message[0], message[1], now_ms)
        self._state(now_ms, link)
        if self._welcome:
            self._send_entries(now_ms, link)

    def lost(self, now_ms):
        """The connection broke or could not be made: when to try again (CON-009)."""
        if now_ms - self._since_ms >= STEADY_MS and self._welcome:
            self._pause_ms = FIRST_PAUSE_MS
        self._welcome = False
        self._connect_ms = now_ms + self._pause_ms // 4 + self._jitter(self._pause_ms)
        self._pause_ms = min(2 * self._pause_ms, MAX_PAUSE_MS)

    def close(self, now_ms, link):
        """Say goodbye (STA-003), as far as the network lets us, and close the link."""
        try:
            if link.connected:
                payload = self._seal_state(now_ms, 0, link.rssi())
                link.publish(self._topics["state"], payload, True)
                link.disconnect()
        except OSError:
            link.close()

    # Connection

    def _connect(self, now_ms, link):
        self._welcome = False
        self._since_ms = now_ms
        down = [self._topics[channel] for channel in topics.DOWN]
        will = self._seal_state(now_ms, 0, link.rssi())
        link.connect(now_ms, self._topics["state"], will, down)
        self._state_due = True

    def _seal(self, channel, body):
        return codec.seal(self._topics[channel], codec.encode(channel, body), self._mac)

    # Up

    def _head(self, now_ms):
        return {"inc": self._inc, "boot": self._journal.boot, "now": now_ms}

    def _seal_state(self, now_ms, online, rssi):
        body = self._head(now_ms)
        body.update(self._device.state())
        body["online"] = online
        if rssi is not None:
            body["rssi"] = rssi
        return self._seal("state", body)

    def _state(self, now_ms, link):
        age_ms = now_ms - self._state_ms
        shown = self._device.condition()
        due = self._state_due
        if not due:
            if not self._welcome:
                due = age_ms >= BIRTH_MS
            elif shown != self._shown:
                due = age_ms >= STATE_CHANGE_MS
            else:
                due = age_ms >= STATE_EVERY_MS
        if due and age_ms > 0:
            payload = self._seal_state(now_ms, 1, link.rssi())
            link.publish(self._topics["state"], payload, True)
            self._state_ms = now_ms
            self._hub.sent(now_ms)
            self._shown = shown
            self._state_due = False

    def _send_entries(self, now_ms, link):
        wanted = self._outbox.next(self._journal.last_seq, now_ms)
        if wanted is None:
            return
        try:
            boot, prev, entries = self._device.read(wanted[0], wanted[1])
        except JournalGap as gap:
            self._outbox.skip(gap.next_seq)
            return
        if not entries:  # a far one takes the journal more than one call to reach
            return
        body = self._head(now_ms)
        body["eb"] = boot
        body["first"] = wanted[0]
        body["prev"] = binascii.hexlify(prev).decode()
        body["e"] = [list(entry) for entry in entries]
        if self._hub.heard is not None:
            body["heard"] = self._hub.heard
        payload = self._seal("journal", body)
        link.publish(self._topics["journal"], payload, False)
        self._hub.sent(now_ms)
        self._outbox.sent(wanted[0], len(entries), now_ms)

    # Down

    def _receive(self, topic, payload, now_ms):
        known = self._handlers.get(topic)
        if known is None or not payload:
            return
        try:
            body = codec.open_payload(topic, payload, self._mac)
        except ProtocolError as error:
            self._device.log("ignored a message on " + known[0] + ": " + str(error))
            return
        known[1](body, now_ms)

    def _ours(self, body):
        return body["inc"] == self._inc and body["boot"] == self._journal.boot

    def _ack(self, body, now_ms):
        re = body["re"]
        to_state = self._state_ms > 0 and re == self._state_ms
        if not self._ours(body) or not (to_state or self._hub.known(re)):
            return
        if self._hub.take(re, body["utc"], now_ms):
            self._device.heard(now_ms, body["utc"])
        seq = body["seq"]
        newest = self._journal.last_seq
        if seq <= newest:
            if seq > self._journal.acked_seq:
                self._device.acknowledge(seq)
            self._outbox.answered(seq, re, now_ms)
        if to_state:
            self._welcome = True
            self._outbox.restart(self._journal.acked_seq, newest, now_ms)
        refused = "refused" in body
        if refused:
            self._device.log("the hub refused a message: " + body["refused"])
            self._outbox.refused(now_ms)
        self._device.hub_refuses(refused)

    def _desired(self, body, now_ms):
        self._device.configure(body)

    def _command(self, body, now_ms):
        if not self._ours(body) or body["n"] <= self._command_n:
            return
        self._command_n = body["n"]
        do = body["do"]
        if do == "window":
            self._device.open_window(body["tag"], now_ms + 1000 * body["for_s"])
        elif do == "identify":
            self._device.identify(now_ms + 1000 * body["for_s"])
        elif do == "reboot":
            self._device.reboot = True
        elif body["first"] <= body["last"]:
            held = self._outbox.ask(body["first"], body["last"], self._journal.last_seq)
            self._state_due = self._state_due or not held
