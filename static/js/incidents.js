// Incidents: opened from wherever something went wrong, told in a table, made graver or lighter, closed with a cause.

import { post } from "./control.js";
import { beforeAfter, field, question } from "./dialogs.js";
import { h, patch } from "./dom.js";
import { local, span, utc } from "./format.js";
import { board, now, paint, speed } from "./live.js";
import { named } from "./named.js";
import { may } from "./roles.js";
import { day } from "./tokens.js";

/** @typedef {import("./dom.js").Loose} Loose */
/** @typedef {0 | 1 | 2 | 3} Severity */
/**
 * @typedef {{
 *   id: number, title: string, severity: Severity, mode: string, began_ms: number, opened_ms: number, opened_by: string,
 *   alert_id: number | null, closed_ms: number | null, closed_by: string | null, cause: string | null,
 * }} Incident
 */

const DAY_MS = 86_400_000;

/** As the runbook grades them. */
const GRADES = [
  "P0: money is or may be moving that nobody decided",
  "P1: trading stopped, or cannot be stopped with proof",
  "P2: one market or one source is out",
  "P3: nothing is wrong yet",
];

/** A button with `data-open-incident` opens one: from an alert, from a halt, or from nothing. */
export function startIncidents() {
  document.addEventListener("click", (event) => {
    const pressed = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-open-incident]"));
    if (!pressed) return;
    const { title = "", severity = "2", began, alert } = pressed.dataset;
    askOpen({ title, severity: Number(severity), began: began ? Number(began) : null, alert: alert ? Number(alert) : null });
  });
}

/**
 * A button that opens an incident about something; nothing for who may not.
 * @param {{ title: string, severity: number, began: number | null, alert?: number | null, words?: string }} about
 * @returns {Loose}
 */
export function openButton({ title, severity, began, alert = null, words = "Open an incident…" }) {
  if (!may("incident")) return null;
  return h("button", {
    type: "button", class: "button small", "data-open-incident": true, "data-title": title, "data-severity": severity,
    "data-began": began, "data-alert": alert, "aria-label": title ? `Open an incident: ${title}` : null,
  }, words);
}

/** What an incident about a halt of everything is called. @param {{ reason: string, detail: string }} halt */
export function haltTitle({ reason, detail }) {
  return `Trading halted: ${named(detail || reason.replaceAll("_", " "))}`;
}

/** @param {number} severity */
export function grade(severity) {
  return h("b", { class: `severity p${severity}`, title: GRADES[severity] }, `P${severity}`);
}

/** Ask again whenever the server says that an incident changed. @param {() => Promise<void>} load */
export function whenChanged(load) {
  let told = board.incidentsTold;
  paint(() => {
    if (board.incidentsTold === told) return;
    told = board.incidentsTold;
    void load();
  });
}

/** How long it lasted, or has been open. @param {Incident} incident */
export function lasted({ began_ms, closed_ms }) {
  return span(((closed_ms ?? now()) - began_ms) / speed());
}

/** "07:31:04", with the day before it when that is not today. @param {number} ms */
export function moment(ms) {
  return Math.floor(ms / DAY_MS) === Math.floor(now() / DAY_MS) ? utc(ms) : `${day(ms)} ${utc(ms)}`;
}

/** @param {Incident[]} rows @param {string} none @returns {Loose} */
export function incidentTable(rows, none) {
  if (rows.length === 0) return h("p", { class: "empty" }, none);
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "incidents" }, h("table", { class: "rows cards incidents" },
    h("thead", null, h("tr", null, ["severity", "incident", "began", "lasts", "opened by", "cause"].map((head) => h("th", { key: head, scope: "col", class: head === "lasts" ? "num" : "" }, head)))),
    h("tbody", null, rows.map((row) => h("tr", { key: row.id, "data-row": true, tabindex: -1, class: row.closed_ms === null ? "" : "ended" },
      h("td", { class: "c-grade" }, grade(row.severity)),
      h("th", { scope: "row", class: "wrap" }, h("a", { href: `/incidents/${row.id}/`, "data-open": true }, named(row.title))),
      h("td", { "data-label": "began" }, h("time", { title: local(row.began_ms) }, moment(row.began_ms))),
      h("td", { class: "num", "data-label": "lasts" }, row.closed_ms === null ? h("span", { class: "pill soon" }, `open ${lasted(row)}`) : lasted(row)),
      h("td", { class: "muted", "data-label": "opened by" }, row.opened_by),
      h("td", { class: "wrap c-cause", "data-label": "cause" }, row.cause ?? h("span", { class: "muted" }, "not known yet")))))));
}

