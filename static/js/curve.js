// Equity over time: loaded once from the server, then grown from the live totals.

import { h } from "./dom.js";
import { board, now } from "./live.js";

/** @typedef {{ at: number, equity: number }} Point */
/** @typedef {"day" | "week" | "month"} Range_ */

const GROW_MS = 5_000; // on the venue clock; stored valuations are sparser
const POINTS_MAX = 2_000;
const ASK_AGAIN_MS = 5_000;

/** @type {Record<Range_, { points: Point[], base: number | null, loaded: boolean, asked: number }>} */
const curves = {
  day: { points: [], base: null, loaded: false, asked: 0 },
  week: { points: [], base: null, loaded: false, asked: 0 },
  month: { points: [], base: null, loaded: false, asked: 0 },
};

/**
 * The curve of a range and what equity was at its start. Empty until the server answered.
 * @param {Range_} range
 */
export function curve(range) {
  return curves[range];
}

/** Points of today, oldest first. */
export function today() {
  return curves.day.points;
}

/**
 * Fetch stored valuations of a range. A failed fetch leaves the curve to grow from now.
 * @param {Range_} range
 */
export async function load(range) {
  curves[range].asked = performance.now();
  const response = await fetch(`/curves/equity/?range=${range}`, { credentials: "same-origin" });
  if (!response.ok) return;
  const { equity, points, profit } = await response.json();
  const stored = points.map((/** @type {[number, string]} */ [at, equity]) => ({ at, equity: Number(equity) }));
  const last = stored.at(-1)?.at ?? 0;
  curves[range].points = [...stored, ...curves[range].points.filter((point) => point.at > last)];
  curves[range].base = equity === null || profit === null ? null : Number(equity) - Number(profit);
  curves[range].loaded = true;
}

/** Add the live valuation to every curve. Called on the paint beat. */
export function grow() {
  const totals = board.one("totals");
  if (!totals || totals.equity === null || uncertain()) return;
  const at = totals.valued_ms ?? now();
  for (const [range, { points, base, loaded, asked }] of Object.entries(curves)) {
    // Asked before the first valuation was stored: where the range began is known by now.
    if (loaded && base === null && performance.now() - asked > ASK_AGAIN_MS) void load(/** @type {Range_} */ (range));
    const last = points.at(-1);
    if (last && at - last.at < GROW_MS) continue;
    points.push({ at, equity: Number(totals.equity) });
    if (points.length > POINTS_MAX) points.shift();
  }
}

/** Whether the last valuation rests on books that are not trusted. */
export function uncertain() {
  return (board.one("totals")?.marked ?? []).length > 0;
}

/**
 * P&L of a range: equity now minus equity at its start; null when either is unknown.
 * @param {Range_} range
 */
export function gained(range) {
  const equity = board.one("totals")?.equity ?? null;
  const { base } = curves[range];
  return equity === null || base === null ? null : Number(equity) - base;
}

/**
 * A line without axes, 64 by 18.
 * @param {Point[]} points
 * @param {string} tone
 */
export function sparkline(points, tone) {
  const shown = thin(points, 48);
  if (shown.length < 2) return null;
  const low = Math.min(...shown.map((point) => point.equity));
  const high = Math.max(...shown.map((point) => point.equity));
  const first = /** @type {Point} */ (shown[0]).at;
  const wide = Math.max(1, /** @type {Point} */ (shown.at(-1)).at - first);
  const path = shown.map(({ at, equity }) => {
    const x = ((at - first) / wide) * 62 + 1;
    const y = high === low ? 9 : 16 - ((equity - low) / (high - low)) * 14;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return h("svg", { class: `spark ${tone}`, viewBox: "0 0 64 18", width: 64, height: 18, "aria-hidden": "true" },
    h("polyline", { points: path.join(" "), fill: "none", stroke: "currentColor", "stroke-width": 1.5 }));
}

/**
 * @param {Point[]} points
 * @param {number} most
 */
function thin(points, most) {
  if (points.length <= most) return points;
  const step = (points.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, i) => /** @type {Point} */ (points[Math.round(i * step)]));
}
