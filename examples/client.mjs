// Adds a document, and searches for it as soon as it is found. It needs Node 18:
// node client.mjs http://localhost:8080 http://localhost:9090
const [search, intake] = process.argv.slice(2);
const { LIGHTSHIP_TOKEN } = process.env;
const lamp = { url: "https://example.org/node", title: "Desk lamp", text: "A lamp for a desk." };

async function call(url, options) {
  const answer = await fetch(url, options);
  const told = await answer.json();
  if (!answer.ok) throw new Error(`${answer.status}: ${told.error}`);
  return told;
}

const { position } = await call(`${intake}/documents`, {
  method: "POST",
  headers: LIGHTSHIP_TOKEN ? { Authorization: `Bearer ${LIGHTSHIP_TOKEN}` } : {},
  body: [lamp].map((document) => JSON.stringify(document)).join("\n"),
});
const parameters = new URLSearchParams({ q: "desk lamp", format: "json", min_position: position });
const { hits } = await call(`${search}/search?${parameters}`);
for (const hit of hits) console.log(hit.title, hit.url);
