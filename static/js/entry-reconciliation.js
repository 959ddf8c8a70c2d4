// Reconciliation: what differs between our books and the venue's, with both sides' words, and taking theirs over.

import { post } from "./control.js";
import { beforeAfter, question, reasonField, reasonOf, say } from "./dialogs.js";
import { byId, h, patch } from "./dom.js";
import { local, shortId, span, utc, words } from "./format.js";
import { now, paint, speed } from "./live.js";
import { named } from "./named.js";
import { polled, polledPanel } from "./polled.js";
import { may, whoMay } from "./roles.js";

/** @typedef {import("./dom.js").Loose} Loose */
/**
 * @typedef {{ id: number, difference_id: number, key: string, how: string, by: string, reason: string, at_ms: number,
 *   before: Record<string, string>, after: Record<string, string> }} Resolution
 * @typedef {{ id: number, kind: string, mismatch: boolean, market_id: string | null, outcome: string | null,
 *   order_id: string | null, ours: string | null, theirs: string | null, evidence: Record<string, string>, runs: number,
 *   first_ms: number, effect: { what: string, before: string, after: string }[], resolution: Resolution | null }} Difference
 * @typedef {{ id: number, trigger: string, at_ms: number, took_ms: number, clean: boolean, differing: number, mismatches: number,
 *   silent: string[], unjudged: string[], counts: Record<string, number>, differences: Difference[] }} Run
 */

const EVERY_MS = 10_000;
const WAIT_MS = 60_000;
const FRESH_MS = 150_000;

/** What each kind means, for who reads it at three in the morning. @type {Record<string, string>} */
const MEANS = {
  missing_fill: "An order of ours traded and we were not told. It is adopted by itself.",
  phantom_fill: "Our books count a fill that the venue does not know, or that failed.",
  external_trade: "Somebody else traded with this wallet.",
  wrong_balance: "The chain holds something else, and nothing under way explains it.",
  lost_order: "Our books say open, the venue says not.",
  external_order: "An order rests at the venue that nobody here placed. Cancel it there.",
  resolved_market: "The market is decided, and our books do not have what it paid.",
  fifty_fifty: "The market ended 50-50: each share paid a half, and our books do not have it.",
  dust: "Too little to count.",
};

/** @type {import("./polled.js").Polled<{ run: Run | null }>} */
const newest = polled("/api/v1/reconciliations/newest", EVERY_MS);
/** @type {import("./polled.js").Polled<{ items: Run[] }>} */
const runs = polled("/api/v1/reconciliations?limit=30", EVERY_MS);
/** @type {import("./polled.js").Polled<{ items: Resolution[] }>} */
const done = polled("/api/v1/reconciliations/resolutions?limit=30", EVERY_MS);
const asking = { since: 0, after: 0 };

polledPanel("p-differences", newest, ({ run }) => {
  if (run === null) return [h("p", { class: "empty" }, "No run yet. Ops compares once a minute, and at every start.")];
  const silent = [...run.silent, ...run.unjudged];
  return [
    silent.length ? h("p", { class: "empty soon" }, "Not everything was answered, and what was not is not judged: ", silent.join("; ")) : null,
    run.differences.length === 0
      ? h("p", { class: "empty" }, `Nothing differs. Compared at ${utc(run.at_ms)} UTC: ${counted(run)}.`)
      : table("differences", ["what", "ours", "theirs", "seen", "both sides' words", ""], run.differences.map(row)),
  ];
});

polledPanel("p-resolutions", done, ({ items }) => [items.length === 0
  ? h("p", { class: "empty" }, "Nothing had to be put right yet.")
  : table("resolutions", ["when", "what", "how", "by", "why", "books before → after"], items.map((made) => h("tr", { key: made.id, "data-row": true, tabindex: -1 },
    h("td", { "data-label": "when" }, h("time", { title: local(made.at_ms) }, utc(made.at_ms))),
    h("th", { scope: "row", class: "wrap" }, words(made.key.split(":")[0] ?? "")),
    h("td", { "data-label": "how" }, made.how),
    h("td", { class: "muted", "data-label": "by" }, made.by),
    h("td", { class: "wrap", "data-label": "why" }, made.reason),
    h("td", { class: "wrap", "data-label": "books" }, changed(made)))))]);

