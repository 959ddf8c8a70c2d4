// Small tables of live rows: recent fills, our open orders, running matches.

import { h } from "./dom.js";
import { age, clock, initials, local, money, price, shares, shortId, span, utc, words } from "./format.js";
import { board, now, speed } from "./live.js";
import { whyNot } from "./decisions.js";

/** @typedef {import("./rows").FillRow} FillRow */
/** @typedef {import("./rows").MarketRow} MarketRow */
/** @typedef {import("./rows").MatchRow} MatchRow */
/** @typedef {import("./dom.js").Loose} Loose */

/** @param {FillRow[]} rows @param {{ market: boolean, most: number }} shows @returns {Loose} */
export function fillTable(rows, shows) {
  const newest = [...rows].sort((a, b) => b.n - a.n).slice(0, shows.most);
  if (newest.length === 0) return h("p", { class: "empty" }, `No fill since the trader started.${whyNot(board.all("decision"))} `, h("a", { href: "/fills/" }, "All fills"));
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "recent fills" }, h("table", { class: "rows brief" },
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "time"), shows.market ? h("th", { scope: "col" }, "market") : null,
      ...["side", "shares", "price", "USDC", "fee"].map((head) => h("th", { scope: "col", class: head === "side" ? "" : "num" }, head)), h("th", { scope: "col" }, "evidence"))),
    h("tbody", null, newest.map((fill) => h("tr", { key: fill.n },
      h("td", { class: "muted" }, h("time", { title: local(fill.at_ms) }, utc(fill.at_ms))),
      shows.market ? h("td", { class: "first grows" }, h("a", { href: `/markets/${fill.market_id}/` }, fill.short)) : null,
      h("td", { class: shows.market ? "first" : "first grows" }, sideWord(fill.side, fill.outcome)),
      h("td", { class: "num", "data-label": "shares" }, shares(fill.shares)),
      h("td", { class: "num", "data-label": "at" }, price(fill.price)),
      h("td", { class: "num first" }, money(fill.amount)),
      h("td", { class: "num muted", "data-label": "fee" }, money(fill.fee)),
      h("td", { class: "last" }, h("span", { class: "muted" }, `${fill.liquidity} · ${fill.evidence}`)))))));
}

/** @param {"buy" | "sell"} side @param {string} outcome */
function sideWord(side, outcome) {
  return [h("span", { class: side === "buy" ? "bid-word" : "ask-word" }, side === "buy" ? "+ buy" : "− sell"), ` ${outcome.toUpperCase()}`];
}

/** @param {MarketRow} market @returns {Loose} */
export function orderTable(market) {
  if (market.orders.length === 0) return h("p", { class: "empty" }, `No open order.${whyNot(board.all("decision").filter((row) => row.market_id === market.market_id))}`);
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "our orders" }, h("table", { class: "rows brief" },
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "order"), ...["price", "left", "ahead", "age"].map((head) => h("th", { scope: "col", class: "num" }, head)), h("th", { scope: "col" }, "status"))),
    h("tbody", null, market.orders.map((order) => h("tr", { key: order.key },
      h("td", { class: "first grows" }, sideWord(order.side, order.outcome), " ", h("button", { type: "button", class: "id", "data-copy": order.order_id, title: `copy ${order.order_id}` }, shortId(order.order_id))),
      h("td", { class: "num", "data-label": "at" }, price(order.price, market.tick)),
      h("td", { class: "num", "data-label": "left", flash: true }, shares(Number(order.shares) - Number(order.filled))),
      h("td", { class: "num", "data-label": "ahead", flash: true }, shares(order.ahead)),
      h("td", { class: "num muted last" }, span((now() - order.since_ms) / speed())),
      h("td", { class: "first" }, h("span", { class: order.status.toLowerCase() === "unknown" ? "pill soon" : "pill quiet" }, words(order.status))))))));
}

const MATCH_MS_MAX = 30_000;

/** @param {MatchRow[]} rows @returns {Loose} */
export function matchCards(rows) {
  const running = [...rows].sort((a, b) => Number(a.status === "expected") - Number(b.status === "expected") || a.title.localeCompare(b.title));
  if (running.length === 0) return h("p", { class: "empty" }, "No match is running. Markets appear when the venue lists them, matches when a source speaks of them.");
  return h("ul", { class: "matches" }, running.map((match) => h("li", { key: match.match_id, class: fresh(match) ? "match" : "match late" },
    h("div", { class: "match-head muted" },
      h("span", null, [match.game.toUpperCase(), match.best_of ? `Bo${match.best_of}` : null, match.map_number ? `map ${match.map_number}` : null].filter(Boolean).join(" · ")),
      h("span", { title: match.source ? `${match.source}, heard ${local(match.heard_ms)}` : null }, age(heardAgo(match)))),
    [0, 1].map((i) => h("div", { key: i, class: "match-team" },
      h("b", null, match.teams[i]),
      h("span", { class: "match-maps", flash: true, title: "maps won" }, match.maps ? match.maps[i] : "–"),
      h("span", { class: "match-score num", flash: true, title: "score on this map" }, match.score ? match.score[i] : "–"))),
    h("div", { class: "match-foot muted" }, h("span", null, words(match.status)), h("span", null, match.clock_ms === null ? "" : clock(match.clock_ms)), lead(match)))));
}

/** @param {MatchRow} match */
function fresh(match) {
  const ago = heardAgo(match);
  return ago === null || ago < MATCH_MS_MAX;
}

/** @param {MatchRow} match */
function heardAgo(match) {
  return match.heard_ms === null ? null : (now() - match.heard_ms) / speed();
}

/** @param {MatchRow} match */
function lead(match) {
  if (match.lead === null) return "";
  if (match.lead === 0) return "gold even";
  const ahead = match.teams[match.lead > 0 ? 0 : 1];
  return h("span", { title: `${ahead} leads by ${Math.abs(match.lead)} gold` }, `${initials(ahead)} +${(Math.abs(match.lead) / 1000).toFixed(1)}k gold`);
}
