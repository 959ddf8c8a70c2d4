// One line of time: a picture of it with a lane for each kind, and every moment in words below.

import { h } from "./dom.js";
import { age, local, money, span, utc, words } from "./format.js";
import { now, speed } from "./live.js";
import { named } from "./named.js";
import { day } from "./tokens.js";

/** @typedef {import("./dom.js").Loose} Loose */
/** @typedef {import("./incidents.js").Incident} Incident */
/** @typedef {"alert" | "halt" | "control" | "note" | "incident"} Kind */
/** @typedef {{ at_ms: number, until_ms: number | null, kind: Kind, who: string, text: string, facts: Record<string, any> | null }} Moment */
/** @typedef {Moment & { number: number }} Numbered */

const GAP_MS = 120_000; // longer silences are named
const DAY_MS = 86_400_000;

/** @type {[string, string, Kind[]][]} */
export const LANES = [
  ["notes", "notes", ["note", "incident"]],
  ["halts", "halts", ["halt"]],
  ["alerts", "alerts", ["alert"]],
  ["controls", "controls", ["control"]],
];

/** @type {Record<Kind, string>} */
const WORDS = { alert: "alert", halt: "halt", control: "control", note: "note", incident: "incident" };

/**
 * Every moment as a mark on its lane, what lasts as a bar.
 * @param {Numbered[]} moments oldest first
 * @param {Incident} incident
 */
export function picture(moments, incident) {
  const last = incident.closed_ms ?? now();
  const first = Math.min(incident.began_ms, ...moments.map(({ at_ms }) => at_ms));
  const wide = Math.max(1, last - first);
  /** @param {number} ms */
  const at = (ms) => Math.min(1, Math.max(0, (ms - first) / wide)).toFixed(4);
  // The same moments stand below in words: a screen reader is spared the picture.
  return h("div", { class: "lanes", "aria-hidden": "true" },
    LANES.map(([name, label, kinds]) => h("div", { key: name, class: `lane l-${name}` },
      h("span", { class: "lane-name muted" }, label),
      h("div", { class: "lane-track" },
        h("i", { class: "before", vars: { "--to": at(incident.began_ms) } }),
        moments.filter(({ kind }) => kinds.includes(kind)).map((each) => mark(each, at, last))))),
    h("div", { class: "lane axis muted" }, h("span", null),
      h("div", { class: "lane-track" }, h("span", null, utc(first)), h("span", null, incident.closed_ms === null ? `now ${utc(last)}` : utc(last)))));
}

/** @param {Numbered} each @param {(ms: number) => string} at @param {number} last */
function mark(each, at, last) {
  const until = each.until_ms ?? last;
  const lasts = each.until_ms === null || each.until_ms > each.at_ms;
  const says = `${utc(each.at_ms)} ${WORDS[each.kind]}: ${named(each.text)}`;
  return h("a", {
    key: each.number, class: `mark k-${each.kind}${lasts ? " lasts" : ""}`, href: `#moment-${each.number}`, title: says, tabindex: -1,
    vars: { "--at": at(each.at_ms), "--to": at(Math.max(until, each.at_ms)) },
  });
}

/**
 * The moments in words, in the order they come, with the silences between them.
 * @param {Numbered[]} moments
 * @param {Incident} incident
 */
export function line(moments, incident) {
  if (moments.length === 0) return h("p", { class: "empty" }, "Nothing of this kind in its span.");
  /** @type {Loose[]} */
  const rows = [];
  let before = /** @type {Numbered | null} */ (null);
  for (const each of moments) {
    const silence = before === null ? 0 : Math.abs(each.at_ms - before.at_ms) / speed();
    if (before !== null && Math.floor(each.at_ms / DAY_MS) !== Math.floor(before.at_ms / DAY_MS)) rows.push(h("li", { key: `day-${each.number}`, class: "gap" }, day(each.at_ms)));
    else if (silence > GAP_MS) rows.push(h("li", { key: `gap-${each.number}`, class: "gap" }, `${span(silence)} without a word`));
    rows.push(row(each, incident));
    before = each;
  }
  return h("ol", { class: "line" }, rows);
}

/** @param {Numbered} each @param {Incident} incident */
function row(each, incident) {
  const led = each.at_ms < incident.began_ms;
  return h("li", { key: each.number, id: `moment-${each.number}`, class: `moment k-${each.kind}${led ? " led" : ""}`, "data-row": true, tabindex: -1 },
    h("time", { title: local(each.at_ms) }, utc(each.at_ms)),
    h("i", { class: "dot", "aria-hidden": "true" }),
    h("div", { class: "moment-body" },
      h("p", null, h("span", { class: "sr" }, `${WORDS[each.kind]}: `), said(each), h("span", { class: "muted by" }, each.who ? ` · ${each.who}` : ""), lasting(each)),
      facts(each)));
}

