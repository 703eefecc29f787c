// Somebody at a browser signs in to Stagedoor by way of an outside provider.
//
// node provider_sign_in.mjs SETTINGS.json
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { must } from "./browser.mjs";

const { base, issuer, spool } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const PASSWORD = "an old mill by the sea";

async function post(path, body, token) {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await fetch(`${base}/api/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await answer.text();
  return { status: answer.status, body: text ? JSON.parse(text) : null };
}

/** Goes to the provider as `who`, gives its leave, and brings back what the provider adds to the return page. */
async function browse(url, who) {
  const jar = new Map();
  let form;
  for (let hops = 0; hops < 20; hops += 1) {
    if (url.startsWith(`${base}/sign-in/`)) {
      const { code, state, iss } = Object.fromEntries(new URL(url).searchParams);
      return { code, state, iss };
    }
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const method = form ? "POST" : "GET";
    const answer = await fetch(url, { method, redirect: "manual", headers: { cookie }, body: form });
    for (const set of answer.headers.getSetCookie()) {
      const [, name, value] = set.match(/^([^=]*)=([^;]*)/);
      if (value) jar.set(name, value);
      else jar.delete(name);
    }
    const place = answer.headers.get("location");
    form = undefined;
    if (place) {
      url = new URL(place, url).href;
      continue;
    }
    const html = await answer.text();
    const action = html.match(/<form[^>]*action="([^"]*)"/)?.[1];
    must(answer.status === 200 && action, `a form of the provider: ${answer.status} ${html.slice(0, 400)}`);
    form = new URLSearchParams({ prompt: html.match(/name="prompt" value="([^"]*)"/)[1] });
    if (form.get("prompt") === "login") {
      form.set("login", who);
      form.set("password", "any");
    }
    url = new URL(action, url).href;
  }
  throw new Error("the provider sends browsers around in circles");
}

async function signIn(who, change = {}) {
  const { status, body: visit } = await post("/auth/providers/start", { provider: "example" });
  must(status === 200 && visit.url.startsWith(issuer), `a way to the provider: ${status}`);
  const answer = { provider: "example", secret: visit.secret, ...(await browse(visit.url, who)), ...change };
  return { answer, ended: await post("/auth/providers", answer) };
}

const refused = ({ status, body }, wanted, code) =>
  must(status === wanted && body.error.code === code, `${code}: ${status} ${JSON.stringify(body)}`);

const listed = await (await fetch(`${base}/api/v1/auth/providers`)).json();
must(JSON.stringify(listed.items) === '[{"id":"example","name":"Example"}]', JSON.stringify(listed));

// Somebody new, and again.
const first = await signIn("ann");
must(first.ended.status === 200, `signed in: ${JSON.stringify(first.ended)}`);
const { user } = first.ended.body;
must(user.email === "ann@example.org" && user.emailVerified && user.name === "ann of elsewhere", JSON.stringify(user));
must((await signIn("ann")).ended.body.user.id === user.id, "the same account again");
const links = await fetch(`${base}/api/v1/me/provider-links`, {
  headers: { authorization: `Bearer ${first.ended.body.accessToken}` },
});
must((await links.json()).items[0].providerName === "Example", "the link is listed");

// The same answer again, in another browser, and a code for another question.
refused(await post("/auth/providers", first.answer), 401, "provider_refused");
refused((await signIn("ann", { secret: "another browser's" })).ended, 401, "provider_refused");
refused((await signIn("ann", { code: first.answer.code })).ended, 401, "provider_refused");
refused((await signIn("ann", { iss: "https://attacker.example" })).ended, 401, "provider_refused");
const { body: one } = await post("/auth/providers/start", { provider: "example" });
const { body: other } = await post("/auth/providers/start", { provider: "example" });
const [mine, theirs] = [await browse(one.url, "ann"), await browse(other.url, "ann")];
const mixed = { provider: "example", ...mine, code: theirs.code, secret: one.secret };
refused(await post("/auth/providers", mixed), 401, "provider_refused");

// Nobody's account is entered by an address, and none is made by one that was not proved.
const account = { email: "carl@example.org", password: PASSWORD, name: "Carl" };
const carl = (await post("/auth/register", account)).body;
refused((await signIn("carl")).ended, 409, "email_taken");
refused((await signIn("unproven")).ended, 409, "wrong_state");

// Linked from within, under another name.
async function code() {
  for (let tries = 0; tries < 100; tries += 1) {
    for (const file of readdirSync(spool).filter((name) => name.startsWith("msg_"))) {
      const text = readFileSync(join(spool, file), "utf8");
      if (text.includes("carl@example.org")) return text.match(/\b(\d{6}) is your code/)[1];
    }
    await sleep(100);
  }
  throw new Error("no code was sent");
}
const token = carl.accessToken;
must((await post("/me/email/verify", { code: await code() }, token)).status === 200, "verified");
const start = { provider: "example", password: PASSWORD };
const { body: visit } = await post("/me/provider-links/start", start, token);
const answer = { provider: "example", secret: visit.secret, ...(await browse(visit.url, "carl-there")) };
const linked = await post("/me/provider-links", answer, token);
must(linked.status === 201 && linked.body.email === "carl-there@example.org", JSON.stringify(linked));
must((await signIn("carl-there")).ended.body.user.id === carl.user.id, "by the link");
console.log("every flow");
