// What is always there: mode strip clock, P&L today, exposure, lights, notices, navigation counts.

import { sparkline, today, uncertain } from "./curve.js";
import { byId, h, patch } from "./dom.js";
import { age, local, signed, span, tone, utc, whole, words } from "./format.js";
import { board, boardAge, link, now, paint, retryNow, speed } from "./live.js";
import { named } from "./named.js";
import { needs } from "./needs.js";
import { may } from "./roles.js";

/** @typedef {import("./dom.js").Loose} Loose */

const BOARD_MS_MAX = 3_000;
const FEED_MS_MAX = 30_000;

/** Draw the frame on every beat. */
export function startFrame() {
  paint(drawArmed);
  paint(drawClock);
  paint(drawMoney);
  paint(drawLights);
  paint(drawNotices);
  paint(drawCounts);
  document.addEventListener("click", (event) => {
    const pressed = /** @type {Element} */ (event.target).closest("[data-retry]");
    if (pressed) retryNow();
  });
}

/** Whether orders reach the venue: the strip says so on every page. */
function drawArmed() {
  const { armed, needed } = board.control?.arming ?? { needed: false, armed: null };
  if (needed) byId("strip").dataset.armed = armed ? "yes" : "no";
}

function drawClock() {
  const element = byId("utc");
  const fast = speed() === 1 ? "" : ` · ${speed()}×`;
  element.title = local(now());
  patch(element, [`${utc(now())} UTC${fast}`]);
}

function drawMoney() {
  const totals = board.one("totals");
  const old = link.state === "lost" || board.goneSince !== null || boardAge() > BOARD_MS_MAX;
  byId("bar").classList.toggle("stale", board.heard && old);
  patch(byId("bar-pnl"), [
    h("span", { class: "label" }, "P&L today"),
    h("b", { class: `big ${tone(totals?.pnl_today)}`, flash: true, title: uncertain() ? "some books are not trusted: valued at their last known bid" : null }, uncertain() ? "≈ " : "", signed(totals?.pnl_today)),
    sparkline(today(), tone(totals?.pnl_today)),
  ]);
  patch(byId("bar-exposure"), exposure(totals));
}

/**
 * @param {import("./rows").TotalsRow | null} totals
 * @returns {Loose[]}
 */
function exposure(totals) {
  const used = totals?.exposure ?? null;
  const limit = totals?.exposure_limit ?? null;
  const share = used !== null && limit !== null && Number(limit) > 0 ? Number(used) / Number(limit) : null;
  const level = share === null || share < 0.5 ? "calm" : share < 0.8 ? "soon" : "bad";
  return [
    h("span", { class: "label" }, "exposure"),
    h("b", { flash: true }, whole(used)),
    h("span", { class: "muted" }, ` / ${whole(limit)}`),
    h("span", {
      class: `gauge ${level}`, role: "meter", "aria-label": "exposure against its limit",
      "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.round((share ?? 0) * 100),
      "aria-valuetext": share === null ? "unknown" : `${Math.round(share * 100)} % of the limit`,
      vars: { "--part": String(Math.min(1, share ?? 0)) },
    }),
  ];
}

function drawLights() {
  const feeds = board.feeds().map((feed) => ({ name: feed.name, ...feedLight(feed) }));
  const workers = board.workers.map((worker) => ({
    name: worker.name,
    level: worker.alive ? "good" : "bad",
    says: worker.alive ? "alive" : "no sign of life for 5 s",
  }));
  patch(byId("bar-lights"), [lights("feeds", feeds), lights("workers", workers)]);
}

/** @param {import("./rows").FeedRow} feed */
export function feedLight(feed) {
  if (feed.status === "lost") return { level: "bad", says: `lost${feed.detail ? `: ${feed.detail}` : ""}` };
  if (feed.status === "connecting") return { level: "soon", says: "connecting" };
  const silent = feed.heard_ms === null ? null : (now() - feed.heard_ms) / speed();
  if (silent === null || silent > FEED_MS_MAX) return { level: "soon", says: `connected, silent ${span(silent)}` };
  return { level: "good", says: "connected" };
}

/**
 * @param {string} label
 * @param {{ name: string, level: string, says: string }[]} found
 */
