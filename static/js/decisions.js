// Why, and why not: each decision opens to its gates in order, value against limit.

import { h } from "./dom.js";
import { intent, letters, local, utc, words } from "./format.js";
import { board } from "./live.js";

/** @typedef {import("./rows").DecisionRow} DecisionRow */
/** @typedef {import("./dom.js").Loose} Loose */

const ACTS = new Set(["quote", "take", "merge", "redeem"]);

/**
 * The feed, newest first.
 * @param {DecisionRow[]} rows
 * @param {{ market: boolean }} shows whether each row names its market
 * @returns {Loose}
 */
export function decisionFeed(rows, shows) {
  const newest = [...rows].sort((a, b) => b.n - a.n);
  if (newest.length === 0) {
    return h("p", { class: "empty" }, "No decision yet. The engine decides when a book it trusts changes; each decision appears here with every gate it passed or failed.");
  }
  return h("ol", { class: "decisions" }, newest.map((row) => decision(row, shows)));
}

/**
 * @param {DecisionRow} row
 * @param {{ market: boolean }} shows
 * @returns {Loose}
 */
function decision(row, shows) {
  const acts = ACTS.has(row.verdict);
  return h("li", { key: row.n },
    h("details", { "data-row": true, tabindex: -1 },
      h("summary", null,
        h("time", { title: local(row.at_ms) }, utc(row.at_ms)),
        shows.market ? marketName(row) : null,
        h("span", { class: acts ? "says acts" : "says" }, says(row)),
        ticks(row.gates)),
      gateTable(row.gates)));
}

/** @param {DecisionRow} row */
function marketName(row) {
  const market = board.one("market", row.market_id);
  return h("b", { class: "short", title: row.short }, market ? letters(market) : row.short);
}

/** @param {DecisionRow} row */
function says(row) {
  if (ACTS.has(row.verdict)) return [words(row.verdict), row.intents.map(intent).join(" · ")].join(" ");
  const failed = row.gates.find((gate) => !gate.passed);
  if (!failed) return row.gate === null ? words(row.verdict) : `${words(row.verdict)}: ${words(row.gate)}`;
  return `${words(row.verdict)}: ${words(failed.name)} ${against(failed)}`;
}

/** @param {import("./rows").Gate} gate */
function against(gate) {
  if (gate.value === null) return gate.word ?? "";
  return gate.limit === null ? gate.value : `${gate.value} against ${gate.limit}`;
}

/** @param {import("./rows").Gate[]} gates */
function ticks(gates) {
  const passed = gates.filter((gate) => gate.passed).length;
  return h("span", { class: "ticks", role: "img", "aria-label": `${passed} of ${gates.length} gates passed` },
    gates.map((gate, i) => h("i", { key: i, class: gate.passed ? "tick" : "cross", title: words(gate.name) }, gate.passed ? "✓" : "✗")));
}

/** Gates in order, each with its value against its limit. @param {import("./rows").Gate[]} gates */
export function gateTable(gates) {
  return h("table", { class: "gates" },
    h("thead", null, h("tr", null, ["gate", "value", "limit", ""].map((head, i) => h("th", { key: i, scope: "col" }, head)))),
    h("tbody", null, gates.map((gate, i) => h("tr", { key: i, class: gate.passed ? "passed" : "failed" },
      h("th", { scope: "row" }, words(gate.name)),
      h("td", { class: "num" }, gate.value ?? gate.word ?? "–"),
      h("td", { class: "num" }, gate.limit === null ? "–" : gate.limit, gate.unit ? h("span", { class: "muted" }, ` ${gate.unit}`) : null),
      h("td", null, gate.passed ? "✓ passed" : "✗ failed")))),
  );
}

/**
 * What the last decisions failed on, for a panel that has nothing else to show.
 * @param {DecisionRow[]} rows
 */
export function whyNot(rows) {
  const last = [...rows].sort((a, b) => b.n - a.n).slice(0, 20).filter((row) => !ACTS.has(row.verdict));
  if (last.length === 0) return "";
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { gate, verdict } of last) {
    const name = words(gate ?? verdict);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const worst = [...counts].sort(([, a], [, b]) => b - a).slice(0, 3);
  return ` The last ${last.length} decisions against trading said: ${worst.map(([gate, n]) => `${gate} (${n})`).join(", ")}.`;
}
