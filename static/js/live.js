// The one connection of this page: it keeps the board, the venue's clock and the paint beat.
//
// Views register with `paint` or `panel` and are called at most four times a second. A view reads the
// board; nothing else may change it.

import { Board } from "./board.js";
import { byId, h, patch } from "./dom.js";
import { age } from "./format.js";

const PAINT_MS = 250;
const SILENT_MS = 6_000; // the server speaks at least every 2 s
const BACKOFF_MS_MAX = 10_000;
const RESYNC_MS_MIN = 1_000;
const SEEN_EVERY = 20; // changes; the server stops sending to a page that has not said so for 120
const LOGGED_OUT = 4401;
const NO_WORD = 1006;

export const board = new Board();

/** @type {{ state: "connecting" | "open" | "lost", since: number | null, tries: number, nextTry: number | null }} */
export const link = { state: "connecting", since: null, tries: 0, nextTry: null };

/** @type {(() => void)[]} */
const views = [];
/** @type {WebSocket | null} */
let socket = null;
let heardAt = performance.now();
let resyncedAt = -RESYNC_MS_MIN;
let retryTimer = 0;

/** The venue's clock as we last heard it, run on from there at its own speed. */
const clockBase = { ms: Date.now(), at: performance.now(), speed: 1, heard: false };
/** When the trader last said anything, on this page's own clock. */
let changedAt = performance.now();

/** UTC milliseconds on the venue clock. */
export function now() {
  return clockBase.ms + (performance.now() - clockBase.at) * clockBase.speed;
}

/** How much faster than real time the venue clock runs. Age limits stretch with it. */
export function speed() {
  return clockBase.speed;
}

/** Real milliseconds since the trader last published. */
export function boardAge() {
  return performance.now() - changedAt;
}

/** Real milliseconds since the server said anything, be it that nothing changed. */
export function linkAge() {
  return performance.now() - heardAt;
}

/** Draw with this function on every beat, and now. @param {() => void} view */
export function paint(view) {
  views.push(view);
  view();
}

/**
 * A live panel: its body is drawn on every beat, its chip shows its age, and past `limitMs` it fades. `known` says
 * whether there is anything to draw: by default, once the trader spoke.
 * @param {string} id
 * @param {{ limitMs: number, ageMs: () => number | null, known?: () => boolean }} freshness
 * @param {() => import("./dom.js").Loose[]} view
 */
export function panel(id, { limitMs, ageMs, known = () => board.heard }, view) {
  const element = byId(id);
  const body = /** @type {Element} */ (element.querySelector("[data-body]"));
  const chip = /** @type {HTMLElement} */ (element.querySelector("[data-age]"));
  paint(() => {
    const ms = known() ? ageMs() : null;
    const stale = ms !== null && ms > limitMs;
    element.classList.toggle("stale", stale);
    chip.classList.toggle("late", stale);
    chip.title = stale ? `older than its limit of ${age(limitMs)}` : "age of what this panel shows";
    patch(chip, [age(ms)]);
    patch(body, known() ? view() : [skeleton()]);
  });
}

function skeleton() {
  return h("div", { class: "skeleton", role: "status", "aria-label": "waiting for the first data" }, h("i", null), h("i", null), h("i", null));
}

/** Read the snapshot the server put into the page, connect, and start the beat. */
export function start() {
  const embedded = document.getElementById("board");
  if (embedded?.textContent) receive(JSON.parse(embedded.textContent));
  connect();
  setInterval(beat, PAINT_MS);
  document.addEventListener("visibilitychange", beat);
  addEventListener("online", retryNow);
}

function beat() {
  // A connection that is silent is gone, whatever the browser thinks of it; also one that never opened.
  if (socket && performance.now() - heardAt > SILENT_MS) letGo(socket);
  if (document.hidden) return;
  for (const view of views) view();
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const opened = new WebSocket(`${scheme}//${location.host}/ws/console/`);
  socket = opened;
  heardAt = performance.now();
  opened.onmessage = (event) => {
    if (socket !== opened) return;
    heardAt = performance.now();
    Object.assign(link, { state: "open", since: null, tries: 0, nextTry: null });
    receive(JSON.parse(event.data));
  };
  opened.onclose = (event) => {
    if (socket === opened) closed(event.code);
  };
}

/** @param {WebSocket} silent */
function letGo(silent) {
  silent.close();
  closed(NO_WORD);
}

/** @param {number} code */
function closed(code) {
  if (code === LOGGED_OUT) {
    location.assign(`/login/?next=${encodeURIComponent(location.pathname + location.search)}`);
    return;
  }
  socket = null;
  link.tries += 1;
  const wait = Math.min(500 * 2 ** (link.tries - 1), BACKOFF_MS_MAX) * (0.75 + Math.random() / 2);
  Object.assign(link, { state: "lost", since: link.since ?? now(), nextTry: performance.now() + wait });
  retryTimer = setTimeout(connect, wait);
  beat();
}

/** Do not wait for the next try. */
export function retryNow() {
  if (link.state !== "lost") return;
  clearTimeout(retryTimer);
  connect();
}

/** @param {import("./rows").Message} message */
function receive(message) {
  if (board.take(message) === "gap") resync();
  if (message.type === "change" && message.seq % SEEN_EVERY === 0) tell({ type: "seen", seq: message.seq });
  if ("now_ms" in message) setClock(message.now_ms, ratio(message.speed ?? "1"));
  if (message.type === "snapshot" || message.type === "change") changedAt = performance.now();
}

/** A speed is a fraction as text: "1", "10", "1/2". @param {string} text */
function ratio(text) {
  const [over, under = "1"] = text.split("/");
  return Number(over) / Number(under);
}

/**
 * @param {number} ms
 * @param {number} speed
 */
function setClock(ms, speed) {
  Object.assign(clockBase, { ms, at: performance.now(), speed, heard: true });
}

/** Ask for a snapshot, at most once a second. */
function resync() {
  if (performance.now() - resyncedAt < RESYNC_MS_MIN) return;
  resyncedAt = performance.now();
  tell({ type: "resync" });
}

/** @param {{ type: "resync" } | { type: "seen", seq: number }} word */
function tell(word) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(word));
}
