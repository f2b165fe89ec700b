// Reads a JSON list of diagrams from standard input; prints one error, or null, for each.
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("");
globalThis.window = window;
globalThis.document = window.document;
const { default: mermaid } = await import("mermaid");

const errors = [];
for (const diagram of JSON.parse(readFileSync(0, "utf8"))) {
  errors.push(await mermaid.parse(diagram).then(() => null, (error) => error.message));
}
console.log(JSON.stringify(errors));