polledPanel("p-runs", runs, ({ items }) => [items.length === 0
  ? h("p", { class: "empty" }, "No run yet.")
  : table("runs", ["when", "verdict", "compared", "why it ran", "took"], items.map((run) => h("tr", { key: run.id, "data-row": true, tabindex: -1 },
    h("th", { scope: "row" }, h("time", { title: local(run.at_ms) }, utc(run.at_ms))),
    h("td", { class: "wrap", "data-label": "verdict" }, verdict(run), unheard(run)),
    h("td", { class: "muted", "data-label": "compared" }, counted(run)),
    h("td", { class: "muted", "data-label": "why it ran" }, run.trigger),
    h("td", { class: "muted", "data-label": "took" }, span(run.took_ms)))))]);

paint(() => {
  const run = newest.value?.run ?? null;
  const waits = asking.since > 0 && performance.now() - asking.since < WAIT_MS && (run?.id ?? 0) <= asking.after;
  patch(byId("reconcile-head"), [
    h("p", { key: "verdict", class: "verdict", role: "status" }, run === null ? "Not compared yet." : standing(run)),
    h("span", { key: "age", class: "muted" }, run === null ? "" : `Compared ${span((now() - run.at_ms) / speed())} ago.`),
    may("acknowledge")
      ? h("button", { key: "now", type: "button", class: "button", "data-now": true, disabled: waits }, waits ? "Comparing…" : "Compare now")
      : h("span", { key: "who", class: "muted" }, whoMay("acknowledge")),
  ]);
});

document.addEventListener("click", (event) => {
  const pressed = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-now], [data-resolve]"));
  if (pressed?.hasAttribute("data-now")) void compare();
  const found = newest.value?.run?.differences.find((each) => String(each.id) === pressed?.dataset.resolve);
  if (found) askResolve(found);
});

async function compare() {
  Object.assign(asking, { since: performance.now(), after: newest.value?.run?.id ?? 0 });
  const answer = await post("/api/v1/reconciliations", {});
  if (answer.ok) return;
  asking.since = 0;
  say(answer.detail);
}

/** @param {Difference} found */
function askResolve(found) {
  question({
    title: `Take over their word: ${words(found.kind)}`,
    says: `${MEANS[found.kind] ?? ""} The ledger gets an entry; nothing is changed in place. The market stays halted until it is resumed.`,
    body: [
      found.effect.length ? beforeAfter(found.effect.map(({ what, before, after }) => [what, before, after])) : h("p", null, "No figure changes."),
      reasonField("required"),
    ],
    verb: "Take it over",
    keep: "Leave it",
    danger: true,
    act: async (form) => {
      const answer = await post(`/api/v1/reconciliations/differences/${found.id}/resolve`, { reason: reasonOf(form) });
      if (answer.ok) await Promise.all([newest.load(), done.load()]);
      return answer;
    },
    done: (answer) => `${words(found.kind)}: ${answer.body.how}.`,
  });
}