/** @param {number} chosen @param {string} label */
function gradeField(chosen, label) {
  return field("severity", label, h("select", { name: "severity" }, GRADES.map((says, number) => h("option", { key: number, value: number, selected: number === chosen }, says))));
}

/** @param {{ title: string, severity: number, began: number | null, alert: number | null }} about */
function askOpen({ title, severity, began, alert }) {
  question({
    title: "Open an incident",
    says: began === null ? "It begins now. Halts, alerts and what people do are put on its line of time by themselves." : `It began at ${moment(began)} UTC. What happened since, and in the five minutes before, is put on its line of time by itself.`,
    body: [
      field("title", "What is wrong, in a few words", h("input", { name: "title", required: true, maxlength: 200, autocomplete: "off", value: named(title) })),
      gradeField(severity, "How grave"),
    ],
    verb: "Open it",
    keep: "Open none",
    danger: false,
    act: (form) => {
      const chosen = new FormData(form);
      const about = alert === null ? { began_ms: began === null ? null : Math.floor(began) } : { alert_id: alert };
      return post("/api/v1/incidents", { title: String(chosen.get("title")).trim(), severity: Number(chosen.get("severity")), ...about });
    },
    done: (answer) => {
      location.assign(`/incidents/${answer.body.id}/`);
      return `Incident ${answer.body.id} is open.`;
    },
  });
}

/** @param {Incident} incident @param {() => Promise<void>} reload */
export function askGrade(incident, reload) {
  question({
    title: "Graver or lighter",
    says: "The change stands on the line of time with its reason.",
    body: [h("div", { "data-changes": true }), gradeField(incident.severity, "How grave it is"), whyField("reason", "Why (required, kept for good)", 2_000)],
    verb: "Change the severity",
    keep: "Leave it",
    danger: false,
    opened: (form) => {
      const shown = () => patch(/** @type {Element} */ (form.querySelector("[data-changes]")), [beforeAfter([
        ["severity", `P${incident.severity}`, `P${new FormData(form).get("severity")}`],
      ])]);
      shown();
      form.addEventListener("change", shown);
    },
    act: async (form) => {
      const chosen = new FormData(form);
      const answer = await post(`/api/v1/incidents/${incident.id}/severity`, { severity: Number(chosen.get("severity")), reason: String(chosen.get("reason")).trim() });
      if (answer.ok) await reload();
      return answer;
    },
    done: (answer) => `It is a P${answer.body.severity} now.`,
  });
}

/** @param {Incident} incident @param {() => Promise<void>} reload */
export function askClose(incident, reload) {
  question({
    title: `Close incident ${incident.id}`,
    says: "A closed incident takes no more notes; what comes after is a new one.",
    body: [
      beforeAfter([["incident", `open for ${lasted(incident)}`, "closed"]]),
      whyField("cause", "What it was (required; say so when the cause stays unknown)", 1_000),
    ],
    verb: "Close it",
    keep: "Leave it open",
    danger: false,
    act: async (form) => {
      const answer = await post(`/api/v1/incidents/${incident.id}/close`, { cause: String(new FormData(form).get("cause")).trim() });
      if (answer.ok) await reload();
      return answer;
    },
    done: () => `Incident ${incident.id} is closed.`,
  });
}

/** @param {string} name @param {string} label @param {number} most */
function whyField(name, label, most) {
  return field(name, label, h("textarea", { name, rows: 3, maxlength: most, required: true }));
}
