// Circuit breakers: markets that stop by themselves for a while. In force: live from the board. All there were: from
// the database.

import { h } from "./dom.js";
import { clock, local, words } from "./format.js";
import { board, now, speed } from "./live.js";
import { marketName } from "./markethalt.js";
import { named } from "./named.js";
import { may, whoMay } from "./roles.js";
import { ago } from "./tokens.js";

/** @typedef {import("./dom.js").Loose} Loose */
/** @typedef {import("./rows").MarketRow} MarketRow */
/**
 * @typedef {{
 *   id: number, market_id: string, state: "open" | "half_open" | "closed", code: string, detail: string, tripped: number,
 *   opened_ms: number, until_ms: number, half_open_ms: number | null, ended_ms: number | null, ended_reason: string | null,
 * }} Breaker
 */

const WHY = new Map([["rejects", "rejected orders"], ["cancels", "failed cancels"], ["slow_answer", "slow answer"]]);

/** Markets whose breaker is not closed, the one that waits longest first. */
export function tripped() {
  return board.all("market").filter((market) => market.breaker !== null).sort((a, b) => (b.breaker?.until_ms ?? 0) - (a.breaker?.until_ms ?? 0));
}

/** "tries again in 4:12", or that one order decides now. @param {{ state: string, until_ms: number }} breaker */
export function timeLeft(breaker) {
  if (breaker.state === "half_open") return "half-open: the next order decides";
  return `one order is tried in ${clock(Math.max(0, breaker.until_ms - now()) / speed())}`;
}

/** An item of what stands still. @param {MarketRow} market */
export function breakerItem(market) {
  const { breaker } = market;
  if (breaker === null) return null;
  return h("li", { key: `breaker-${market.market_id}`, class: "stop" },
    h("div", { class: "stop-head" }, h("a", { href: `/markets/${market.market_id}/` }, market.short), h("b", null, "breaker"), h("span", { class: "running" }, timeLeft(breaker))),
    h("p", { class: "stop-told" }, named(breaker.detail), h("span", { class: "muted", title: local(breaker.opened_ms) }, breaker.tripped > 1 ? ` · opened ${breaker.tripped} times in a row` : "")),
    h("div", { class: "actions" }, resumeButton(market.market_id, "Resume now…")));
}

/** @param {string} marketId @param {string} words_ */
function resumeButton(marketId, words_) {
  if (!may("resume-market")) return h("span", { class: "muted" }, `Resume: ${whoMay("resume-market")}`);
  return h("button", { type: "button", class: "button small", "data-market-control": marketId, "data-resume": true, "aria-label": `Resume ${marketName(marketId)}` }, words_);
}

/** @param {Breaker[]} rows @returns {Loose} */
export function breakerTable(rows) {
  if (rows.length === 0) {
    return h("p", { class: "empty" }, "None opened yet. Rejected orders or failed cancels in a row, or an answer that takes too long, stop a market by itself; after a while one order is tried, and decides.");
  }
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "circuit breakers" }, h("table", { class: "rows cards notes breakers" },
    h("thead", null, h("tr", null, ["opened", "market", "why", "state"].map((head) => h("th", { key: head, scope: "col" }, head)), h("th", { scope: "col" }, h("span", { class: "sr" }, "resume")))),
    h("tbody", null, rows.map((row) => h("tr", { key: row.id, "data-row": true, tabindex: -1 },
      h("td", { "data-label": "opened" }, ago(row.opened_ms)),
      h("th", { scope: "row" }, h("a", { href: `/markets/${row.market_id}/`, "data-open": true }, marketName(row.market_id))),
      h("td", { class: "wrap", "data-label": "why" }, WHY.get(row.code) ?? words(row.code), row.tripped > 1 ? `, ${row.tripped} times` : "", h("span", { class: "muted sub" }, named(row.detail))),
      h("td", { class: "wrap", "data-label": "state" }, row.state === "closed"
        ? [h("span", { title: local(row.ended_ms) }, "closed"), h("span", { class: "muted sub" }, row.ended_reason ?? "")]
        : h("span", { class: "pill soon" }, timeLeft(row))),
      h("td", { class: "control" }, row.state === "closed" ? null : resumeButton(row.market_id, "Resume…")))))));
}
