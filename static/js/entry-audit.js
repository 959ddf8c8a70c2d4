// The audit: is the chain whole? Asked when the page opens, and by a button.

import { get } from "./control.js";
import { byId, h, patch } from "./dom.js";
import { shortId, span } from "./format.js";
import { paint } from "./live.js";

/**
 * @typedef {{
 *   whole: boolean, links: number, end_number: number, end_digest: string,
 *   broken_number: number | null, flaw: string | null, detail: string | null,
 * }} Verified
 */

const COUNT = new Intl.NumberFormat("en");

/** @type {{ found: Verified | null, at: number, took: number, asking: boolean, refused: string }} */
const last = { found: null, at: 0, took: 0, asking: false, refused: "" };

paint(draw);
void verify();
byId("chain").addEventListener("click", (event) => {
  if (/** @type {Element} */ (event.target).closest("[data-verify]")) void verify();
});

async function verify() {
  if (last.asking) return;
  last.asking = true;
  draw();
  const began = performance.now();
  const answer = await get("/api/v1/audit/verify");
  Object.assign(last, { asking: false, refused: answer.ok ? "" : answer.detail });
  if (answer.ok) Object.assign(last, { found: answer.body, at: performance.now(), took: performance.now() - began });
  draw();
}

function draw() {
  patch(byId("chain"), [
    state(),
    h("button", { key: "verify", type: "button", class: "button small", "data-verify": true, disabled: last.asking }, last.asking ? "Verifying…" : "Verify the chain"),
    last.refused ? h("span", { key: "refused", class: "soon" }, last.refused) : null,
  ]);
}

/** @returns {import("./dom.js").Loose} */
function state() {
  const { found } = last;
  if (found === null) return h("span", { key: "state" }, last.asking ? "The chain is being followed from its first link." : "Not verified.");
  if (found.whole && found.end_number === 0) return h("span", { key: "state" }, "No link yet: nothing to verify.");
  const ago = `verified ${span(performance.now() - last.at)} ago`;
  if (!found.whole) {
    return h("div", { key: "state", class: "refused", role: "alert" }, h("b", null, "The chain is broken. "), `${found.detail}. `,
      found.broken_number === null ? "" : h("a", { href: `/audit/?text=${found.broken_number}` }, `Link ${found.broken_number}`),
      ` Before it ${links(found.links)} ${found.links === 1 ? "is" : "are"} whole; ${ago}. Keep the database as it is, run `, h("code", null, "manage.py verify_audit"), " and compare with the digests in ", h("code", null, "logs/bot.jsonl"), ".");
  }
  return h("span", { key: "state" }, h("b", { class: "whole" }, `✓ ${links(found.links)}, whole`), `, ${ago} in ${span(last.took)}`,
    " · ends with ", h("button", { type: "button", class: "id", "data-copy": found.end_digest, title: `copy ${found.end_digest}: keep it elsewhere, and a chain made anew is found out` }, shortId(found.end_digest)));
}

/** @param {number} count */
function links(count) {
  return `${COUNT.format(count)} ${count === 1 ? "link" : "links"}`;
}
