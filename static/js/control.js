// What the console asks the server to do. Every control posts JSON with the session and its CSRF token.

import { board } from "./live.js";

/** @typedef {{ ok: true, body: Record<string, unknown> } | { ok: false, status: number, detail: string, body: Record<string, unknown> }} Answer */

/**
 * @param {string} path
 * @param {Record<string, string>} body
 * @returns {Promise<Answer>}
 */
async function post(path, body) {
  const token = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
  let response;
  try {
    response = await fetch(path, {
      method: "POST",
      credentials: "same-origin",
      headers: {
        "Content-Type": "application/json",
        "X-CSRFToken": token,
        "Idempotency-Key": key(),
      },
      body: JSON.stringify(body),
    });
  } catch (error) {
    return { ok: false, status: 0, detail: `The server did not answer: ${String(error)}`, body: {} };
  }
  /** @type {Record<string, unknown>} */
  const answer = await response.json().catch(() => ({}));
  if (response.ok) {
    if ("halt" in answer) take(answer);
    return { ok: true, body: answer };
  }
  return { ok: false, status: response.status, detail: sentence(answer, response), body: answer };
}

/** Every control answers with the control state after it: show it without waiting for the websocket. @param {object} answer */
function take(answer) {
  const can = board.control?.can ?? { halt: true, reset: false, resume: false };
  board.take({ type: "control", control: { .../** @type {import("./rows").Control} */ (answer), can } });
}

/** A key of its own for each press. `randomUUID` exists only on https and loopback. */
function key() {
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

/** @param {string} reason */
export const haltTrading = (reason) => post("/api/v1/halts", { reason });

/** @param {string} reason */
export const resetTrading = (reason) => post("/api/v1/reset", { reason });

/** @param {string} marketId @param {string} reason */
export const haltMarket = (marketId, reason) =>
  post(`/api/v1/markets/${encodeURIComponent(marketId)}/halt`, { reason });

/** @param {string} marketId @param {string} reason */
export const resumeMarket = (marketId, reason) =>
  post(`/api/v1/markets/${encodeURIComponent(marketId)}/resume`, { reason });
