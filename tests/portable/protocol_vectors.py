"""Run the golden vectors on the interpreter that runs this file, CPython or MicroPython.

Usage: python protocol_vectors.py PROTOCOL_DIR VECTOR…  prints "N passed, N failed", exits 1 if any
failed. Cases are read one a line, so that the heap of a Pico W is enough.
"""

import binascii
import json
import sys

sys.path.insert(0, sys.argv[1])

from onedoor_protocol import chain, codec, mac, messages, topics  # noqa: E402
from onedoor_protocol.errors import CODES, ProtocolError  # noqa: E402


def hexed(raw):
    """Bytes as lower-case hex text."""
    return binascii.hexlify(raw).decode()


def refusal(work, *arguments):
    """The code of the ProtocolError that work raises, None where it raises none."""
    try:
        work(*arguments)
    except ProtocolError as error:
        return error.code if error.code in CODES else "unknown code " + error.code
    return None


def key_mac(case):
    """The Mac of a case's key."""
    return mac.Mac(binascii.unhexlify(case["key"]))


def payload_of(case):
    """A case's payload as bytes, given as text or as hex."""
    if "payload" in case:
        return case["payload"].encode()
    return binascii.unhexlify(case["payload_hex"])


def run_topics(case):
    """A topic taken apart and built again, or refused."""
    if "error" in case:
        return refusal(topics.parse, case["topic"]), case["error"]
    parts = topics.parse(case["topic"])
    got = parts + (topics.direction(parts[2]), topics.topic(*parts))
    names = ("centre", "device", "channel", "direction", "topic")
    return got, tuple([case[name] for name in names])


def run_mac(case):
    """An HMAC of a message, or the MAC of a body on a topic."""
    if "hmac" in case:
        return hexed(key_mac(case).digest(binascii.unhexlify(case["message_hex"]))), case["hmac"]
    made = key_mac(case).of(case["direction"], case["topic"], case["body"].encode())
    return made.decode(), case["mac"]


def run_passwords(case):
    """A key's broker password."""
    return mac.broker_password(binascii.unhexlify(case["key"])), case["password"]


def run_entries(case):
    """A packed entry, or a rating's field a."""
    if "packed" in case:
        kind, t_ms, a, b = case["entry"]
        return hexed(chain.pack(case["seq"], kind, t_ms, a, b)), case["packed"]
    try:
        value, scale = chain.rating_of(case["a"])
    except ValueError:
        return "field_range", case.get("error")
    return (value, scale, chain.rating(value, scale)), (case["value"], case["scale"], case["a"])


def run_chain(case):
    """The chain values of a whole journal."""
    value = chain.genesis(case["device"], binascii.unhexlify(case["inc"]))
    values = [hexed(value)]
    for index, (kind, t_ms, a, b) in enumerate(case["entries"]):
        value = chain.step(value, chain.pack(index + 1, kind, t_ms, a, b))
        values.append(hexed(value))
    return values, case["chain"]


def run_bodies(case):
    """A body encoded to exact bytes, or refused by check and by encode alike."""
    channel, body = case["channel"], case["body"]
    if "error" in case:
        got = refusal(messages.check, channel, body), refusal(codec.encode, channel, body)
        return got, (case["error"], case["error"])
    return codec.encode(channel, body).decode(), case["json"]


def run_payloads(case):
    """A payload opened to its body, or refused."""
    payload = payload_of(case)
    if "error" in case:
        return refusal(codec.open_payload, case["topic"], payload, key_mac(case)), case["error"]
    body = codec.open_payload(case["topic"], payload, key_mac(case))
    body.pop("pad", None)
    return body, case["body"] if "pad" not in case["body"] else unpadded(case["body"])


def unpadded(body):
    """A body without the unknown field that fills a payload up to its cap."""
    return {name: body[name] for name in body if name != "pad"}


def run_session(case):
    """A message of the session made from its body, and opened again."""
    topic = case["topic"]
    channel = topics.parse(topic)[2]
    sealed = codec.seal(topic, codec.encode(channel, case["body"]), key_mac(case))
    opened = codec.open_payload(topic, sealed, key_mac(case))
    got = sealed.decode(), opened, channel in topics.RETAINED
    return got, (case["payload"], case["body"], case["retain"])


RUN = {
    "topics": run_topics,
    "mac": run_mac,
    "passwords": run_passwords,
    "entries": run_entries,
    "chain": run_chain,
    "bodies": run_bodies,
    "payloads": run_payloads,
    "session": run_session,
}


def cases(path):
    """The cases of a vector file, one by one."""
    with open(path) as lines:
        for line in lines:
            line = line.strip().rstrip(",")
            if line not in ("[", "]"):
                yield json.loads(line)


def main(protocol, names):
    """Run the named vector files; the number of failed cases."""
    passed = failed = 0
    for name in names:
        for number, case in enumerate(cases(protocol + "/vectors/" + name + ".json")):
            if case.get("gate") == "hub":
                continue
            try:
                got, wanted = RUN[name](case)
            except Exception as error:
                got, wanted = "raised " + repr(error), "nothing raised"
            if got == wanted:
                passed += 1
            else:
                failed += 1
                if failed > 20:
                    continue
                print(name, number, "got", str(got)[:300], "wanted", str(wanted)[:300])
    print(str(passed) + " passed, " + str(failed) + " failed")
    return failed


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1], sys.argv[2:]) else 0)
