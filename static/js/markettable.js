// The table of markets: sort, filter, open, halt.

import { h } from "./dom.js";
import { age, average, clock, local, price, shares, signed, span, tone, words } from "./format.js";
import { board, now, speed } from "./live.js";
import { marketButton } from "./markethalt.js";

/** @typedef {import("./rows").MarketRow} MarketRow */
/** @typedef {import("./dom.js").Loose} Loose */
/** @typedef {{ name: string, head: string, unit?: string, num: boolean, of: (market: MarketRow) => number | string | null, cell: (market: MarketRow) => Loose, wide?: boolean, flash?: boolean }} Column */
/** @typedef {{ column: string, descending: boolean, text: string, state: string }} Shown */

const NUMBERLESS = Symbol("sorts last");

/** @param {string | null | undefined} text */
const num = (text) => (text === null || text === undefined ? null : Number(text));

/** @type {Column[]} */
export const COLUMNS = [
  { name: "market", head: "market", num: false, of: (m) => m.title, cell: nameCell },
  { name: "state", head: "state", num: false, of: (m) => (isHalted(m) ? "!" : m.state), cell: statePill },
  { name: "trust", head: "book", num: false, of: (m) => m.trust, cell: trustPill },
  { name: "bid", head: "bid", num: true, of: (m) => num(m.bid), cell: (m) => price(m.bid, m.tick), flash: true },
  { name: "ask", head: "ask", num: true, of: (m) => num(m.ask), cell: (m) => price(m.ask, m.tick), flash: true },
  { name: "spread", head: "spread", num: true, wide: true, of: spread, cell: (m) => spreadText(m) },
  { name: "orders", head: "orders", num: true, of: (m) => m.orders.length, cell: (m) => m.orders.length || "–" },
  { name: "paircost", head: "pair cost", num: true, of: (m) => num(m.pair?.pair_cost), cell: (m) => average(m.pair?.pair_cost), flash: true },
  { name: "locked", head: "locked", unit: "sh", num: true, of: (m) => num(m.pair?.locked), cell: (m) => shares(m.pair?.locked), flash: true },
  { name: "exposed", head: "exposed", unit: "sh", num: true, of: (m) => num(m.pair?.exposed), cell: exposedCell },
  { name: "pnl", head: "P&L", unit: "USDC", num: true, of: (m) => num(m.pnl.total), cell: (m) => h("span", { class: tone(m.pnl.total) }, signed(m.pnl.total)), flash: true },
  { name: "age", head: "age", num: true, wide: true, of: (m) => m.heard_ms, cell: ageCell },
];

/** @param {MarketRow} market */
export function isHalted(market) {
  return market.halted || board.marketHalt(market.market_id) !== null;
}

/** @param {MarketRow} market */
function nameCell(market) {
  return [
    h("a", { href: `/markets/${market.market_id}/`, "data-open": true, title: market.title }, market.short),
    h("span", { class: "muted sub" }, kindOf(market)),
  ];
}

/** @param {MarketRow} market */
export function kindOf(market) {
  const part = market.kind === "map" ? `map ${market.map_number ?? "?"}` : market.kind;
  return [market.game ? market.game.toUpperCase() : null, part].filter(Boolean).join(" · ");
}

/** @param {MarketRow} market */
export function statePill(market) {
  const alone = board.marketHalt(market.market_id) !== null || (market.halted && !board.control?.halt);
  if (alone) return h("span", { class: "pill halted", title: market.halt_reason }, "■ HALTED");
  if (isHalted(market)) return h("span", { class: "pill working", title: "all trading is halted" }, "■ halted");
  if (market.breaker !== null) return h("span", { class: "pill soon", title: market.breaker.detail }, market.breaker.state === "half_open" ? "breaker half-open" : `breaker ${clock(Math.max(0, market.breaker.until_ms - now()) / speed())}`);
  if (market.resolved_payout !== null) return h("span", { class: "pill quiet" }, `resolved ${price(market.resolved_payout)}`);
  const level = { BUILDING_PAIR: "working", LOCKED_PAIR: "working" }[market.state.toUpperCase()] ?? "quiet";
  return h("span", { class: `pill ${level}` }, words(market.state));
}

/** @param {MarketRow} market */
export function trustPill(market) {
  const trusted = market.trust.toUpperCase() === "TRUSTED";
  const since = market.trust_since_ms === null ? null : (now() - market.trust_since_ms) / speed();
  return h("span", { class: trusted ? "pill quiet" : "pill soon", title: market.trust_since_ms === null ? null : `since ${local(market.trust_since_ms)}` },
    trusted ? "trusted" : `${words(market.trust)} ${span(since)}`);
}

/** @param {MarketRow} market */
function spread(market) {
  return market.bid === null || market.ask === null ? null : Number(market.ask) - Number(market.bid);
}

