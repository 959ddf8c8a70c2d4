// Why, and why not: each decision opens to its gates in order, value against limit.

import { h } from "./dom.js";
import { average, intent, letters, local, money, shares, span, utc, words } from "./format.js";
import { board } from "./live.js";
import { named } from "./named.js";

/** @typedef {import("./rows").DecisionRow} DecisionRow */
/** @typedef {import("./dom.js").Loose} Loose */

const MARKS_MAX = 6;
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
    return h("p", { class: "empty" }, "No decision since the trader started. It decides when a book it trusts changes; each decision appears here with every gate it passed or failed.");
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

/** @param {string | null} text @param {string | null} unit */
function inUnit(text, unit) {
  if (text === null) return "–";
  if (unit === "ms") return span(Number(text));
  if (unit === "price") return average(text);
  if (unit === "usdc") return money(text);
  return unit === "shares" ? shares(text) : words(text);
}

/** @param {DecisionRow} row */
function marketName(row) {
  const market = board.one("market", row.market_id);
  return h("b", { class: "short", title: row.short }, market ? letters(market) : row.short);
}

/** @param {DecisionRow} row */
function says(row) {
  if (ACTS.has(row.verdict)) return `${words(row.verdict)} ${row.intents.length === 0 ? "as it rests" : row.intents.map(intent).join(" · ")}`;
  return refusedBy(row);
}

/** @param {{ market_id: string, verdict: string, gate: string | null, gates: import("./rows").Gate[] }} row */
function refusedBy(row) {
  const failed = row.gates.find((gate) => !gate.passed);
  if (!failed) return row.gate === null ? words(row.verdict) : `${words(row.verdict)}: ${words(row.gate)}`;
  if (failed.name === "trading" && failed.word) return `${words(row.verdict)}: ${haltOf(row.market_id, failed.word)}`;
  const why = against(failed);
  const said = failed.value === null && why.includes(words(failed.name)); // "an order is unknown" names its gate
  return `${words(row.verdict)}: ${said ? why : `${words(failed.name)} ${why}`}`;
}

/**
 * A market's last decision in one line, and that the market is halted, whatever was decided before.
 * @param {import("./rows").MarketRow} market
 */
export function lastDecision(market) {
  if (!market.decision) return "";
  const { verdict, gate } = market.decision;
  const why = ACTS.has(verdict) ? words(verdict) : refusedBy({ market_id: market.market_id, verdict, gate, gates: market.gates });
  const code = board.control?.halt?.reason ?? board.marketHalt(market.market_id)?.reason ?? market.halt_reason;
  if (!code) return why;
  const halt = haltOf(market.market_id, code);
  return why.endsWith(halt) ? why : `${why}, now ${halt}`;
}

/** "halted: feed looks wrong": the words of the halt while it is in force, else its code. @param {string} market @param {string} code */
function haltOf(market, code) {
  const halt = [board.control?.halt, board.marketHalt(market)].find((each) => each?.reason === code);
  if (halt === undefined || halt === null) return words(code);
  return `halted: ${named(halt.detail || words(code))}`;
}

/** @param {import("./rows").Gate} gate */
function against(gate) {
  if (gate.value === null) return words(gate.word ?? "");
  if (waits(gate)) return `in ${inUnit(gate.value, gate.unit)}, ${words(gate.word || gate.name)}`;
  return gate.limit === null ? inUnit(gate.value, gate.unit) : `${inUnit(gate.value, gate.unit)} against ${inUnit(gate.limit, gate.unit)}`;
}

/** A gate that only time opens: what is left of a wait. @param {import("./rows").Gate} gate */
function waits(gate) {
  return !gate.passed && gate.unit === "ms" && gate.limit !== null && Number(gate.limit) === 0;
}

/** One mark a gate while they fit, else their number. @param {import("./rows").Gate[]} gates */
function ticks(gates) {
  const passed = gates.filter((gate) => gate.passed).length;
  const failed = gates.filter((gate) => !gate.passed);
  const marks = passed > MARKS_MAX ? `✓${passed}` : "✓".repeat(passed);
  return h("span", { class: "ticks", role: "img", "aria-label": `${passed} of ${gates.length} gates passed` },
    h("i", { class: "tick" }, marks), failed.map((gate, i) => h("i", { key: i, class: "cross", title: words(gate.name) }, "✗")));
}

/** Gates in order, each with its value against its limit. @param {import("./rows").Gate[]} gates */
export function gateTable(gates) {
  const named = new Set(["usdc", "shares"]);
  return h("table", { class: "gates" },
    h("thead", null, h("tr", null, ["gate", "value", "limit", ""].map((head, i) => h("th", { key: i, scope: "col" }, head)))),
    h("tbody", null, gates.map((gate, i) => h("tr", { key: i, class: gate.passed ? "passed" : "failed" },
      h("th", { scope: "row", title: gate.word }, words(gate.name), gate.value !== null && gate.word ? h("span", { class: "muted" }, ` ${words(gate.word)}`) : null),
      h("td", { class: "num" }, gate.value === null ? words(gate.word ?? "–") : `${inUnit(gate.value, gate.unit)}${waits(gate) ? " to go" : ""}`),
      h("td", { class: "num" }, gate.limit === null || waits(gate) ? "" : inUnit(gate.limit, gate.unit), named.has(gate.unit ?? "") ? h("span", { class: "muted" }, ` ${gate.unit}`) : null),
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
  const counted = last.length === 1 ? "last decision" : `last ${last.length} decisions`;
  return ` The ${counted} against trading said: ${worst.map(([gate, n]) => `${gate} (${n})`).join(", ")}.`;
}