function lights(label, found) {
  const good = found.filter((light) => light.level === "good").length;
  return h("span", { class: "lights", role: "img", "aria-label": `${label}: ${good} of ${found.length} well` },
    h("span", { class: "label" }, label),
    found.length === 0 ? h("span", { class: "muted" }, "–") : null,
    found.map((light) => h("i", { key: light.name, class: `light ${light.level}`, title: `${light.name}: ${light.says}` })),
  );
}

function drawNotices() {
  document.body.classList.toggle("lost", link.state === "lost");
  document.body.classList.toggle("halted", board.control?.halt !== null && board.control !== null);
  patch(byId("notices"), [lostNotice(), goneNotice(), haltNotice()]);
  patch(byId("announced"), [announcement()]);
}

/** For a screen reader: what is wrong, without the seconds that run. */
function announcement() {
  if (link.state === "lost") return "No connection to the console. Numbers are old.";
  if (board.goneSince !== null) return "The trader is not publishing. Numbers are old.";
  return board.control?.halt ? `All trading is halted: ${board.control.halt.detail}` : "";
}

/** @returns {Loose} */
function lostNotice() {
  if (link.state !== "lost" || link.since === null) return null;
  const wait = Math.max(0, Math.ceil(((link.nextTry ?? 0) - performance.now()) / 1000));
  return h("div", { key: "lost", class: "notice soon", "data-notice": "lost" },
    h("p", null,
      h("b", null, `No connection since ${utc(link.since)} UTC, ${age((now() - link.since) / speed())}. `),
      "Everything below is as it was then. ",
      h("span", { class: "muted" }, wait > 0 ? `Try ${link.tries} failed, next in ${wait} s.` : `Try ${link.tries + 1} is under way.`)),
    h("button", { type: "button", class: "button", "data-retry": true }, "Try now"));
}

/** @returns {Loose} */
function goneNotice() {
  if (link.state === "lost" || board.goneSince === null) return null;
  const since = board.heard ? ` since ${utc(board.goneSince)} UTC, ${age((now() - board.goneSince) / speed())}` : "";
  return h("div", { key: "gone", class: "notice soon", "data-notice": "gone" },
    h("p", null,
      h("b", null, `The trader is not publishing${since}. `),
      board.heard ? "Nothing below is current. " : "Nothing is known yet: it may still be starting. ",
      h("span", { class: "muted" }, "A halt is still recorded and obeyed: it is a row in the database.")));
}

/** @returns {Loose} */
function haltNotice() {
  const halt = board.control?.halt;
  if (!halt) return null;
  const report = board.control?.report;
  const proof = report?.proven_ms ? "Proven: nothing is open." : report ? "Proof is under way." : "Waiting for the runners.";
  const unproven = report && report.unproven.length > 0;
  return h("div", { key: "halt", class: "notice bad", "data-notice": "halt" },
    h("p", null,
      h("b", null, `Trading is halted since ${utc(halt.began_ms)} UTC, ${span((now() - halt.began_ms) / speed())}. `),
      `${named(halt.detail || words(halt.reason))} (${halt.by}). `,
      board.control?.recorded === false ? h("b", null, "Not recorded yet. ") : unproven ? h("b", null, `${report.unproven.length} not proven. `) : `${proof} `),
    h("button", { type: "button", class: "button", "data-open-halt": true }, "Show proof"),
    may("reset") ? h("button", { type: "button", class: "button", "data-reset": true }, "Reset trading…") : null);
}

/** Badges beside the navigation: how much needs a person there. */
function drawCounts() {
  const open = board.one("totals")?.open_orders ?? null;
  const urgent = board.heard ? needs().filter((need) => need.severity < 3).length : 0;
  const incidents = board.troubles.filter(({ key }) => key.startsWith("incident-")).length;
  /** @type {Record<string, number | string | null>} */
  const shown = { needs: urgent || "", orders: open, incidents: incidents || "" };
  for (const badge of document.querySelectorAll("[data-count]")) {
    patch(badge, [String(shown[badge.getAttribute("data-count") ?? ""] ?? "")]);
  }
  const title = document.body.dataset.title ?? "polyloly";
  const halted = board.control?.halt ? "■ HALTED · " : "";
  const pnl = board.one("totals")?.pnl_today;
  document.title = `${halted}${pnl === undefined || pnl === null ? "" : `${signed(pnl)} · `}${title}`;
}