/** Cents between bid and ask. @param {MarketRow} market */
export function spreadText(market) {
  const wide = spread(market);
  return wide === null ? "–" : `${(wide * 100).toFixed(market.tick.length > 4 ? 1 : 0)} c`;
}

/** @param {MarketRow} market */
function exposedCell(market) {
  const { pair } = market;
  if (!pair || Number(pair.exposed) === 0) return "–";
  const left = pair.naked_until_ms === null ? null : (pair.naked_until_ms - now()) / speed();
  return [
    h("span", { flash: true }, `${shares(pair.exposed)} ${pair.exposed_outcome?.toUpperCase() ?? ""}`),
    left === null ? null : h("span", { class: left < 60_000 ? "sub soon" : "sub muted", title: "time left to complete the pair" }, clock(left)),
  ];
}

/** @param {MarketRow} market */
function ageCell(market) {
  return h("span", { class: "muted" }, age(market.heard_ms === null ? null : (now() - market.heard_ms) / speed()));
}

/**
 * By the chosen column; without one halted markets first, then those we work in, then the rest.
 * @param {MarketRow[]} markets
 * @param {Shown} shown
 */
export function arrange(markets, shown) {
  const column = COLUMNS.find((found) => found.name === shown.column);
  const wanted = markets.filter((market) => matches(market, shown));
  if (!column) return wanted.sort((a, b) => rank(a) - rank(b) || a.short.localeCompare(b.short));
  return wanted.sort((a, b) => compare(column.of(a) ?? NUMBERLESS, column.of(b) ?? NUMBERLESS, shown.descending) || a.short.localeCompare(b.short));
}

/** Markets that had orders or shares since this page opened: they stay up, so that rows do not jump under a finger. */
const worked = new Set();

/** @param {MarketRow} market */
function rank(market) {
  if (works(market)) worked.add(market.market_id);
  if (market.resolved_payout !== null) return 3;
  if (isHalted(market) || market.breaker !== null) return 0;
  return worked.has(market.market_id) ? 1 : 2;
}

/** @param {MarketRow} market */
function works(market) {
  return market.orders.length > 0 || Number(market.pair?.exposed ?? 0) > 0 || Number(market.pair?.locked ?? 0) > 0;
}

/**
 * Unknown sorts last either way.
 * @param {number | string | symbol} a
 * @param {number | string | symbol} b
 * @param {boolean} descending
 */
function compare(a, b, descending) {
  if (typeof a === "symbol" || typeof b === "symbol") return Number(typeof a === "symbol") - Number(typeof b === "symbol");
  const order = typeof a === "string" ? a.localeCompare(String(b)) : a - Number(b);
  return descending ? -order : order;
}

/** @param {MarketRow} market @param {Shown} shown */
function matches(market, shown) {
  if (shown.state === "working" && !works(market)) return false;
  if (shown.state === "halted" && !isHalted(market) && market.breaker === null) return false;
  if (shown.state === "untrusted" && market.trust.toUpperCase() === "TRUSTED") return false;
  if (shown.state === "open" && market.resolved_payout !== null) return false;
  const wanted = shown.text.trim().toLowerCase();
  return wanted === "" || `${market.title} ${market.short} ${market.game ?? ""} ${market.market_id}`.toLowerCase().includes(wanted);
}

/**
 * @param {MarketRow[]} markets already arranged
 * @param {Column[]} columns
 * @param {Shown | null} shown sortable when given
 * @returns {Loose}
 */
export function marketTable(markets, columns, shown) {
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "markets" }, h("table", { class: "rows cards markets" },
    h("thead", null, h("tr", null, columns.map((column) => head(column, shown)), h("th", { scope: "col" }, h("span", { class: "sr" }, "halt or resume")))),
    h("tbody", null, markets.map((market) => h("tr", { key: market.market_id, "data-row": true, tabindex: -1, class: isHalted(market) ? "is-halted" : "" },
      columns.map((column) => h(column.name === "market" ? "th" : "td", {
        key: column.name, class: classes(column), flash: column.flash ?? false, scope: column.name === "market" ? "row" : null, "data-label": column.head,
      }, column.cell(market))),
      h("td", { key: "control", class: "control" }, marketButton(market))))),
  ));
}

/** @param {Column} column */
function classes(column) {
  return [`c-${column.name}`, column.num ? "num" : "", column.wide ? "wide" : ""].filter(Boolean).join(" ");
}

/** @param {Column} column @param {Shown | null} shown */
function head(column, shown) {
  const sorted = shown?.column === column.name ? (shown.descending ? "descending" : "ascending") : null;
  const name = [column.head, column.unit ? h("span", { class: "muted" }, ` ${column.unit}`) : null];
  return h("th", { key: column.name, scope: "col", class: classes(column), "aria-sort": sorted },
    shown ? h("button", { type: "button", class: "sort", "data-sort": column.name }, name, sorted ? h("span", { "aria-hidden": "true" }, sorted === "descending" ? " ↓" : " ↑") : null) : name);
}
