"""Properties of the codec: what is sealed opens again, what is altered is refused by name."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onedoor_protocol import chain, codec, mac, messages, topics
from onedoor_protocol.errors import CODES, ProtocolError

CHANNELS = sorted(messages.MESSAGES)
KEY_MAC = mac.Mac(bytes(range(32)))
VECTORS = Path(__file__).parents[2] / "protocol" / "vectors"
GOOD_PAYLOADS = [
    case
    for case in json.loads((VECTORS / "payloads.json").read_text())
    if "body" in case and len(case["payload"]) < 500
]
TOPIC = "onedoor/1/vientiane/vientiane-3/"
PRINTABLE = st.characters(min_codepoint=0x20, max_codepoint=0x7E)


def field_values(kind: str, low: int, high: int):
    if kind == "int":
        return st.integers(low, high)
    if kind == "text":
        return st.text(PRINTABLE, min_size=low, max_size=high)
    if kind == "hex":
        return st.text("0123456789abcdef", min_size=low, max_size=high)
    if kind == "word":
        return st.sampled_from(sorted(messages.COMMANDS))
    if kind == "codes":
        return st.lists(st.integers(1, 255), min_size=low, max_size=high)
    if kind == "heard":
        pair = st.tuples(st.integers(0, chain.MAX_T_MS), st.integers(0, messages.MAX_UTC_MS))
        return pair.map(list)
    numbers = [st.integers(least, most) for _, least, most in messages.ENTRY[1:]]
    other = st.tuples(st.integers(3, 255), *numbers).map(list)
    rating = st.tuples(st.just(2), numbers[0], st.sampled_from([0x41, 0x44, 0x55]), numbers[2])
    return st.lists(st.one_of(other, rating.map(list)), min_size=low, max_size=high)


def bodies(channel: str) -> st.SearchStrategy[dict]:
    table = messages.MESSAGES[channel]
    needed = {name: field_values(kind, low, high) for name, kind, low, high, req, _ in table if req}
    extra = {
        name: field_values(kind, low, high) for name, kind, low, high, req, _ in table if not req
    }
    if channel == "command":
        needed, extra = needed | extra, {}
    made: st.SearchStrategy[dict] = st.fixed_dictionaries(needed, optional=extra)
    if channel == "journal":
        made = made.filter(lambda body: body["first"] + 31 <= chain.MAX_SEQ)
        made = made.map(lambda body: {**body, "eb": min(body["eb"], body["boot"])})
    return made


ANY_BODY = st.sampled_from(CHANNELS).flatmap(lambda c: st.tuples(st.just(c), bodies(c)))
SCALAR = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=40),
    st.binary(max_size=4),
)
NESTED = st.recursive(
    SCALAR,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=20,
)


def refusal(work, *arguments) -> str | None:
    """The code of the ProtocolError that work raises; any other exception passes through."""
    try:
        work(*arguments)
    except ProtocolError as error:
        return error.code
    return None


@given(ANY_BODY)
def test_a_body_comes_out_of_its_payload_as_it_went_in(channel_and_body):
    """PAY-001, PAY-002, PAY-003: one line of compact printable JSON, then the MAC."""
    channel, body = channel_and_body
    encoded = codec.encode(channel, body)
    assert json.loads(encoded) == body
    assert encoded == json.dumps(json.loads(encoded), separators=(",", ":")).encode()
    payload = codec.seal(TOPIC + channel, encoded, KEY_MAC)
    assert codec.open_payload(TOPIC + channel, payload, KEY_MAC) == body


@given(ANY_BODY)
def test_the_fullest_message_stays_within_its_cap(channel_and_body):
    """PAY-006: every body the table allows fits, so a device never has to measure."""
    channel, body = channel_and_body
    payload = codec.seal(TOPIC + channel, codec.encode(channel, body), KEY_MAC)
    assert len(payload) <= messages.MAX_PAYLOAD_BYTES[channel]


def test_a_journal_of_the_widest_numbers_fits_its_cap():
    """JRN-001 and PAY-006 together: 32 entries always fit in one message."""
    ends = {
        name: 10 ** (len(str(high)) - 1) if kind == "int" else "0" * high
        for name, kind, _, high, _, _ in messages.MESSAGES["journal"]
        if kind in ("int", "hex")
    }
    widest = [[255, chain.MAX_T_MS, 255, 65535]] * messages.MAX_ENTRIES
    heard = [chain.MAX_T_MS, messages.MAX_UTC_MS]
    body = {**ends, "eb": ends["boot"], "e": widest, "heard": heard}
    topic = "/".join(["onedoor/1", "c" * 32, "d" * 32, "journal"])
    payload = codec.seal(topic, codec.encode("journal", body), KEY_MAC)
    assert len(payload) <= messages.MAX_PAYLOAD_BYTES["journal"]


@given(st.data())
def test_a_payload_with_one_byte_altered_is_refused(data):
    """MAC-003, PAY-001: whichever byte it is, and whatever it becomes."""
    case = data.draw(st.sampled_from(GOOD_PAYLOADS))
    payload = bytearray(case["payload"].encode())
    at = data.draw(st.integers(0, len(payload) - 1))
    payload[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ProtocolError) as refused:
        codec.open_payload(case["topic"], bytes(payload), KEY_MAC)
    assert refused.value.code == ("envelope" if at == len(payload) - 65 else "mac")


@given(st.sampled_from(GOOD_PAYLOADS), st.integers(0, 499))
def test_a_payload_cut_short_is_refused(case, length):
    payload = case["payload"].encode()
    cut = payload[: min(length, len(payload) - 1)]
    with pytest.raises(ProtocolError) as refused:
        codec.open_payload(case["topic"], cut, KEY_MAC)
    assert refused.value.code in ("envelope", "mac")


@given(st.sampled_from(GOOD_PAYLOADS), st.sampled_from(CHANNELS), st.sampled_from("0z"))
def test_a_payload_on_another_topic_is_refused(case, channel, device):
    """MAC-002: the topic is under the MAC."""
    elsewhere = f"onedoor/1/vientiane/{device}/{channel}"
    with pytest.raises(ProtocolError) as refused:
        codec.open_payload(elsewhere, case["payload"].encode(), KEY_MAC)
    assert refused.value.code in ("mac", "too_long")


@given(st.sampled_from(CHANNELS), NESTED)
def test_check_refuses_any_value_by_a_named_code_or_takes_it(channel, value):
    """ERR-001, ERR-004: nothing but ProtocolError, and only codes of the table."""
    assert refusal(messages.check, channel, value) in (None, *CODES)


@given(ANY_BODY, st.data(), NESTED)
def test_check_survives_any_value_in_any_field(channel_and_body, data, value):
    """ERR-004 again, but past the required fields, where a random value seldom gets."""
    channel, body = channel_and_body
    name = data.draw(st.sampled_from([field[0] for field in messages.MESSAGES[channel]]))
    code = refusal(messages.check, channel, {**body, name: value})
    assert code in (None, "field_type", "field_range", "field_missing")


@given(st.binary(max_size=600))
def test_no_bytes_make_the_receiver_raise_anything_else(raw):
    """ERR-004: sealed with the right key, so that the JSON reader meets them."""
    payload = raw + b"\n" + KEY_MAC.of("up", TOPIC + "state", raw)
    with pytest.raises(ProtocolError) as refused:
        codec.open_payload(TOPIC + "state", payload, KEY_MAC)
    assert refused.value.code in CODES


@given(st.text(max_size=60))
def test_a_topic_is_taken_apart_or_refused(text):
    """TOP-001 to TOP-003."""
    assert refusal(topics.parse, text) in (None, "topic")


@given(st.binary(max_size=64).filter(lambda key: len(key) != 32))
def test_a_key_of_another_length_is_refused(key):
    with pytest.raises(ValueError, match="32 bytes"):
        mac.Mac(key)
