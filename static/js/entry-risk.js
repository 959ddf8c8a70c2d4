// Risk: what was agreed and how near we are to it, what stands still and why.

import { armingPanel, askArm, askDisarm, runPreflight } from "./arming.js";
import { breakerTable } from "./breakers.js";
import { atWork, budgetTable } from "./budgets.js";
import { answerConsent, consentList } from "./consents.js";
import { byId, h, patch } from "./dom.js";
import { askLimits } from "./limitdialog.js";
import { limitTable, versionList } from "./limits.js";
import { board, boardAge, linkAge, now, paint, panel, speed } from "./live.js";
import { lossToday } from "./loss.js";
import { polled, polledPanel } from "./polled.js";
import { may, whoMay } from "./roles.js";
import { refusals } from "./refusals.js";
import { stopped } from "./stopped.js";
import { times } from "./times.js";

const BOARD = { limitMs: 3_000, ageMs: boardAge };
// What stands still is a row of the database: known without the trader, and told by the web server.
const CONTROL = { limitMs: 6_000, ageMs: linkAge, known: () => board.control !== null };
const EVERY_MS = 5_000;

/** @type {import("./polled.js").Polled<{ items: import("./breakers.js").Breaker[] }>} */
const breakers = polled("/api/v1/breakers?limit=20", EVERY_MS);
/** @type {import("./polled.js").Polled<import("./budgets.js").Shard[]>} */
const budgets = polled("/api/v1/budgets", EVERY_MS);

/** @type {import("./polled.js").Polled<import("./limits.js").Agreed>} */
const limits = polled("/api/v1/limits", EVERY_MS);
/** @type {import("./polled.js").Polled<{ items: import("./limits.js").Version[] }>} */
const versions = polled("/api/v1/limits/history?limit=200", EVERY_MS);

/** @type {import("./polled.js").Polled<import("./rows").Arming>} */
const arming = polled("/api/v1/arming", EVERY_MS);
/** @type {import("./polled.js").Polled<{ items: import("./arming.js").Preflight[] }>} */
const preflights = polled("/api/v1/preflights?limit=1", EVERY_MS);

polledPanel("p-arming", arming, (value) => value.needed ? armingPanel(value, preflights.value?.items[0] ?? null) : []);
paint(() => {
  byId("p-arming").hidden = arming.value?.needed !== true;
});
/** @type {import("./polled.js").Polled<import("./consents.js").Consent[]>} */
const consents = polled("/api/v1/consents", 2_000);

polledPanel("p-consents", consents, (waiting) => [consentList(waiting)]);
polledPanel("p-limits", limits, (agreed) => [limitTable(agreed, versions.value?.items ?? []), versionList(versions.value?.items ?? [], agreed.limits)]);
panel("p-force", CONTROL, stopped);
panel("p-loss", { limitMs: 10_000, ageMs: valuationAge }, lossToday);
panel("p-times", BOARD, times);
panel("p-refusals", BOARD, refusals);
polledPanel("p-breakers", breakers, ({ items }) => [breakerTable(items)]);
polledPanel("p-budgets", budgets, (shards) => [budgetTable(shards)]);
paint(() => patch(byId("limits-edit"), limits.value === null ? [] : [
  h("span", { key: "version", class: "muted", title: limits.value.reason }, `version ${limits.value.number} by ${limits.value.by} `),
  may("limits")
    ? h("button", { key: "edit", type: "button", class: "button small", "data-limit": "" }, "Change limits…")
    : h("span", { key: "edit", class: "muted" }, `To change: ${whoMay("limits")}`),
]));
paint(() => {
  byId("p-consents").hidden = (consents.value ?? []).length === 0;
  byId("p-budgets").hidden = atWork(budgets.value ?? []).length < 2;
});

function valuationAge() {
  const valued = board.one("totals")?.valued_ms ?? null;
  return valued === null ? null : (now() - valued) / speed();
}

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  if (target.closest("[data-preflight]")) void runPreflight(arming, preflights.load);
  if (target.closest("[data-arm]")) askArm(arming);
  if (target.closest("[data-disarm]")) askDisarm(arming);
  const pressed = target.closest("[data-limit]");
  const answered = target.closest("[data-consent]");
  const asked = consents.value?.find(({ id }) => String(id) === answered?.getAttribute("data-consent"));
  if (answered && asked) answerConsent(asked, answered.getAttribute("data-does"), consents.load);
  if (pressed) askLimits(limits, pressed.getAttribute("data-limit") || null);
});
