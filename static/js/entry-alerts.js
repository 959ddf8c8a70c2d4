// Alerts: what needs a person, who was told, what was. Seen to here; the channels are tried here.

import { post } from "./control.js";
import { say } from "./dialogs.js";
import { byId, h, patch } from "./dom.js";
import { local, span, utc } from "./format.js";
import { grade, moment, openButton, whenChanged } from "./incidents.js";
import { now, paint, speed } from "./live.js";
import { named } from "./named.js";
import { polled, polledPanel } from "./polled.js";
import { may, whoMay } from "./roles.js";

/** @typedef {import("./dom.js").Loose} Loose */
/**
 * @typedef {{
 *   id: number, code: string, severity: 0 | 1 | 2 | 3, text: string, market_id: string | null, runbook: string | null,
 *   began_ms: number, times: number, told_ms: number | null, acknowledged_ms: number | null, acknowledged_by: string | null,
 *   ended_ms: number | null,
 * }} Alert
 * @typedef {{ id: number, alert_id: number | null, kind: string, channel: string, at_ms: number, number: number, succeeded: boolean, over: boolean, detail: string }} Delivery
 */

const EVERY_MS = 3_000;

/** @type {import("./polled.js").Polled<{ items: Alert[] }>} */
const standing = polled("/api/v1/alerts?in_force=true&limit=200", EVERY_MS);
/** @type {import("./polled.js").Polled<{ items: Alert[] }>} */
const past = polled("/api/v1/alerts?limit=100", EVERY_MS);
/** @type {import("./polled.js").Polled<{ items: Delivery[] }>} */
const told = polled("/api/v1/deliveries?limit=50", EVERY_MS);
/** @type {import("./polled.js").Polled<{ items: import("./incidents.js").Incident[] }>} */
const incidents = polled("/api/v1/incidents?limit=200", EVERY_MS);
whenChanged(incidents.load);

polledPanel("p-standing", standing, ({ items }) => [items.length === 0
  ? h("p", { class: "empty" }, "Nothing needs a person now. What does is told here, by every channel of ALERT_URLS, and again until somebody sees to it.")
  : h("ul", { class: "needs standing" }, [...items].sort((a, b) => a.severity - b.severity || b.began_ms - a.began_ms).map(alertRow))]);
polledPanel("p-told", told, ({ items }) => [items.length === 0
  ? h("p", { class: "empty" }, "Nobody was told anything yet. Set ALERT_URLS to addresses such as tgram:// or mailto://, then send a test.")
  : table("who was told", ["when", "what", "verdict"], items.map(deliveryRow), "deliveries")]);
polledPanel("p-past", past, ({ items }) => [items.every((each) => each.ended_ms === null)
  ? h("p", { class: "empty" }, "No alert has ended yet.")
  : table("alerts that are over", ["", "what", "began", "lasted", "seen to by"], items.filter((each) => each.ended_ms !== null).map(pastRow), "is-over")]);
paint(() => patch(byId("alerts-test"), [may("test-alert")
  ? h("button", { type: "button", class: "button small", "data-test": true }, "Send a test")
  : h("span", { class: "muted" }, whoMay("test-alert"))]));

/** @param {Alert} alert @returns {Loose} */
function alertRow(alert) {
  return h("li", { key: alert.id, class: `need p${alert.severity}` },
    grade(alert.severity),
    h("div", null,
      h("p", null, h("b", null, named(alert.text))),
      h("p", { class: "muted" }, `since ${utc(alert.began_ms)}, ${span((now() - alert.began_ms) / speed())}`, alert.times > 1 ? ` · ${alert.times} times` : "",
        alert.told_ms === null ? " · nobody told" : ` · told ${utc(alert.told_ms)}`, runbook(alert),
        alert.acknowledged_ms === null ? "" : ` · ${alert.acknowledged_by} sees to it`)),
    h("div", { class: "control buttons" },
      alert.acknowledged_ms !== null || !may("acknowledge") ? null
        : h("button", { type: "button", class: "button small", "data-see": alert.id, "aria-label": `I see to it: ${alert.text}` }, "I see to it"),
      incidentOf(alert)));
}