/** @param {Numbered} each @returns {Loose} */
function said(each) {
  const text = named(each.text);
  return each.kind === "note" || each.kind === "incident" ? h("b", null, text) : text;
}

/** @param {Numbered} each @returns {Loose} */
function lasting(each) {
  if (each.until_ms === null) return h("span", { class: "pill soon" }, "lasts");
  return each.until_ms > each.at_ms ? h("span", { class: "muted" }, ` · lasted ${span((each.until_ms - each.at_ms) / speed())}`) : null;
}

/** @param {Numbered} each @returns {Loose} */
function facts(each) {
  if (each.facts === null) return null;
  if ("checks" in each.facts || "open_orders" in each.facts) return snapshot(each.facts);
  if (each.kind === "control") return changed(each.facts);
  return null;
}

/** What a control changed, and its link of the audit. @param {Record<string, any>} found */
function changed(found) {
  const link = h("a", { class: "press", href: `/audit/?text=${found.link}` }, `link ${found.link} of the audit`);
  const names = [...new Set([...Object.keys(found.before ?? {}), ...Object.keys(found.after ?? {})])];
  if (names.length === 0) return h("p", { class: "muted small" }, link);
  return h("details", { class: "kept" },
    h("summary", { class: "muted" }, `what it changed: ${names.map(words).join(", ")}`),
    h("dl", { class: "audit-facts" }, names.map((name) => h("div", { key: name }, h("dt", null, words(name)),
      h("dd", null, name in (found.before ?? {}) ? [h("span", { class: "muted" }, `${plain(found.before[name])} → `)] : null, plain(found.after?.[name]))))),
    h("p", { class: "small" }, link));
}

/** @param {unknown} value */
function plain(value) {
  if (value === null || value === undefined) return "–";
  return named(typeof value === "object" ? JSON.stringify(value) : String(value));
}

/** The state as it was: the figures in a line, everything behind it. @param {Record<string, any>} kept */
function snapshot(kept) {
  /** @type {{ name: string, verdict: string, detail: string }[]} */
  const checks = kept.checks ?? [];
  const bad = checks.filter(({ verdict }) => verdict !== "pass");
  const head = [
    kept.equity == null ? null : `equity ${money(kept.equity)}`,
    kept.halt ? `halted: ${words(kept.halt.code)}` : "trading",
    count(kept.open_orders, "open order"), count(kept.positions, "position"),
    checks.length === 0 ? null : bad.length === 0 ? `all ${checks.length} checks pass` : `${bad.length} of ${checks.length} checks do not pass`,
  ].filter(Boolean);
  const text = JSON.stringify(kept, null, 1);
  return h("details", { class: "kept" },
    h("summary", null, head.join(" · ")),
    h("dl", { class: "audit-facts" },
      fact("cash", money(kept.cash)), fact("equity", kept.valued_ms ? `${money(kept.equity)}, valued ${age(Math.max(0, (kept.at_ms - kept.valued_ms) / speed()))} before` : money(kept.equity)),
      fact("halted markets", (kept.halted_markets ?? []).map(named).join(", ") || "none"),
      fact("open orders", list(kept.open_orders, (order) => `${order.side} ${order.outcome.toUpperCase()} ${order.shares} at ${order.price}, ${order.status}, ${named(order.market_id)}`)),
      fact("positions", list(kept.positions, (held) => `${held.yes} YES, ${held.no} NO, ${named(held.market_id)}`)),
      fact("checks", bad.length === 0 ? (checks.length === 0 ? "–" : "all pass") : list(bad, (check) => `${check.name}: ${check.verdict}, ${check.detail}`))),
    h("p", { class: "small" }, h("button", { type: "button", class: "button small", "data-copy": text, "data-says": "Copied the whole state as JSON." }, "Copy it as JSON")));
}

/** @param {unknown[] | undefined} rows @param {string} what */
function count(rows, what) {
  return rows === undefined ? null : `${rows.length} ${what}${rows.length === 1 ? "" : "s"}`;
}

/** @param {any[] | undefined} rows @param {(row: any) => string} say @returns {Loose} */
function list(rows, say) {
  return rows === undefined || rows.length === 0 ? "none" : h("ul", null, rows.map((row, i) => h("li", { key: i }, say(row))));
}

/** @param {string} name @param {Loose} value */
function fact(name, value) {
  return h("div", { key: name }, h("dt", null, name), h("dd", null, value));
}
