// The doctor: every health check with what to do next, and what is missing to go live.

import { post } from "./control.js";
import { say } from "./dialogs.js";
import { byId, h, patch } from "./dom.js";
import { span } from "./format.js";
import { paint } from "./live.js";
import { polled, polledPanel } from "./polled.js";

/** @typedef {import("./dom.js").Loose} Loose */
/** @typedef {"pass" | "warn" | "fail"} Verdict */
/** @typedef {{ name: string, area: string, verdict: Verdict, detail: string, age_ms: number | null, next_step: string }} Check */
/** @typedef {{ name: string, met: boolean, detail: string, next_step: string }} Need */
/** @typedef {{ verdict: Verdict, mode: string, asking: boolean, asked_ms: number | null, checks: Check[], needs: Need[] }} Health */

const EVERY_MS = 10_000;
const WHILE_ASKING_MS = 1_000;
const GRAVITY = { fail: 0, warn: 1, pass: 2 };
const WORDS = { pass: "✓ pass", warn: "! look", fail: "✕ fail" };

/** @type {import("./polled.js").Polled<Health>} */
const health = polled("/api/v1/health/full", EVERY_MS);
const run = { pressed: false, since: 0 };

polledPanel("p-checks", health, ({ checks }) => [h("table", { class: "rows checks" },
  h("thead", null, h("tr", null, ["check", "verdict", "what was found, and what to do next", "age"].map((head) => h("th", { key: head, scope: "col" }, head)))),
  groups(checks).map(([group, rows]) => h("tbody", { key: group },
    h("tr", { class: "area" }, h("th", { colspan: 4, scope: "rowgroup" }, group)),
    rows.map(row))))]);

polledPanel("p-golive", health, ({ mode, needs }) => {
  const open = needs.filter((need) => !need.met).length;
  return [
    h("p", { class: "muted" }, mode === "live" ? (open === 0 ? "Everything real money needs is there." : `${open} of ${needs.length} are missing.`)
      : `This stack runs in ${mode} mode: ${open} of ${needs.length} are missing.`),
    h("ul", { class: "golive" }, needs.map((need) => h("li", { key: need.name, class: need.met ? "met" : "open" },
      h("span", { class: "mark", "aria-hidden": "true" }, need.met ? "✓" : "○"),
      h("div", null, h("p", null, h("b", null, need.name), h("span", { class: "sr" }, need.met ? " is there" : " is missing"), h("span", { class: "muted" }, ` · ${need.detail}`)),
        need.next_step ? next(need.next_step) : null)))),
  ];
});

paint(() => patch(byId("doctor-head"), [
  h("p", { key: "verdict", class: "verdict", role: "status" }, verdict()),
  h("span", { key: "asked", class: "muted" }, asked()),
  h("button", { key: "again", type: "button", class: "button", "data-again": true, disabled: asking() }, asking() ? "Asking…" : "Run again"),
]));

document.addEventListener("click", (event) => {
  if (/** @type {Element} */ (event.target).closest("[data-again]") && !asking()) void again();
});

async function again() {
  Object.assign(run, { pressed: true, since: performance.now() });
  const answer = await post("/api/v1/health/full", {});
  if (!answer.ok) say(answer.detail);
  while (answer.ok && (await fresh())) await new Promise((done) => setTimeout(done, WHILE_ASKING_MS));
  run.pressed = false;
}

/** Whether it is still being asked, by the server's word; unknown counts as yes, as long as somebody may answer. */
async function fresh() {
  await health.load();
  return health.refused === "" && health.value?.asking === true;
}

function asking() {
  return run.pressed || health.value?.asking === true;
}

/** @returns {Loose} */
function verdict() {
  if (health.value === null) return health.refused ? "Not known." : "Looking…";
  const { checks } = health.value;
  const count = (/** @type {Verdict} */ wanted) => checks.filter((check) => check.verdict === wanted).length;
  const [failing, odd] = [count("fail"), count("warn")];
  if (failing + odd === 0) return [h("b", null, `✓ All ${checks.length} checks pass`)];
  return [
    failing ? h("b", { class: "pill halted" }, `${failing} ${failing === 1 ? "fails" : "fail"}`) : null,
    odd ? h("b", { class: "pill soon" }, `${odd} to look at`) : null,
    h("span", { class: "muted" }, `${checks.length - failing - odd} of ${checks.length} pass`),
  ];
}

function asked() {
  if (run.pressed) return `Time server, venue and trader are being asked, ${span(performance.now() - run.since)}. It takes up to half a minute.`;
  const ms = health.value?.asked_ms ?? null;
  const age = health.ageMs();
  return ms === null || age === null ? "" : `Asked anew ${span(ms + age)} ago.`;
}

/** What does not pass first, the gravest on top; then by area in the server's order. @param {Check[]} checks @returns {[string, Check[]][]} */
function groups(checks) {
  const odd = checks.filter((check) => check.verdict !== "pass").sort((a, b) => GRAVITY[a.verdict] - GRAVITY[b.verdict]);
  /** @type {Map<string, Check[]>} */
  const found = new Map();
  for (const check of checks.filter(({ verdict }) => verdict === "pass")) found.set(check.area, [...(found.get(check.area) ?? []), check]);
  return odd.length === 0 ? [...found] : [["see to these", odd], ...found];
}

/** @param {Check} check @returns {Loose} */
function row(check) {
  return h("tr", { key: check.name, class: check.verdict, "data-row": true, tabindex: -1 },
    h("th", { scope: "row" }, check.name),
    h("td", null, h("span", { class: `pill ${check.verdict === "fail" ? "halted" : check.verdict === "warn" ? "soon" : "quiet"}` }, WORDS[check.verdict])),
    h("td", { class: "wrap found" }, check.detail, check.next_step ? next(check.next_step) : null),
    h("td", { class: "when muted" }, check.age_ms === null ? "" : `${span(check.age_ms + (health.ageMs() ?? 0))} ago`));
}

/** @param {string} step @returns {Loose} */
function next(step) {
  return h("p", { class: "next" }, h("span", { "aria-hidden": "true" }, "→"), h("span", null, step));
}
