"""The judgement on journal entries, within one transaction: new, known, gap or fork.

Invariants: an entry is stored once under (stream, seq); its chain value follows from the entry
before it wherever that one is stored; boots do not run backwards; tallies change in the same
transaction as the entries they count.
"""

from collections.abc import Iterable
from dataclasses import astuple

from onedoor_protocol import chain
from onedoor_protocol.errors import ProtocolError
from sqlalchemy import Connection

from onedoor_hub.ingest.gaps import Gaps
from onedoor_hub.ingest.gate import Message
from onedoor_hub.ingest.spans import Undated
from onedoor_hub.ingest.timing import Clock, narrowed, observed, usable, utc_of
from onedoor_hub.store import entries, gaps, tallies
from onedoor_hub.store.devices import Device
from onedoor_hub.store.entries import Stream


class Ledger:
    """Takes the messages of one transaction; ``close`` writes what they amount to.

    ``others``: ids of devices that are answered too, though nothing of theirs is taken.
    """

    def __init__(self, connection: Connection, messages: list[Message], others: Iterable[str]):
        self._connection = connection
        ids = {message.device.id for message in messages}.union(others)
        self._streams = entries.load_streams(connection, ids) if ids else {}
        wanted = set()
        for message in messages:
            stream = self._streams.get((message.device.id, message.body.inc))
            if stream is not None:
                wanted.add((stream.id, message.body.boot))
                wanted.add((stream.id, getattr(message.body, "eb", message.body.boot)))
        rows = entries.load_clocks(connection, wanted) if wanted else {}
        self._clocks = {key: Clock(*row) for key, row in rows.items()}
        self._clocks_read = set(wanted)
        self._clocks_changed: set[tuple[int, int]] = set()
        self._touched: dict[int, Stream] = {}
        self._newest_boot: dict[int, int] = {}
        self._rows: list[tuple] = []
        self._gaps = Gaps(connection)
        self._undated = Undated()
        self._tallies = tallies.Tallies()
        self.counted: set[tuple[str, int]] = set()  # (centre id, counter) with a new rating
        self.stored = 0

    def stream_of(self, message: Message) -> Stream:
        """The stream of a message's incarnation, made if it is new."""
        key = message.device.id, message.body.inc
        stream = self._streams.get(key)
        if stream is None:
            stream = entries.new_stream(
                self._connection,
                message.device.centre_no,
                message.device.id,
                message.body.inc,
                message.arrival.received_ms,
            )
            self._streams[key] = stream
        return stream

    def contiguous_seq(self, device_id: str, incarnation: str) -> int:
        """Highest seq up to which every entry is stored, 0 for none."""
        stream = self._streams.get((device_id, incarnation))
        return stream.contiguous_seq if stream else 0

    def announced(self, message: Message) -> None:
        """Note how many entries a state tells of: they are expected until they came."""
        stream = self.stream_of(message)
        if message.body.seq > stream.announced_seq:
            stream.announced_seq = message.body.seq
            self._touched[stream.id] = stream

    def observe_clock(self, message: Message) -> None:
        """Narrow the clock of the message's boot by the message's time of arrival."""
        heard = getattr(message.body, "heard", None) or None
        seen = observed(message.body.now, message.arrival.received_ms, heard)
        key = self.stream_of(message).id, message.body.boot
        known = self._clock(key)
        clock = narrowed(known, seen)
        if clock != known:
            self._clocks[key] = clock
            self._clocks_changed.add(key)
            if clock.low_ms is not None and (known is None or known.low_ms is None):
                self._undated.dated(message.device, self.stream_of(message))

    def take(self, message: Message) -> None:
        """Store a journal message's entries, or find them stored already.

        Raises ProtocolError ``chain_broken``, ``entry_changed`` or ``boot_backwards``, or
        ``frozen`` where the journal was closed by hand; then no entry of the message is stored.
        """
        body, stream = message.body, self.stream_of(message)
        if stream.released:
            raise ProtocolError("frozen", "$.inc", f"journal closed by hand: {stream.released}")
        previous = bytes.fromhex(body.prev)
        values = []
        value = previous
        for index, (kind, t_ms, a, b) in enumerate(body.e):
            value = chain.step(value, chain.pack(body.first + index, kind, t_ms, a, b))
            values.append(value)
        last = body.first + len(body.e) - 1
        if body.first == stream.highest_seq + 1 == stream.contiguous_seq + 1:
            if previous != stream.contiguous_chain:
                raise ProtocolError("chain_broken", "$.prev", f"fork at seq {body.first}")
            self._check_boot(stream, body)
            fresh = range(len(body.e))
        else:
            fresh = self._compare(stream, body, previous, values, last)
        self.observe_clock(message)
        self._store(message.device, stream, message, values, fresh)
        self._advance(stream, message, last, values[-1], fresh)

    def _check_boot(self, stream: Stream, body) -> None:
        if stream.id not in self._newest_boot:  # then of all at once
            unknown = [one for one in self._streams.values() if one.id not in self._newest_boot]
            self._newest_boot.update({one.id: 0 for one in unknown})
            self._newest_boot.update(entries.newest_boots(self._connection, unknown))
        newest = self._newest_boot[stream.id]
        if body.eb < newest:
            raise ProtocolError("boot_backwards", "$.eb", f"boot {body.eb} after boot {newest}")

    def _compare(self, stream, body, previous, values, last) -> list[int]:
        """Indexes of the entries not yet stored; the others, and the neighbours, must agree."""
        self._flush_rows()
        stored = entries.entries_between(self._connection, stream, body.first - 1, last + 1)
        fresh = []
        for index, entry in enumerate(body.e):
            row = stored.get(body.first + index)
            if row is None:
                fresh.append(index)
            elif (row.kind, row.t_ms, row.a, row.b, row.boot) != (*entry, body.eb):
                raise ProtocolError("entry_changed", f"$.e[{index}]", f"seq {row.seq} differs")
            elif row.chain != values[index]:
                raise ProtocolError("chain_broken", f"$.e[{index}]", f"fork before seq {row.seq}")
        before, after = stored.get(body.first - 1), stored.get(last + 1)
        if body.first == 1:
            if previous != chain.genesis(stream.device, bytes.fromhex(stream.incarnation)):
                raise ProtocolError("chain_broken", "$.prev", "not this incarnation's beginning")
        elif before is not None and before.chain != previous:
            raise ProtocolError("chain_broken", "$.prev", f"fork at seq {body.first}")
        if after is not None:
            packed = chain.pack(after.seq, after.kind, after.t_ms, after.a, after.b)
            if chain.step(values[-1], packed) != after.chain:
                raise ProtocolError("chain_broken", "$.e", f"fork before seq {after.seq}")
        if fresh:
            below, above = entries.boots_around(self._connection, stream, body.first, last)
            if (below is not None and below > body.eb) or (above is not None and above < body.eb):
                text = f"boot {body.eb} between boots {below} and {above}"
                raise ProtocolError("boot_backwards", "$.eb", text)
        return fresh

    def _store(self, device: Device, stream, message, values, fresh) -> None:
        body = message.body
        clock = self._clock((stream.id, body.eb))
        for index in fresh:
            kind, t_ms, a, b = body.e[index]
            utc_ms, error_ms = utc_of(t_ms, clock)
            self._rows.append(
                (
                    stream.centre_no,
                    stream.id,
                    body.first + index,
                    body.eb,
                    kind,
                    t_ms,
                    a,
                    b,
                    values[index],
                    message.arrival.received_ms,
                    utc_ms,
                    error_ms,
                    device.counter,
                )
            )
            known_ms = utc_ms if usable(error_ms) else None
            counter = device.counter if kind == chain.KIND_RATING else None
            if known_ms is None:
                self._undated.count(device, stream, body.eb, t_ms, counter is not None)
            if counter is not None:
                value, scale = chain.rating_of(a)
                self._tallies.count(
                    stream.centre_no, counter, device.time_zone, known_ms, scale, value
                )
                self.counted.add((device.centre, counter))
        stream.received += len(fresh)
        self.stored += len(fresh)
        self._touched[stream.id] = stream

    def _advance(self, stream: Stream, message: Message, last: int, value: bytes, fresh) -> None:
        body, now_ms = message.body, message.arrival.received_ms
        first = body.first
        in_order = stream.highest_seq == stream.contiguous_seq == first - 1
        if first > stream.highest_seq + 1:
            prev = bytes.fromhex(body.prev)
            self._gaps.found(stream, stream.highest_seq + 1, first - 1, prev, now_ms)
        elif fresh and not in_order:
            seqs = [first + index for index in fresh]
            self._gaps.filled(stream, seqs, bytes.fromhex(body.prev), now_ms)
        if last > stream.highest_seq:
            stream.highest_seq = last
            self._newest_boot[stream.id] = body.eb
        if in_order:
            stream.contiguous_seq, stream.contiguous_chain = last, value
        elif fresh:
            seq = self._gaps.contiguous_seq(stream)
            if seq == last:
                stream.contiguous_seq, stream.contiguous_chain = seq, value
            elif seq > stream.contiguous_seq:
                self._flush_rows()
                stream.contiguous_seq = seq
                stream.contiguous_chain = gaps.chain_at(
                    self._connection, stream.centre_no, stream.id, seq
                )

    def _clock(self, key: tuple[int, int]) -> Clock | None:
        if key not in self._clocks and key not in self._clocks_read:
            row = entries.load_clocks(self._connection, [key]).get(key)
            self._clocks_read.add(key)
            if row is not None:
                self._clocks[key] = Clock(*row)
        return self._clocks.get(key)

    def _flush_rows(self) -> None:
        if self._rows:
            entries.insert_entries(self._connection, self._rows)
            self._rows = []

    def close(self) -> None:
        """Write entries, streams, clocks and tallies; the caller commits."""
        self._flush_rows()
        entries.save_streams(self._connection, self._touched.values())
        if self._clocks_changed:
            changed = {key: self._clocks[key] for key in self._clocks_changed}
            rows = {key: astuple(clock) for key, clock in changed.items()}
            entries.save_clocks(self._connection, rows)
        self._gaps.write()
        self._undated.write(self._connection)
        self._tallies.write(self._connection)
