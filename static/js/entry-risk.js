// Risk: what was agreed and how near we are to it, what stands still and why.

import { board, boardAge, linkAge, now, panel, speed } from "./live.js";
import { lossToday } from "./loss.js";
import { refusals } from "./refusals.js";
import { stopped } from "./stopped.js";

// What stands still is a row of the database: known without the trader, and told by the web server.
const CONTROL = { limitMs: 6_000, ageMs: linkAge, known: () => board.control !== null };

panel("p-force", CONTROL, stopped);
panel("p-refusals", { limitMs: 3_000, ageMs: boardAge }, refusals);
panel("p-loss", { limitMs: 10_000, ageMs: valuationAge }, lossToday);

function valuationAge() {
  const valued = board.one("totals")?.valued_ms ?? null;
  return valued === null ? null : (now() - valued) / speed();
}
