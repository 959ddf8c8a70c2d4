// People: who may what, their tokens, what waits for a second person, and the way to real money.

import { askLetGo, askLink, askPerson, askRole, peopleTable } from "./colleagues.js";
import { byId, h, patch } from "./dom.js";
import { askLift, lockoutTable } from "./lockouts.js";
import { paint } from "./live.js";
import { polled, polledPanel } from "./polled.js";
import { may, whoMay } from "./roles.js";
import { askRevoke, askToken, tokenTable } from "./tokens.js";

const EVERY_MS = 10_000;

/** @type {import("./polled.js").Polled<{ items: import("./tokens.js").Token[] }>} */
const tokens = polled("/api/v1/tokens?limit=500", EVERY_MS);
/** @type {import("./polled.js").Polled<import("./colleagues.js").Person[]>} */
const people = polled("/api/v1/people", EVERY_MS);

/** @type {import("./polled.js").Polled<import("./lockouts.js").Lockout[]>} */
const lockouts = polled("/api/v1/lockouts", EVERY_MS);

polledPanel("p-lockouts", lockouts, (locked) => [lockoutTable(locked)]);
paint(() => {
  byId("p-lockouts").hidden = (lockouts.value ?? []).length === 0;
});
polledPanel("p-tokens", tokens, ({ items }) => [tokenTable(items)]);
polledPanel("p-people", people, (everybody) => [peopleTable(everybody)]);
paint(() => patch(byId("people-new"), [may("users")
  ? h("button", { type: "button", class: "button small", "data-make-person": true }, "Let a colleague in…")
  : h("span", { class: "muted" }, `To change roles: ${whoMay("users")}`)]));

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  if (target.closest("[data-make-token]")) askToken(owners(), tokens.load);
  if (target.closest("[data-make-person]")) askPerson(people.load);
  const revoked = target.closest("[data-revoke]")?.getAttribute("data-revoke");
  const token = tokens.value?.items.find(({ id }) => String(id) === revoked);
  if (token) askRevoke(token, tokens.load);
  const lifted = target.closest("[data-lift]")?.getAttribute("data-lift");
  const locked = lockouts.value?.find(({ id }) => String(id) === lifted);
  if (locked) askLift(locked, lockouts.load);
  const pressed = target.closest("[data-person]");
  const person = people.value?.find(({ name }) => name === pressed?.getAttribute("data-person"));
  if (pressed && person) change(person, pressed.getAttribute("data-does"));
});

/** Who may have a token: everybody with a role. */
function owners() {
  return (people.value ?? []).filter(({ active, role }) => active && role !== null).map(({ name }) => name);
}

/** @param {import("./colleagues.js").Person} person @param {string | null} does */
function change(person, does) {
  if (does === "link") askLink(person);
  if (does === "role") askRole(person, people.load);
  if (does === "let-go") askLetGo(person, people.load);
}
