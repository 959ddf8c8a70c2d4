// What the console asks the server to do. Every control posts JSON with the session and its CSRF token.

import { board } from "./live.js";

/**
 * `status` is 0 when nobody answered; `field` names the part of the request that is wrong.
 * @typedef {{ ok: true, status: number, body: Record<string, any> }} Done
 * @typedef {{ ok: false, status: number, detail: string, field: string | null, body: Record<string, any> }} Refused
 * @typedef {Done | Refused} Answer
 */

const ANSWER_MS_MAX = 15_000;

/**
 * @param {string} path
 * @param {Record<string, unknown>} body
 * @param {string} [once] the same key for the same press: the server carries it out once and answers alike
 * @returns {Promise<Answer>}
 */
export function post(path, body, once = key()) {
  const token = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
  return ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token, "Idempotency-Key": once },
    body: JSON.stringify(body),
  });
}

/** @param {string} path @returns {Promise<Answer>} */
export function get(path) {
  return ask(path, { method: "GET", headers: { Accept: "application/json" } });
}

/**
 * @param {string} path
 * @param {RequestInit} request
 * @returns {Promise<Answer>}
 */
async function ask(path, request) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS_MAX), ...request });
  } catch (error) {
    const slow = error instanceof DOMException && error.name === "TimeoutError";
    return { ok: false, status: 0, field: null, body: {}, detail: slow ? `The server did not answer within ${ANSWER_MS_MAX / 1000} s.` : "The server cannot be reached." };
  }
  /** @type {Record<string, any>} */
  const body = (await response.json().catch(() => null)) ?? {};
  if (!response.ok) {
    const field = typeof body.field === "string" ? body.field : null;
    return { ok: false, status: response.status, detail: sentence(body, response), field, body };
  }
  if ("halt" in body && "market_halts" in body) take(body);
  return { ok: true, status: response.status, body };
}

/**
 * The control state, which every control of trading answers with: shown without waiting for the websocket. What
 * this person may do is not in it, and stays as it was.
 * @param {object} state
 */
function take(state) {
  const before = board.control;
  if (before === null) return;
  const { halt } = /** @type {import("./rows").Control} */ (state);
  const way_out = halt && halt.reason === before.halt?.reason ? before.way_out : "";
  board.take({ type: "control", control: { ...before, recorded: true, ...state, way_out } });
}

/** A key of its own for each press. `randomUUID` exists only on https and loopback. */
export function key() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The sentence of an `application/problem+json` body, or what can be said without one.
 * @param {Record<string, unknown>} body
 * @param {Response} response
 */
function sentence(body, response) {
  const { detail, title } = body;
  if (typeof detail === "string") return detail;
  if (Array.isArray(detail)) return detail.map((item) => String(item?.msg ?? item)).join("; ");
  if (typeof title === "string") return title;
  return `The server refused with ${response.status} ${response.statusText}.`;
}

/** How far the halts in force are, asked over HTTP: for when the websocket is down. */
export const readControl = () => get("/api/v1/control");

/** @param {string} reason @param {string} once */
export const haltTrading = (reason, once) => post("/api/v1/halts", { reason }, once);

/** `override`: although checks fail, each of them named in the record. @param {string} reason @param {{ override: boolean }} how */
export const resetTrading = (reason, { override }) => post("/api/v1/reset", { reason, override });

/** @param {string} marketId @param {string} reason */
export const haltMarket = (marketId, reason) =>
  post(`/api/v1/markets/${encodeURIComponent(marketId)}/halt`, { reason });

/** @param {string} marketId @param {string} reason */
export const resumeMarket = (marketId, reason) =>
  post(`/api/v1/markets/${encodeURIComponent(marketId)}/resume`, { reason });
