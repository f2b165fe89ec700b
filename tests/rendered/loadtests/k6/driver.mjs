// Runs every scenario in node: stand-ins for k6's modules send real requests, one at a time.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [directory, script, rounds] = process.argv.slice(2);
const sent = [];
let last = Promise.resolve();

globalThis.__ENV = process.env;
globalThis.open = (path) => readFileSync(path, "utf8");
globalThis.send = (method, url, body, { headers, tags }) => {
  last = last.then(async () => {
    const answer = await fetch(url, { method, headers, body: body ?? undefined });
    await answer.text();
    sent.push([tags.name, answer.status]);
  });
};

const modules = join(directory, "node_modules", "k6");
mkdirSync(modules, { recursive: true });
writeFileSync(
  join(modules, "package.json"),
  JSON.stringify({ type: "module", exports: { ".": "./index.js", "./http": "./http.js" } }),
);
writeFileSync(join(modules, "index.js"), "export const sleep = () => {};");
writeFileSync(
  join(modules, "http.js"),
  `const get = (url, how) => send("GET", url, null, how);
const post = (url, body, how) => send("POST", url, body, how);
const patch = (url, body, how) => send("PATCH", url, body, how);
export default { get, post, patch };`,
);
const copy = join(directory, "scenarios.mjs");
writeFileSync(copy, readFileSync(script));

const { options, ...scenarios } = await import(copy);
for (const scenario of Object.values(scenarios)) {
  for (let round = 0; round < Number(rounds); round += 1) scenario();
}
await last;
console.log(JSON.stringify({ options, names: Object.keys(scenarios).sort(), sent }));
