// What needs a person, worst first. Empty on a good night.

import { span, utc, words } from "./format.js";
import { board, now, speed } from "./live.js";
import { named } from "./named.js";

/** @typedef {{ key: string, severity: 0 | 1 | 2 | 3, text: string, detail: string, href: string | null }} Need */

const TRUST_MS_MAX = 10_000;
const NAKED_MS_OVER = 10_000; // the engine resolves a leg by itself; longer than this it did not
const PHANTOM_MS_MAX = 2_000;
const UNKNOWN_MS_MAX = 30_000; // the venue is asked all the while; after this a person should look too

/** @returns {Need[]} */
export function needs() {
  const found = [...haltNeeds(), ...moneyNeeds(), ...feedNeeds(), ...workerNeeds(), ...board.troubles, ...board.all("market").flatMap(marketNeeds)];
  return found.sort((a, b) => a.severity - b.severity || a.key.localeCompare(b.key));
}

/** @returns {Need[]} */
function haltNeeds() {
  const { control } = board;
  if (!control?.halt) return [];
  /** @type {Need[]} */
  const found = [{
    key: "halt", severity: 1, text: "Trading is halted",
    detail: `${words(control.halt.reason)}, since ${utc(control.halt.began_ms)}. ${control.way_out}`, href: "/risk/",
  }];
  const runner = board.one("halt");
  if (runner && !runner.halted && board.goneSince === null) {
    found.push({ key: "halt-runner", severity: 0, text: "A runner has not stopped", detail: "its own view still says running", href: "/risk/" });
  }
  for (const what of control.report?.unproven ?? []) {
    found.push({ key: `unproven-${what}`, severity: 0, text: "Halt not proven", detail: what, href: "/risk/" });
  }
  return found;
}

/** @returns {Need[]} */
function moneyNeeds() {
  const totals = board.one("totals");
  if (!totals || totals.pnl_today === null || totals.loss_limit === null) return [];
  const used = -Number(totals.pnl_today) / Number(totals.loss_limit);
  if (used < 0.5) return [];
  const detail = `${Math.round(used * 100)} % of the daily loss limit of ${totals.loss_limit} USDC`;
  return [{ key: "loss", severity: used >= 0.8 ? 1 : 2, text: "Losing today", detail, href: "/" }];
}

/** @returns {Need[]} */
function feedNeeds() {
  return board.feeds().filter((feed) => feed.status !== "connected").map((feed) => ({
    key: `feed-${feed.name}`,
    severity: /** @type {1 | 2} */ (feed.status === "lost" ? 1 : 2),
    text: feed.says ?? `Feed ${feed.status}: ${feed.name}`,
    detail: feed.since_ms === null || (feed.kind === "wallet" && feed.detail) ? (feed.detail ?? "") : `${span((now() - feed.since_ms) / speed())}${feed.detail ? ` · ${feed.detail}` : ""}`,
    href: feed.kind === "wallet" ? "/doctor/" : null,
  }));
}

/** @returns {Need[]} */
function workerNeeds() {
  const out = board.workers.filter((worker) => !worker.alive).map((worker) => worker.name);
  if (out.length === 0) return [];
  return [{
    key: "workers", severity: 1, text: out.length === 1 ? "A worker is down" : `${out.length} workers are down`,
    detail: `${out.join(", ")}: no sign of life for 5 s. The launcher restarts them.`, href: "/health/ready",
  }];
}

/**
 * Orders nobody answered for: asked about by themselves for half a minute, then a person's business.
 * @param {import("./rows").MarketRow} market
 * @param {number} since the oldest one's
 * @param {number} count
 * @returns {Need}
 */
function unknownNeed(market, since, count) {
  const age = (now() - since) / speed();
  return {
    key: `unknown-${market.market_id}`, severity: age < UNKNOWN_MS_MAX ? 2 : 1, href: null,
    text: `${count === 1 ? "Unknown order" : `${count} unknown orders`} in ${market.short}`,
    detail: `no answer for ${span(age)}; the venue is asked, nothing opens here until then`,
  };
}

/**
 * @param {import("./rows").MarketRow} market
 * @returns {Need[]}
 */
function marketNeeds(market) {
  const href = `/markets/${market.market_id}/`;
  /** @param {string} what @param {0 | 1 | 2 | 3} severity @param {string} text @param {string} detail @returns {Need} */
  const need = (what, severity, text, detail) => ({ key: `${what}-${market.market_id}`, severity, text, detail, href });
  /** @type {Need[]} */
  const found = [];
  const unknown = market.orders.filter((order) => order.status.toLowerCase() === "unknown");
  if (unknown.length > 0) found.push({ ...unknownNeed(market, Math.min(...unknown.map((order) => order.since_ms)), unknown.length), href: "/orders/?status=unknown" });
  if (market.halted && !board.control?.halt) found.push(need("halted", 2, `${market.short} is halted`, words(market.halt_reason ?? "")));
  if (market.breaker !== null) found.push(need("breaker", 3, `Breaker open in ${market.short}`, named(market.breaker.detail)));
  const left = market.pair?.naked_until_ms ? (market.pair.naked_until_ms - now()) / speed() : null;
  if (left !== null && left < -NAKED_MS_OVER) {
    found.push(need("naked", 2, `Naked leg in ${market.short}`, `still there ${span(-left)} after its time`));
  }
  const untrusted = market.trust_since_ms === null ? null : (now() - market.trust_since_ms) / speed();
  const resolved = market.resolved_payout !== null;
  if (market.trust.toUpperCase() !== "TRUSTED" && !resolved && untrusted !== null && untrusted > TRUST_MS_MAX) {
    found.push(need("trust", 3, `${market.short}: book ${words(market.trust)}`, span(untrusted)));
  }
  if (market.phantom_open_ms !== null && now() - market.phantom_open_ms > PHANTOM_MS_MAX) {
    found.push(need("phantom", 3, `Phantom in ${market.short}`, `YES + NO below 1 for ${span(now() - market.phantom_open_ms)}; never traded`));
  }
  return found;
}
