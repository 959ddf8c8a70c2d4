// One market's book: bids left, asks right, our orders outside with the size ahead of them.
//
// The book arrives in YES terms. The NO view is the same book mirrored: a YES bid at p is a NO ask at 1 - p.

import { h } from "./dom.js";
import { age, mirrored, price, shares } from "./format.js";
import { now, speed } from "./live.js";
import { spreadText, trustPill } from "./markettable.js";

/** @typedef {import("./rows").MarketRow} MarketRow */
/** @typedef {import("./rows").OwnOrder} OwnOrder */
/** @typedef {import("./rows").Outcome} Outcome */
/** @typedef {import("./dom.js").Loose} Loose */
/** @typedef {{ at: number, text: string, bid: string | null, ask: string | null, own: OwnOrder[] }} Rung */

const LEVELS = 10;

/** Prices as whole 1/10,000, so that equal prices are equal. @param {string} text */
const tenThousandths = (text) => Math.round(Number(text) * 10_000);

/**
 * The price of an order or a trade as this view names it.
 * @param {string} text
 * @param {Outcome} outcome whose price it is
 * @param {Outcome} view
 */
function seen(text, outcome, view) {
  return outcome === view ? text : mirrored(text);
}

/** Whether an order rests on the bid side of this view. @param {OwnOrder} order @param {Outcome} view */
function bids(order, view) {
  return (order.side === "buy") === (order.outcome === view);
}

/**
 * @param {MarketRow} market
 * @param {Outcome} view
 * @returns {{ asks: Rung[], bids: Rung[], most: number }}
 */
export function rungs(market, view) {
  const yes = view === "yes";
  const turned = (/** @type {import("./rows").Level[]} */ levels) => levels.slice(0, LEVELS).map(([at, size]) => /** @type {[string, string]} */ ([yes ? at : mirrored(at), size]));
  const below = side(turned(yes ? market.bids : market.asks), "bid");
  const above = side(turned(yes ? market.asks : market.bids), "ask");
  for (const order of market.orders) {
    const at = seen(order.price, order.outcome, view);
    const into = bids(order, view) ? below : above;
    rung(into, at).own.push(order);
  }
  const most = Math.max(1, ...[...below.values(), ...above.values()].map((found) => Number(found.bid ?? found.ask ?? 0)));
  const down = (/** @type {Map<number, Rung>} */ found) => [...found.values()].sort((a, b) => b.at - a.at);
  return { asks: down(above), bids: down(below), most };
}

/** @param {[string, string][]} levels @param {"bid" | "ask"} which */
function side(levels, which) {
  /** @type {Map<number, Rung>} */
  const found = new Map();
  for (const [at, size] of levels) rung(found, at)[which] = size;
  return found;
}

/** @param {Map<number, Rung>} into @param {string} text */
function rung(into, text) {
  const at = tenThousandths(text);
  const found = into.get(at) ?? { at, text, bid: null, ask: null, own: [] };
  into.set(at, found);
  return found;
}

/**
 * @param {MarketRow} market
 * @param {Outcome} view
 * @returns {Loose[]}
 */
export function ladder(market, view) {
  const { asks, bids: below, most } = rungs(market, view);
  const last = market.last_trade;
  const tick = last ? tenThousandths(seen(last.price, last.outcome, view)) : null;
  const row = (/** @type {Rung} */ found) => drawRung(found, market, most, found.at === tick);
  return [
    h("div", { class: "ladder-top" }, trustPill(market), mirrorPill(market), h("span", { class: "muted" }, "spread ", h("b", null, spreadText(market))), lastTrade(market, view)),
    h("table", { class: "ladder" },
      h("caption", { class: "sr" }, `Order book in ${view.toUpperCase()} prices`),
      h("thead", null, h("tr", null, ["bids", view === "yes" ? "YES" : "NO", "asks"].map((head, i) => h("th", { key: i, scope: "col" }, head)))),
      h("tbody", null,
        asks.length === 0 ? blank("ask", "no asks") : asks.map(row),
        h("tr", { key: "middle", class: "middle" }, h("td", { colspan: 3 }, middle(market, view))),
        below.length === 0 ? blank("bid", "no bids") : below.map(row))),
  ];
}

/** @param {string} key @param {string} says */
function blank(key, says) {
  return h("tr", { key: `none-${key}`, class: "none" }, h("td", { colspan: 3 }, says));
}

/** @param {MarketRow} market @param {Outcome} view */
function middle(market, view) {
  if (market.bid === null || market.ask === null) return "one side is empty";
  const mid = String((tenThousandths(market.bid) + tenThousandths(market.ask)) / 20_000);
  const shown = Number(seen(mid, "yes", view)).toFixed(4).replace(/0$/, "");
  return [h("span", { class: "muted" }, "mid "), h("b", { flash: true }, shown.slice(1))];
}

/**
 * @param {Rung} found
 * @param {MarketRow} market
 * @param {number} most the largest size on either side, the length of a full bar
 * @param {boolean} traded
 */
function drawRung(found, market, most, traded) {
  const part = (/** @type {string | null} */ size) => ({ "--part": String(Number(size ?? 0) / most) });
  const isBid = found.bid !== null || found.own.length > 0 && found.ask === null;
  const mine = found.own.map(chip);
  const size = (/** @type {string | null} */ text) => h("span", { key: "size", class: "size", flash: true }, text === null ? "" : shares(text));
  return h("tr", { key: found.at, class: found.own.length > 0 ? "mine" : "" },
    h("td", { class: "depth bid", vars: part(found.bid) }, h("div", null, isBid ? mine : null, size(found.bid))),
    h("th", { scope: "row", class: traded ? "price traded" : "price", title: traded ? "last trade was here" : null }, price(found.text, market.tick)),
    h("td", { class: "depth ask", vars: part(found.ask) }, h("div", null, size(found.ask), isBid ? null : mine)));
}

/** @param {OwnOrder} order */
function chip(order) {
  const left = Number(order.shares) - Number(order.filled);
  const says = `our ${order.side} of ${shares(order.shares)} ${order.outcome.toUpperCase()} at ${price(order.price)}, ${order.status}, filled ${shares(order.filled)}, ${order.ahead === null ? "size ahead unknown" : `${shares(order.ahead)} ahead`}`;
  return h("span", { key: order.key, class: `chip ${order.outcome} s-${order.status.toLowerCase()}`, title: says },
    h("b", { flash: true }, shares(left)), h("span", { class: "tag" }, order.outcome.toUpperCase()),
    order.ahead === null ? null : h("span", { class: "ahead", flash: true }, `+${shares(order.ahead)}`));
}

/** @param {MarketRow} market */
function mirrorPill(market) {
  if (market.phantom_open_ms !== null) return h("span", { class: "pill soon", title: "the raw asks add up to less than 1; never traded" }, "phantom");
  if (market.mirror_holds === false) return h("span", { class: "pill soon", title: "the two tokens' tops do not mirror each other now: no order may open" }, "mirror torn");
  return null;
}

/** @param {MarketRow} market @param {Outcome} view */
function lastTrade(market, view) {
  const last = market.last_trade;
  if (!last) return h("span", { class: "muted" }, "no trade seen");
  const taker = (last.side === "buy") === (last.outcome === view) ? "bought" : "sold";
  return h("span", { class: "muted" }, "last ", h("b", { flash: true }, price(seen(last.price, last.outcome, view), market.tick)),
    ` × ${shares(last.size)} ${taker}, ${age((now() - last.at_ms) / speed())} ago`);
}
