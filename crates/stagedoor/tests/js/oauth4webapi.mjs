// Every flow by oauth4webapi, which checks each answer against the RFCs.
//
// node oauth4webapi.mjs SETTINGS.json
import { readFileSync } from "node:fs";
import * as oauth from "oauth4webapi";
import { decide, must } from "./browser.mjs";

const { base, audience, server, app, person, organizer } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const loose = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(base);
const discovery = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...loose });
const as = await oauth.processDiscoveryResponse(issuer, discovery);

async function fails(answer, process, error) {
  const failure = await process(await answer).then(
    () => null,
    (failure) => failure,
  );
  must(failure instanceof oauth.ResponseBodyError && failure.error === error, `${error}: ${failure}`);
}

async function flow(client, auth, redirect, scope) {
  const [verifier, state] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState()];
  const url = new URL(as.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: redirect,
    response_type: "code",
    scope,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    resource: base,
  });
  const no = await decide(url, { ...person, decision: "deny" });
  try {
    oauth.validateAuthResponse(as, client, no, state);
    throw new Error("a no was taken for a yes");
  } catch (refusal) {
    must(refusal instanceof oauth.AuthorizationResponseError && refusal.error === "access_denied", refusal);
  }
  // Checks state and, because the metadata promise it, `iss`.
  const params = oauth.validateAuthResponse(as, client, await decide(url, person), state);
  const exchange = () =>
    oauth.authorizationCodeGrantRequest(as, client, auth, params, redirect, verifier, loose);
  const process = (answer) => oauth.processAuthorizationCodeResponse(as, client, answer);
  return { tokens: await process(await exchange()), exchange, process };
}

// By RFC 9068, with the published keys: an API of somebody else's could do the same.
async function genuine(token, client) {
  const request = new Request(base, { headers: { authorization: `Bearer ${token}` } });
  const claims = await oauth.validateJwtAccessToken(as, request, audience, loose);
  must(claims.client_id === client.client_id, "made for the client");
  return claims;
}

async function call(token, path) {
  return oauth.protectedResourceRequest(token, "GET", new URL(path, base), undefined, undefined, loose);
}

async function refuses(token, path) {
  const failure = await call(token, path).then(
    () => null,
    (failure) => failure,
  );
  must(failure instanceof oauth.WWWAuthenticateChallengeError, `a challenge: ${failure}`);
  return failure.cause[0].parameters.error;
}

const confidential = { client_id: server.id };
const secretBasic = oauth.ClientSecretBasic(server.secret);
const secretPost = oauth.ClientSecretPost(server.secret);
const publicClient = { client_id: app.id };
const none = oauth.None();

// A program on somebody's own device, at whatever port it was given.
{
  const redirect = `http://127.0.0.1:${1024 + Math.floor(Math.random() * 60000)}/back`;
  const { tokens } = await flow(publicClient, none, redirect, "profile.read orders.read");
  const claims = await genuine(tokens.access_token, publicClient);
  must(claims.scope === "profile.read orders.read" && claims.sub === person.id, "acts for the person");
  must((await (await call(tokens.access_token, "/api/v1/me")).json()).id === person.id, "is let in");
  must((await refuses(tokens.access_token, "/api/v1/me/tickets")) === "insufficient_scope", "and no further");

  const renew = (token, extra) =>
    oauth.refreshTokenGrantRequest(as, publicClient, none, token, { ...loose, additionalParameters: extra });
  const read = (answer) => oauth.processRefreshTokenResponse(as, publicClient, answer);
  const less = await read(await renew(tokens.refresh_token, { scope: "orders.read" }));
  must(less.scope === "orders.read" && less.refresh_token !== tokens.refresh_token, "less, and another one");
  const again = await read(await renew(tokens.refresh_token));
  must(again.refresh_token === less.refresh_token, "a lost reply can be asked for again");
  const next = await read(await renew(less.refresh_token));
  await fails(renew(tokens.refresh_token), read, "invalid_grant");
  await fails(renew(next.refresh_token), read, "invalid_grant");
  must((await refuses(next.access_token, "/api/v1/me")) === "invalid_token", "the copy ended it for all");
}

// A code that comes back.
{
  const { tokens, exchange, process } = await flow(confidential, secretPost, server.redirect, "profile.read");
  must((await call(tokens.access_token, "/api/v1/me")).status === 200, "is let in");
  await fails(exchange(), process, "invalid_grant");
  must((await refuses(tokens.access_token, "/api/v1/me")) === "invalid_token", "what it gave has ended");
}

// Revocation and introspection.
{
  const { tokens } = await flow(confidential, secretBasic, server.redirect, "profile.read");
  const ask = async (token) => {
    const answer = await oauth.introspectionRequest(as, confidential, secretBasic, token, loose);
    return oauth.processIntrospectionResponse(as, confidential, answer);
  };
  const worth = await ask(tokens.access_token);
  must(worth.active && worth.sub === person.id && worth.scope === "profile.read", "active");
  must((await ask(tokens.refresh_token)).active, "so is the other");
  const answer = await oauth.revocationRequest(as, confidential, secretPost, tokens.refresh_token, loose);
  await oauth.processRevocationResponse(answer);
  must(!(await ask(tokens.access_token)).active && !(await ask(tokens.refresh_token)).active, "ended");
  must((await refuses(tokens.access_token, "/api/v1/me")) === "invalid_token", "for the API, too");
}

// A partner.
{
  const buy = (auth, parameters) =>
    oauth.clientCredentialsGrantRequest(as, confidential, auth, new URLSearchParams(parameters), loose);
  const read = (answer) => oauth.processClientCredentialsResponse(as, confidential, answer);
  const tokens = await read(await buy(secretBasic, { scope: "sales.read" }));
  must(tokens.refresh_token === undefined, "nothing to refresh");
  const claims = await genuine(tokens.access_token, confidential);
  must(claims.sub === server.id && claims.org === organizer, "acts for the organizer");
  const orders = await call(tokens.access_token, `/api/v1/organizers/${organizer}/orders`);
  must(orders.status === 200, "is let in");
  must((await refuses(tokens.access_token, "/api/v1/me")) === "insufficient_scope", "and is no person");
  await fails(buy(secretPost, { scope: "profile.read" }), read, "invalid_scope");
  const wrong = await buy(oauth.ClientSecretPost("cs_wrong"), {});
  must(wrong.status === 401 && (await wrong.json()).error === "invalid_client", "with a wrong secret");
}
console.log("every flow");
