// Halt and resume of one market, wherever a button for it stands.

import { haltMarket, resumeMarket } from "./control.js";
import { ask } from "./dialogs.js";
import { h } from "./dom.js";
import { utc, words } from "./format.js";
import { board } from "./live.js";

/** @typedef {import("./rows").MarketRow} MarketRow */

export function startMarketHalt() {
  document.addEventListener("click", (event) => {
    const pressed = /** @type {Element} */ (event.target).closest("[data-market-control]");
    if (!pressed) return;
    event.preventDefault();
    const market = board.one("market", pressed.getAttribute("data-market-control") ?? "");
    if (!market) return;
    if (board.marketHalt(market.market_id)) askResume(market);
    else askHalt(market);
  });
}

/** The button that fits the market's state; nothing for a resolved market. @param {MarketRow} market */
export function marketButton(market) {
  if (market.resolved_payout !== null) return null;
  const halted = board.marketHalt(market.market_id) !== null;
  const verb = halted ? "Resume" : "Halt";
  return h("button", {
    type: "button", class: halted ? "button small primary" : "button small", "data-market-control": market.market_id,
    "aria-label": `${verb} ${market.title}`, disabled: !(halted ? board.control?.can.resume : board.control?.can.halt),
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

/** @param {MarketRow} market */
function askResume(market) {
  const halt = board.marketHalt(market.market_id);
  ask({
    title: `Resume ${market.short}`,
    says: halt ? `Halted by ${halt.by} at ${utc(halt.began_ms)} UTC: ${halt.reason}.` : "This market is halted.",
    changes: [
      ["market", "halted", "as its ledger says"],
      ["new orders", "none", board.control?.halt ? "none: all trading is halted" : "allowed"],
    ],
    verb: `Resume ${market.short}`,
    keep: "Keep it halted",
    danger: false,
    reason: "required",
    act: (reason) => resumeMarket(market.market_id, reason),
    done: `${market.short} trades again.`,
  });
}
