// Texts of the trader name markets by the beginning of their id and reasons by their code: people read names and words.

import { board } from "./live.js";

/**
 * "50 in the ledger of 0xb40374ccd1": ids become the names of markets on the board; others stay. "manual_halt" loses its underscore.
 * @param {string} text
 */
export function named(text) {
  const plain = text.replace(/\b[a-z]+(?:_[a-z]+)+\b/g, (code) => code.replaceAll("_", " "));
  return plain.replace(/\b0x[0-9a-f]{10,64}\b/g, (id) => board.all("market").find((market) => market.market_id.startsWith(id))?.short ?? id);
}
