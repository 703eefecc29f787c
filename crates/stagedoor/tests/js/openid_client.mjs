// Every flow by openid-client, as an application would use it.
//
// node openid_client.mjs SETTINGS.json
import { readFileSync } from "node:fs";
import * as client from "openid-client";
import { decide, must } from "./browser.mjs";

const { base, server, app, person, organizer } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const options = { algorithm: "oauth2", execute: [client.allowInsecureRequests] };
const configure = (id, auth) => client.discovery(new URL(base), id, undefined, auth, options);

async function signedIn(config, redirect, scope) {
  const [verifier, state] = [client.randomPKCECodeVerifier(), client.randomState()];
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirect,
    scope,
    state,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  const back = await decide(url, person);
  return client.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier, expectedState: state });
}

async function get(config, token, path) {
  const answer = await client.fetchProtectedResource(config, token, new URL(path, base), "GET");
  return answer.json();
}

async function fails(promise, error) {
  const failure = await promise.then(
    () => null,
    (failure) => failure,
  );
  must(failure?.error === error, `${error}: ${failure}`);
}

// Without a secret.
{
  const config = await configure(app.id, client.None());
  const tokens = await signedIn(config, "http://127.0.0.1:8765/back", "profile.read");
  must(tokens.scope === "profile.read" && tokens.expires_in === 3600, "what was asked for");
  must((await get(config, tokens.access_token, "/api/v1/me")).id === person.id, "acts for the person");
  const next = await client.refreshTokenGrant(config, tokens.refresh_token);
  must((await get(config, next.access_token, "/api/v1/me")).id === person.id, "still does");
  await client.tokenRevocation(config, next.refresh_token);
  await fails(client.refreshTokenGrant(config, next.refresh_token), "invalid_grant");
}

// With one, in both places it may stand.
for (const auth of [client.ClientSecretBasic(server.secret), client.ClientSecretPost(server.secret)]) {
  const config = await configure(server.id, auth);
  const tokens = await signedIn(config, server.redirect, "profile.read orders.read");
  const worth = await client.tokenIntrospection(config, tokens.access_token);
  must(worth.active && worth.client_id === server.id && worth.sub === person.id, "is told of");
  await client.tokenRevocation(config, tokens.access_token);
  must(!(await client.tokenIntrospection(config, tokens.access_token)).active, "and ended");

  const partner = await client.clientCredentialsGrant(config, { scope: "sales.read" });
  const orders = await get(config, partner.access_token, `/api/v1/organizers/${organizer}/orders`);
  must(Array.isArray(orders.items), "a partner sees what was sold");
  await fails(client.clientCredentialsGrant(config, { scope: "refunds.write" }), "invalid_scope");
}
console.log("every flow");
