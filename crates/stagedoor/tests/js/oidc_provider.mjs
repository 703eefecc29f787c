// A certified OpenID Connect provider on a port of its own, for as long as its standard input is open.
//
// node oidc_provider.mjs REDIRECT_URI
// Prints its issuer. Everybody signs in with any password; whoever is called "unproven" has an address that
// was never proved.
import { createServer } from "node:http";
import { once } from "node:events";
import Provider from "oidc-provider";

const server = createServer();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const issuer = `http://127.0.0.1:${server.address().port}`;
const claims = (id) => ({
  sub: id,
  name: `${id} of elsewhere`,
  email: `${id}@example.org`,
  email_verified: id !== "unproven",
});
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "stagedoor",
      client_secret: "a secret: with & signs",
      redirect_uris: [process.argv[2]],
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
  ],
  pkce: { required: () => true },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  findAccount: (_, id) => ({ accountId: id, claims: async () => claims(id) }),
  cookies: { keys: ["of a test"] },
  features: { devInteractions: { enabled: true } },
});
server.on("request", provider.callback());
process.stdin.resume();
process.stdin.on("end", () => process.exit());
console.log(issuer);
