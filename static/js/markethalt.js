// Halt and resume of one market, wherever a button for it stands.

import { haltMarket, resumeMarket } from "./control.js";
import { ask } from "./dialogs.js";
import { h } from "./dom.js";
import { shortId, utc, words } from "./format.js";
import { board } from "./live.js";
import { may } from "./roles.js";

/** @typedef {import("./rows").MarketRow} MarketRow */

export function startMarketHalt() {
  document.addEventListener("click", (event) => {
    const pressed = /** @type {Element} */ (event.target).closest("[data-market-control]");
    if (!pressed) return;
    event.preventDefault();
    const id = pressed.getAttribute("data-market-control") ?? "";
    const market = board.one("market", id);
    // A market that is halted can be resumed while the trader is silent, too.
    if (board.marketHalt(id) || pressed.hasAttribute("data-resume")) askResume(id, marketName(id));
    else if (market) askHalt(market);
  });
}

/** What people call a market; its id, short, while the trader does not speak of it. @param {string} marketId */
export function marketName(marketId) {
  return board.one("market", marketId)?.short ?? shortId(marketId);
}

/** The button that fits the market's state; nothing for a resolved market, or for who may not press it. @param {MarketRow} market */
export function marketButton(market) {
  if (market.resolved_payout !== null) return null;
  const halted = board.marketHalt(market.market_id) !== null;
  if (!may(halted ? "resume-market" : "halt-market")) return null;
  const verb = halted ? "Resume" : "Halt";
  return h("button", {
    type: "button", class: halted ? "button small primary" : "button small", "data-market-control": market.market_id,
    "aria-label": `${verb} ${market.title}`,
  }, verb);
}

/** @param {MarketRow} market */
function askHalt(market) {
  ask({
    title: `Halt ${market.short}`,
    says: "Cancels our orders in this market and opens no new ones. Other markets go on.",
    changes: [
      ["market", words(market.state), "halted"],
      ["open orders", String(market.orders.length), "0"],
    ],
    verb: `Halt ${market.short}`,
    keep: "Keep it trading",
    danger: true,
    reason: "optional",
    act: (reason) => haltMarket(market.market_id, reason || "halted from the console"),
    done: `${market.short} is halted.`,
  });
}

/** @param {string} marketId @param {string} name */
function askResume(marketId, name) {
  const halt = board.marketHalt(marketId);
  const breaker = board.one("market", marketId)?.breaker ?? null;
  ask({
    title: `Resume ${name}`,
    says: breaker ? `Its breaker opened: ${breaker.detail}. Resuming closes it before its time.${halt ? ` It is halted, too, by ${halt.by}: ${words(halt.detail || halt.reason)}.` : ""}` : halt ? `Halted by ${halt.by} at ${utc(halt.began_ms)} UTC: ${words(halt.detail || halt.reason)}.` : "This market is halted.",
    changes: [
      ["market", halt ? "halted" : "stopped by its breaker", "as its ledger says"],
      ["new orders", "none", board.control?.halt ? "none: all trading is halted" : "allowed"],
    ],
    verb: `Resume ${name}`,
    keep: halt ? "Keep it halted" : "Let it wait",
    danger: false,
    reason: "required",
    act: (reason) => resumeMarket(marketId, reason),
    done: `${name} trades again.`,
  });
}
