// Validate an AsyncAPI document: prints the parser's findings as JSON, [severity, code, message].
// Usage: node validate_asyncapi.mjs FILE    (severity 0 is an error, 1 a warning)
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const text = readFileSync(process.argv[2], "utf8");
const { diagnostics } = await new Parser().parse(text);
console.log(JSON.stringify(diagnostics.map((one) => [one.severity, one.code, one.message])));