/** The incident it was made, or the button that makes it one. @param {Alert} alert @returns {Loose} */
function incidentOf(alert) {
  const found = incidents.value?.items.find((each) => each.alert_id === alert.id);
  if (found) return h("a", { class: "button small", href: `/incidents/${found.id}/` }, `Incident ${found.id}`);
  return openButton({ title: alert.text, severity: alert.severity, began: alert.began_ms, alert: alert.id, words: "Incident…" });
}

/** @param {Alert} alert @returns {Loose} */
function runbook(alert) {
  if (alert.runbook === null) return "";
  return alert.runbook.startsWith("http") ? [" · ", h("a", { href: alert.runbook }, "what to do")] : [" · what to do: ", h("code", null, alert.runbook)];
}

/** @param {string} name @param {string[]} heads @param {Loose[]} rows @param {string} kind @returns {Loose} */
function table(name, heads, rows, kind) {
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": name }, h("table", { class: `rows cards ${kind}` },
    h("thead", null, h("tr", null, heads.map((head) => h("th", { key: head, scope: "col" }, head || h("span", { class: "sr" }, "severity"))))),
    h("tbody", null, rows)));
}

/** @param {Delivery} each @returns {Loose} */
function deliveryRow(each) {
  const about = [...(standing.value?.items ?? []), ...(past.value?.items ?? [])].find(({ id }) => id === each.alert_id)?.text;
  return h("tr", { key: each.id, "data-row": true, tabindex: -1 },
    h("td", { class: "muted c-at", title: local(each.at_ms) }, moment(each.at_ms)),
    h("th", { scope: "row", class: "wrap" }, about === undefined ? each.alert_id === null ? each.kind : `alert ${each.alert_id}` : named(about),
      h("span", { class: "sub muted" }, `by ${each.channel}, ${each.kind}`, each.over && each.kind !== "ended" ? ", already over" : "", each.number > 1 ? `, try ${each.number}` : "", each.succeeded ? "" : `: ${each.detail}`)),
    h("td", { class: "c-verdict" }, each.succeeded ? "told" : h("span", { class: "pill soon" }, "not told")));
}

/** @param {Alert} alert @returns {Loose} */
function pastRow(alert) {
  const lasted = ((alert.ended_ms ?? now()) - alert.began_ms) / speed();
  return h("tr", { key: alert.id, "data-row": true, tabindex: -1 },
    h("td", { class: "c-grade" }, grade(alert.severity)),
    h("th", { scope: "row", class: "wrap" }, named(alert.text), alert.times > 1 ? h("span", { class: "muted" }, ` · ${alert.times} times`) : null),
    h("td", { "data-label": "began", title: local(alert.began_ms) }, moment(alert.began_ms)),
    h("td", { "data-label": "lasted" }, span(lasted)),
    h("td", { "data-label": "seen to by" }, alert.acknowledged_by ?? h("span", { class: "muted" }, "nobody")));
}

document.addEventListener("click", async (event) => {
  const target = /** @type {Element} */ (event.target);
  const seen = target.closest("[data-see]")?.getAttribute("data-see");
  if (seen) await carriedOut(`/api/v1/alerts/${seen}/acknowledge`, () => "Recorded: you see to it.");
  if (target.closest("[data-test]")) await carriedOut("/api/v1/alerts/test", verdicts);
});

/** @param {string} path @param {(body: any) => string} words */
async function carriedOut(path, words) {
  const answer = await post(path, {});
  say(answer.ok ? words(answer.body) : answer.detail);
  await Promise.all([standing.load(), past.load(), told.load()]);
}

/** @param {{ channel: string, succeeded: boolean, detail: string }[]} each */
function verdicts(each) {
  if (each.length === 0) return "There is nobody to tell: set ALERT_URLS.";
  const failed = each.filter(({ succeeded }) => !succeeded);
  return failed.length === 0 ? `Told by ${each.length === 1 ? "the one channel" : `all ${each.length} channels`}.`
    : `Not told by ${failed.map(({ channel, detail }) => `${channel} (${detail})`).join(", ")}.`;
}
