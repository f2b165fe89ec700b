// The certified OpenID provider on loopback; the first argument is JSON: port and client.
// It plays the client application too: /landed is where a login ends.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const { port, client } = JSON.parse(process.argv[2]);
const pairs = {
  RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
};
const keys = Object.entries(pairs).map(([alg, pair]) => ({
  ...pair().privateKey.export({ format: "jwk" }), alg, kid: alg, use: "sig",
}));

const provider = new Provider(`http://localhost:${port}`, {
  clients: [client],
  jwks: { keys },
  cookies: { keys: ["of this test"] },
  pkce: { required: () => true },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  findAccount: (context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true, name: id }),
  }),
});
const answer = provider.callback();
const server = createServer((request, response) => {
  if (!request.url.startsWith("/landed")) return answer(request, response);
  response.setHeader("Content-Type", "text/html");
  return response.end("<!doctype html><title>landed</title><body class=landed>here</body>");
});
server.listen(port, "127.0.0.1");
