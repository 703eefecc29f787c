// A person at a browser without scripts: opens the page that a client sends them to, fills in the form
// and goes where the answer leads.

const plain = (text) =>
  text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");

/** The address that the browser is sent to in the end. */
export async function decide(url, { account, password, decision = "allow" }) {
  const page = await fetch(url, { redirect: "manual" });
  if (page.status !== 200) throw new Error(`the page: ${page.status} ${page.headers.get("location") ?? ""}`);
  const cookie = page.headers.get("set-cookie").split(";")[0];
  const html = await page.text();
  const form = new URLSearchParams({ account, password, decision });
  for (const [, name, value] of html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)) {
    form.append(plain(name), plain(value));
  }
  const target = new URL(html.match(/<form method="post" action="([^"]*)">/)[1], url);
  const answer = await fetch(target, { method: "POST", redirect: "manual", headers: { cookie }, body: form });
  if (answer.status !== 303) throw new Error(`the answer: ${answer.status} ${await answer.text()}`);
  return new URL(answer.headers.get("location"));
}

/** Fails the program unless `holds`. */
export function must(holds, what) {
  if (!holds) throw new Error(`not so: ${what}`);
}
