// How numbers, times and names are written. Everything arrives as decimal text or null; null is "–",
// never 0. Rounding here is for the eye only.

export const UNKNOWN = "–";
const MINUS = "−";

const MONEY = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/**
 * USDC to the cent: "1,204.50".
 * @param {string | number | null | undefined} text
 */
export function money(text) {
  if (text === null || text === undefined) return UNKNOWN;
  const value = Number(text);
  const shown = MONEY.format(Math.abs(value));
  return value < 0 && shown !== "0.00" ? MINUS + shown : shown;
}

/**
 * USDC with its sign always written: "+1.44", "−0.20", "0.00".
 * @param {string | number | null | undefined} text
 */
export function signed(text) {
  const shown = money(text);
  return text !== null && text !== undefined && Number(text) > 0 && shown !== "0.00" ? `+${shown}` : shown;
}

/**
 * The class that colours the sign of money: "up", "down" or "flat".
 * @param {string | number | null | undefined} text
 */
export function tone(text) {
  const shown = signed(text);
  if (shown.startsWith("+")) return "up";
  return shown.startsWith(MINUS) ? "down" : "flat";
}

/**
 * Whole USDC: "1,204".
 * @param {string | number | null | undefined} text
 */
export function whole(text) {
  if (text === null || text === undefined) return UNKNOWN;
  const value = Number(text);
  return (value < 0 ? MINUS : "") + WHOLE.format(Math.abs(value));
}

/**
 * A price on its market's tick: ".47", ".475" on a 0.001 tick. `places` overrides, for averages.
 * @param {string | number | null | undefined} text
 * @param {string} tick
 */
export function price(text, tick = "0.01") {
  return decimals(text, Math.max(2, (tick.split(".")[1] ?? "").length));
}

/**
 * An average or a pair cost, one digit finer than a cent: ".962".
 * @param {string | number | null | undefined} text
 */
export function average(text) {
  return decimals(text, 3);
}

/**
 * @param {string | number | null | undefined} text
 * @param {number} places
 */
function decimals(text, places) {
  if (text === null || text === undefined) return UNKNOWN;
  const value = Number(text);
  const shown = Math.abs(value).toFixed(places);
  return (value < 0 ? MINUS : "") + (shown.startsWith("0.") ? shown.slice(1) : shown);
}

/**
 * Shares: "38.5", "120", "1,204".
 * @param {string | number | null | undefined} text
 */
export function shares(text) {
  if (text === null || text === undefined) return UNKNOWN;
  const value = Number(text);
  if (Math.abs(value) >= 1000) return WHOLE.format(value);
  return String(Math.round(value * 10) / 10);
}

/**
 * A span of time, as short as can be read: "312 ms", "2.1 s", "45 s", "3 min", "2 h 04".
 * @param {number | null | undefined} ms
 */
export function span(ms) {
  if (ms === null || ms === undefined) return UNKNOWN;
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  const minutes = Math.round(ms / 60_000);
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")}`;
}

/**
 * An age for a chip: tenths of a second below ten seconds, so that it can be seen to run.
 * @param {number | null | undefined} ms
 */
export function age(ms) {
  if (ms === null || ms === undefined) return UNKNOWN;
  return ms < 10_000 ? `${(Math.max(0, ms) / 1000).toFixed(1)} s` : span(ms);
}

/**
 * Minutes and seconds of a clock that runs: "4:31".
 * @param {number | null | undefined} ms
 */
export function clock(ms) {
  if (ms === null || ms === undefined) return UNKNOWN;
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/**
 * Time of day in UTC: "21:04:31".
 * @param {number | null | undefined} ms
 */
export function utc(ms) {
  if (ms === null || ms === undefined) return UNKNOWN;
  return new Date(ms).toISOString().slice(11, 19);
}

/**
 * The same moment on this machine's clock, for a hover text.
 * @param {number | null | undefined} ms
 */
export function local(ms) {
  if (ms === null || ms === undefined) return "";
  return `${new Date(ms).toLocaleString()} on your clock`;
}

/**
 * A state or gate name as words: "BUILDING_PAIR" -> "building pair".
 * @param {string} name
 */
export function words(name) {
  return name.replaceAll("_", " ").toLowerCase();
}

/**
 * A long id, short enough to recognise.
 * @param {string} id
 */
export function shortId(id) {
  return id.length > 12 ? `${id.slice(0, 6)}…${id.slice(-4)}` : id;
}

/**
 * The same price seen from the other outcome. Exact: counted in 1/10,000.
 * @param {string} text
 */
export function mirrored(text) {
  return String((10_000 - Math.round(Number(text) * 10_000)) / 10_000);
}

/**
 * A market in a few letters for a dense list: "T1-HLE m2", "VG-TUN".
 * @param {{ yes_name: string, no_name: string, map_number: number | null, kind: string }} market
 */
export function letters(market) {
  const map = market.kind === "map" && market.map_number !== null ? ` m${market.map_number}` : "";
  return `${initials(market.yes_name)}-${initials(market.no_name)}${map}`;
}

/** A team in a few letters: "Vici Gaming" -> "VG", "Fnatic" -> "FNAT". @param {string} name */
export function initials(name) {
  const parts = name.split(/\s+/).filter(Boolean);
  return (parts.length > 1 ? parts.map((part) => part[0]).join("") : name.slice(0, 4)).toUpperCase();
}

/**
 * An intent of the engine, shorter: "buy YES 38.5 at 0.47" -> "YES .47 × 38.5".
 * @param {string} text
 */
export function intent(text) {
  const found = /^(buy|sell) (YES|NO) ([\d.]+) at ([\d.]+)$/.exec(text);
  if (!found) return text;
  const [, side, outcome, size, at] = found;
  return `${side === "sell" ? "sell " : ""}${outcome} ${price(at, `0.${"0".repeat(Math.max(2, (at?.split(".")[1] ?? "").length))}`)} × ${shares(size)}`;
}
