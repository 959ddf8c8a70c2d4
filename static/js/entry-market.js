// One market: its book, our pair, what we decided and why.

import { decisionFeed, gateTable, lastDecision } from "./decisions.js";
import { byId, h, patch } from "./dom.js";
import { age, clock, local, mirrored, price, shares, span, utc, words } from "./format.js";
import { proofOf } from "./halt.js";
import { bind } from "./keys.js";
import { ladder } from "./ladder.js";
import { board, boardAge, now, paint, panel, speed } from "./live.js";
import { marketButton } from "./markethalt.js";
import { may, whoMay } from "./roles.js";
import { kindOf, statePill, trustPill } from "./markettable.js";
import { pairLedger } from "./pair.js";
import { fillTable, orderTable } from "./tables.js";

/** @typedef {import("./rows").MarketRow} MarketRow */

const BOOK_MS_MAX = 30_000;
const CHART_MS = 1_000;
const PAST_MS = 3_600_000;
const QUOTES_MAX = 5_000;

const id = byId("market").dataset.market ?? "";
/** @type {import("./rows").Outcome} */
let view = "yes";

/** @type {{ fill: import("./rows").FillRow[], decision: import("./rows").DecisionRow[] }} */
const past = { fill: [], decision: [] };

const BOARD = { limitMs: 3_000, ageMs: boardAge };
const market = () => board.one("market", id);
/** @param {(found: MarketRow) => import("./dom.js").Loose[]} draw */
const withMarket = (draw) => () => {
  const found = market();
  return found ? draw(found) : [h("p", { class: "empty" }, "The trader does not speak of this market: it is not traded here, or it was resolved long ago.")];
};

panel("p-ladder", { limitMs: BOOK_MS_MAX, ageMs: bookAge }, withMarket((found) => ladder(found, view)));
panel("p-pair", BOARD, withMarket(pairLedger));
panel("p-price", { limitMs: BOOK_MS_MAX, ageMs: bookAge }, () => []);
panel("p-orders", BOARD, withMarket((found) => [orderTable(found)]));
panel("p-decisions", BOARD, () => [gatesNow(), decisionFeed(withPast("decision"), { market: false })]);
panel("p-fills", BOARD, () => [fillTable(withPast("fill"), { market: false, most: 20 })]);
paint(drawHead);
paint(drawHalt);

/**
 * What the board remembers of this market, and what the database does beside.
 * @template {"fill" | "decision"} K
 * @param {K} kind
 * @returns {import("./board.js").Kinds[K][]}
 */
function withPast(kind) {
  const live = board.all(kind).filter((row) => row.market_id === id);
  const known = new Set(live.map(said));
  const before = /** @type {import("./board.js").Kinds[K][]} */ (past[kind]);
  return [...before.filter((row) => !known.has(said(row))), ...live];
}

/** The same fill or decision has the same words in both. @param {import("./rows").FillRow | import("./rows").DecisionRow} row */
function said(row) {
  return "shares" in row ? `${row.at_ms} ${row.outcome} ${row.shares}` : `${row.at_ms} ${row.verdict} ${row.gate}`;
}

function bookAge() {
  const heard = market()?.heard_ms ?? null;
  return heard === null ? null : (now() - heard) / speed();
}

function drawHead() {
  const found = market();
  patch(byId("market-state"), found ? [statePill(found), trustPill(found), marketButton(found), may("halt-market") ? null : h("span", { class: "muted" }, whoMay("halt-market"))] : []);
  if (!found) return;
  const match = found.match_id ? board.one("match", found.match_id) : null;
  patch(byId("market-facts"), [
    fact("", kindOf(found)),
    match ? fact("", [`${match.teams[0]} ${match.maps?.join("–") ?? ""} ${match.teams[1]}`, match.score ? ` · ${match.score.join("–")}` : "", match.clock_ms === null ? "" : ` · ${clock(match.clock_ms)}`]) : null,
    fact("tick", found.tick), fact("minimum", `${shares(found.min_size)} sh`), fact("delay", span(found.delay_ms)),
    fact("fee rate", found.fee_rate ?? "unknown: no order"),
    found.decision ? fact("last decision", h("span", { title: local(found.decision.at_ms) }, lastDecision(found))) : null,
    fact("phantoms", found.phantoms),
  ]);
}

