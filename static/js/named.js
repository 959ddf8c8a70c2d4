// Texts of the trader name markets by the beginning of their id: people read names.

import { board } from "./live.js";

/**
 * "50 in the ledger of 0xb40374ccd1": ids become the names of markets on the board; others stay.
 * @param {string} text
 */
export function named(text) {
  return text.replace(/\b0x[0-9a-f]{10,64}\b/g, (id) => board.all("market").find((market) => market.market_id.startsWith(id))?.short ?? id);
}
