"""Write the generated protocol files anew, or with ``--check`` say which are stale.

``protocol/generated/`` (JSON Schemas and AsyncAPI) and the tables in ``SPEC.md`` come from
``onedoor_protocol``; ``vectors/`` comes from ``specgen.plain``, which does not use it.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from specgen import asyncapi, bodies, payloads, schemas, tables, vectors  # noqa: E402

VECTORS = {
    "topics": vectors.topics,
    "mac": vectors.macs,
    "passwords": vectors.passwords,
    "entries": vectors.entries,
    "chain": vectors.chains,
    "bodies": bodies.bodies,
    "payloads": payloads.payloads,
    "session": vectors.session,
}


def _document(node: object) -> str:
    return json.dumps(node, indent=2, ensure_ascii=True) + "\n"


def _cases(cases: list[dict[str, object]]) -> str:
    """One case a line: a small device reads them one by one, and a difference shows as a line."""
    lines = (json.dumps(case, separators=(",", ":")) for case in cases)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def files() -> dict[Path, str]:
    """Every generated file with what it should hold."""
    made = {HERE / "vectors" / f"{name}.json": _cases(make()) for name, make in VECTORS.items()}
    for channel in schemas.messages.MESSAGES:
        path = HERE / "generated" / f"{channel}.schema.json"
        made[path] = _document(schemas.schema(channel))
    made[HERE / "generated" / "asyncapi.json"] = _document(asyncapi.document())
    spec = HERE / "SPEC.md"
    made[spec] = tables.filled(spec.read_text(encoding="utf-8"))
    return made


def leftovers(made: set[Path]) -> list[Path]:
    """Files in the generated folders that are none of those made."""
    found = [*(HERE / "vectors").iterdir(), *(HERE / "generated").iterdir()]
    return sorted(path for path in found if path not in made)


def main(arguments: list[str]) -> int:
    """Exit status: 0 done or fresh, 1 stale or forgotten files (named), 2 wrong arguments."""
    if arguments not in ([], ["--check"]):
        print("usage: python protocol/generate.py [--check]", file=sys.stderr)
        return 2
    stale = []
    made = files()
    for path, text in made.items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.relative_to(HERE.parent))
        if not arguments:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for path in stale:
        print(f"{path}: {'stale, run python protocol/generate.py' if arguments else 'written'}")
    forgotten = leftovers(set(made))
    for path in forgotten:
        print(f"{path.relative_to(HERE.parent)}: nothing makes this file any more, delete it")
    return 1 if forgotten or (arguments and stale) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