/** The gates of the last decision, which may be older than the feed remembers. */
function gatesNow() {
  const found = market();
  if (!found?.decision || found.gates.length === 0) return null;
  const { at_ms } = found.decision;
  return h("div", { key: "now", class: "gates-now" },
    h("p", { class: "muted" }, "Last: ", h("b", null, lastDecision(found)), h("span", { title: local(at_ms) }, `, ${age((now() - at_ms) / speed())} ago`)),
    gateTable(found.gates));
}

/** This market's own halt: who, why, and how far its proof is. */
function drawHalt() {
  const halt = board.marketHalt(id);
  patch(byId("market-halt"), [halt ? h("section", { class: "panel market-proof", "aria-label": "halt of this market" },
    h("p", null, h("b", null, `Halted since ${utc(halt.began_ms)} UTC: ${halt.detail || words(halt.reason)}`), h("span", { class: "muted" }, ` by ${halt.by}`)),
    halt.report ? proofOf(halt.report) : h("p", { class: "wait" }, "Waiting for the runner.")) : null]);
}

/** @param {string} name @param {import("./dom.js").Loose} value */
function fact(name, value) {
  return h("span", { key: name || null, class: "fact" }, name ? h("span", { class: "muted" }, `${name} `) : null, value);
}

const toggle = byId("view-toggle");
toggle.addEventListener("click", flip);
bind("n", "YES or NO view of the ladder", flip);

function flip() {
  view = view === "yes" ? "no" : "yes";
  patch(toggle, [view === "yes" ? "show NO" : "show YES"]);
  byId("p-ladder").dataset.view = view;
  charted = 0;
}

/** Quotes on the venue clock, stored ones first, then as this page sees them. @type {import("./charts.js").Quote[]} */
const quotes = [];
/** @type {{ at: number, text: string }[]} */
const flags = [];
let lastScore = "";
let charted = 0;
const charts = await import("./charts.js").catch(() => null); // not installed: the figures do without
const chart = charts?.priceChart("price-chart", byId("market").dataset.tick ?? "0.01");
void loadPath();
paint(drawChart);

async function loadPath() {
  const response = await fetch(`/curves/market/${encodeURIComponent(id)}/`, { credentials: "same-origin" });
  if (!response.ok) return;
  const { path, fills, decisions } = await response.json();
  quotes.unshift(...path.map((/** @type {[number, string | null, string | null]} */ [at, bid, ask]) => ({ at, bid: bid === null ? null : Number(bid), ask: ask === null ? null : Number(ask) })));
  Object.assign(past, { fill: fills, decision: decisions });
  drawChart();
}

/**
 * @param {{ at_ms: number, price: string, side: string, outcome: string, shares: string }} fill
 * @returns {import("./charts.js").Mark}
 */
function mark(fill) {
  const at = fill.outcome === "yes" ? fill.price : mirrored(fill.price);
  return { at: fill.at_ms, price: Number(at), buy: fill.side === "buy", outcome: fill.outcome, text: `${fill.outcome.toUpperCase()} ${price(fill.price)}` };
}

function drawChart() {
  const found = market();
  if (!found || performance.now() - charted < CHART_MS) return;
  charted = performance.now();
  quotes.push({ at: now(), bid: found.bid === null ? null : Number(found.bid), ask: found.ask === null ? null : Number(found.ask) });
  if (quotes.length > QUOTES_MAX) quotes.shift();
  noteScore(found);
  const first = Math.min(quotes[0]?.at ?? Infinity, now() - PAST_MS);
  chart?.show(quotes, withPast("fill").map(mark).filter((fill) => fill.at >= first), flags);
}

/** A flag where the score moved while this page looked. @param {MarketRow} found */
function noteScore(found) {
  const match = found.match_id ? board.one("match", found.match_id) : null;
  if (!match) return;
  const score = `${match.maps?.join("–") ?? ""} ${match.score?.join("–") ?? ""}`.trim();
  if (lastScore !== "" && score !== lastScore) flags.push({ at: now(), text: score });
  lastScore = score;
}
