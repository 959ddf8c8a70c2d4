// What each limit is called, which layer of the judge it belongs to, and how its numbers are written.

import { money, shares, span } from "./format.js";

/** @typedef {{ name: string, unit: string, value: string, config: string, higher_tightens: boolean }} Limit */
/** @typedef {{ layer: string, says: string, means: string, warns?: boolean }} Known */

export const LAYERS = ["time", "global", "group", "market", "order"];

/** `warns`: nearing it is worth amber; of the others being at the limit is an ordinary moment. @type {Record<string, Known>} */
const KNOWN = {
  weekend_trading_enabled: { layer: "time", says: "weekend trading", means: "whether anything is opened on Saturday and Sunday, UTC" },
  daily_loss: { layer: "global", says: "daily loss", means: "lost since 00:00 UTC; at all of it everything stops", warns: true },
  total_exposure: { layer: "global", says: "total exposure", means: "what could be lost in all markets, open bids filled", warns: true },
  orders_per_second: { layer: "global", says: "orders a second", means: "approved in the last second" },
  clock_skew_ms: { layer: "global", says: "clock skew", means: "how far our clock seems off the venue's", warns: true },
  group_exposure: { layer: "group", says: "exposure of a group", means: "what could be lost in one tournament, or in one match where none is named", warns: true },
  market_exposure: { layer: "market", says: "exposure of a market", means: "what could be lost in one market", warns: true },
  open_orders: { layer: "market", says: "open orders", means: "in one market at once" },
  leg_imbalance_usdc: { layer: "market", says: "imbalance of legs", means: "what the leg that is ahead cost more" },
  leg_imbalance_shares: { layer: "market", says: "imbalance of legs", means: "shares one leg is ahead of the other" },
  breaker_rejects: { layer: "market", says: "breaker: rejects", means: "in a row that open a market's breaker" },
  breaker_cancels: { layer: "market", says: "breaker: failed cancels", means: "in a row that open a market's breaker" },
  breaker_answer_s: { layer: "market", says: "breaker: slowest answer", means: "an answer to an order that takes longer opens it" },
  breaker_open_s: { layer: "market", says: "breaker: stays open", means: "before one order is tried" },
  order_min: { layer: "order", says: "smallest order", means: "what opens and is worth less is refused" },
  order_max: { layer: "order", says: "largest order", means: "what opens and is worth more is cut down" },
  slippage_bps: { layer: "order", says: "slippage", means: "how far beyond the top a marketable limit may lie, one tick at least" },
  calm_mid_range: { layer: "order", says: "calm range", means: "where the mid moved more in five minutes, what opens is cut down" },
};
/** @type {Record<string, string>} */
const UNITS = { usdc: "USDC", shares: "shares", price: "price", count: "", bps: "bps", ms: "ms", seconds: "s", switch: "" };
const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 6 });

/** A limit this page does not know yet is shown by its own name. @param {string} name @returns {Known} */
export function known(name) {
  return KNOWN[name] ?? { layer: "order", says: name.replaceAll("_", " "), means: "" };
}

/** @param {string} unit */
export function unitOf(unit) {
  return UNITS[unit] ?? unit;
}

/** A number of a limit as it is read: "5,000", "0.04", "on". @param {string} unit @param {string | null} text */
export function written(unit, text) {
  if (text === null) return "–";
  if (unit === "switch") return text === "true" ? "on" : "off";
  return Number.isFinite(Number(text)) ? NUMBER.format(Number(text)) : text;
}

/** What is used or left, as money and shares are written elsewhere: for the eye, the value itself stays exact. @param {string} unit @param {string | null} text */
export function rounded(unit, text) {
  if (unit === "usdc") return money(text);
  return unit === "shares" ? shares(text) : written(unit, text);
}

/** With its unit, for a sentence. @param {string} unit @param {string} text */
export function said(unit, text) {
  return unit === "ms" && Number.isFinite(Number(text)) ? span(Number(text)) : [written(unit, text), unitOf(unit)].filter(Boolean).join(" ");
}

/** Which way a change goes; null where nothing changes or it is no number. @param {Limit} limit @param {string} after @returns {"loosens" | "tightens" | null} */
export function turn(limit, after) {
  const [was, now] = [number(limit.value), number(after)];
  if (was === null || now === null || was === now) return null;
  return now > was === limit.higher_tightens ? "tightens" : "loosens";
}

/** @param {string} text */
function number(text) {
  const trimmed = text.trim();
  if (trimmed === "true" || trimmed === "false") return Number(trimmed === "true");
  return trimmed === "" || !Number.isFinite(Number(trimmed)) ? null : Number(trimmed);
}
