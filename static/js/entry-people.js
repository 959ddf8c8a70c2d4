// People: who may what, their tokens, what waits for a second person, and the way to real money.

import { polled, polledPanel } from "./polled.js";
import { askRevoke, askToken, tokenTable } from "./tokens.js";

const EVERY_MS = 10_000;

/** @type {import("./polled.js").Polled<{ items: import("./tokens.js").Token[] }>} */
const tokens = polled("/api/v1/tokens?limit=500", EVERY_MS);

polledPanel("p-tokens", tokens, ({ items }) => [tokenTable(items)]);

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  if (target.closest("[data-make-token]")) askToken([], tokens.load);
  const revoked = target.closest("[data-revoke]")?.getAttribute("data-revoke");
  const token = tokens.value?.items.find(({ id }) => String(id) === revoked);
  if (token) askRevoke(token, tokens.load);
});