/** @param {Difference} found @returns {Loose} */
function row(found) {
  const { resolution } = found;
  const settled = resolution !== null;
  const offered = !settled && found.kind !== "dust" && found.kind !== "external_order";
  return h("tr", { key: found.id, "data-row": true, tabindex: -1, class: settled || found.kind === "dust" ? "ended" : "" },
    h("th", { scope: "row", class: "wrap" },
      h("b", { class: `pill ${settled ? "quiet" : found.mismatch ? "halted" : "soon"}` }, words(found.kind)), " ",
      found.market_id === null ? "cash" : h("a", { href: `/markets/${found.market_id}/` }, named(found.market_id)), found.outcome ? ` ${found.outcome.toUpperCase()}` : "",
      found.order_id ? h("span", { class: "muted" }, " order ", h("button", { type: "button", class: "id", "data-copy": found.order_id, title: `copy ${found.order_id}` }, shortId(found.order_id))) : null,
      h("p", { class: "muted" }, MEANS[found.kind] ?? "")),
    h("td", { class: "num", "data-label": "ours" }, found.ours ?? "–"),
    h("td", { class: "num", "data-label": "theirs" }, found.theirs ?? "–"),
    h("td", { class: "muted", "data-label": "seen" }, found.kind === "dust" ? "dust" : `${found.runs} ${found.runs === 1 ? "run" : "runs"}, since ${utc(found.first_ms)}`),
    h("td", { class: "wrap", "data-label": "words" }, Object.entries(found.evidence).map(([who, said]) => h("p", { key: who }, h("span", { class: "muted" }, `${who} `), said))),
    h("td", null, settled ? h("span", { class: "muted" }, `${resolution.how} by ${resolution.by}`)
      : !offered ? null
      : may("reconcile") ? h("button", { type: "button", class: "button small", "data-resolve": String(found.id), "aria-label": `Take over their word: ${words(found.kind)}` }, "Take over…")
      : h("span", { class: "muted" }, whoMay("reconcile"))));
}

/** @param {string} name @param {string[]} heads @param {Loose[]} rows @returns {Loose} */
function table(name, heads, rows) {
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `table of ${name}` }, h("table", { class: `rows cards ${name}` },
    h("thead", null, h("tr", null, heads.map((head) => h("th", { key: head, scope: "col", class: head === "ours" || head === "theirs" ? "num" : "" }, head || h("span", { class: "sr" }, "act"))))),
    h("tbody", null, rows)));
}

/** @param {Run} run @returns {Loose} */
function standing(run) {
  const open = run.differences.filter((each) => each.resolution === null && each.kind !== "dust");
  const counting = open.filter((each) => each.mismatch).length;
  if (counting) return h("b", { class: "pill halted" }, `${counting} ${counting === 1 ? "mismatch" : "mismatches"}`);
  if (open.length) return h("b", { class: "pill soon" }, `${open.length} seen once`);
  if (run.silent.length + run.unjudged.length) return h("b", { class: "pill soon" }, "Not everything was answered");
  if ((now() - run.at_ms) / speed() > FRESH_MS) return h("b", { class: "pill soon" }, "Equal when last compared");
  return h("b", null, "✓ Books and venue are equal");
}

/** @param {Run} run @returns {Loose} */
function verdict(run) {
  if (run.clean) return "✓ equal";
  if (run.mismatches) return h("span", { class: "pill halted" }, `${run.mismatches} ${run.mismatches === 1 ? "mismatch" : "mismatches"}`);
  return h("span", { class: "pill soon" }, run.differing ? `${run.differing} seen once` : run.silent.length ? "not answered" : "not all judged");
}

/** What was not answered, or could not be judged. @param {Run} run @returns {Loose} */
function unheard({ silent, unjudged }) {
  const all = [...silent, ...unjudged];
  return all.length === 0 ? null : h("span", { class: "muted", title: all.join("\n") }, ` ${named(all[0] ?? "")}`);
}

/** @param {Run} run */
function counted({ counts }) {
  return Object.entries(counts).map(([name, count]) => `${count} ${count === 1 ? name.replace(/s$/, "") : name}`).join(", ");
}

/** @param {Resolution} made */
function changed({ before, after }) {
  const shown = ["shares", "cash"].filter((name) => name in before && before[name] !== after[name]);
  return shown.map((name) => `${name} ${before[name]} → ${after[name]}`).join(", ") || "no figure";
}
