// The people who may log in: which role, last seen; let in, changed and let go by a risk admin, on record.

import { post } from "./control.js";
import { ask, beforeAfter, field, question, reasonField, reasonOf } from "./dialogs.js";
import { h, patch } from "./dom.js";
import { ago, day } from "./tokens.js";
import { local } from "./format.js";
import { may } from "./roles.js";

/** @typedef {import("./dom.js").Loose} Loose */
/** @typedef {"viewer" | "operator" | "risk-admin"} Role */
/**
 * @typedef {{
 *   name: string, role: Role | null, active: boolean, superuser: boolean, has_password: boolean,
 *   joined_ms: number, last_login_ms: number | null,
 * }} Person
 */

/** @type {[Role, string][]} */
const ROLES = [
  ["viewer", "viewer: looks at everything"],
  ["operator", "operator: halts, resumes, acknowledges"],
  ["risk-admin", "risk-admin: resets, changes limits, arms, lets people in"],
];
const NONE = "none";

/** @param {Person[]} people @returns {Loose} */
export function peopleTable(people) {
  const changes = may("users");
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "people" }, h("table", { class: "rows cards notes persons" },
    h("thead", null, h("tr", null, ["name", "role", "last log-in", "password", "since", changes ? "" : null].map((head, i) => (head === null ? null : h("th", { key: i, scope: "col" }, head || h("span", { class: "sr" }, "change")))))),
    h("tbody", null, people.map((person) => h("tr", { key: person.name, "data-row": true, tabindex: -1, class: person.active && person.role ? "" : "ended" },
      h("th", { scope: "row" }, person.name, isMe(person) ? h("span", { class: "muted" }, " (you)") : null),
      h("td", { "data-label": "role" }, roleOf(person)),
      h("td", { "data-label": "last log-in" }, person.last_login_ms === null ? h("span", { class: "muted" }, "never") : ago(person.last_login_ms)),
      h("td", { "data-label": "password" }, person.has_password ? "set" : isMe(person) ? h("a", { class: "press", href: "/password/" }, "set one") : h("span", { class: "muted" }, "link only")),
      h("td", { class: "muted", "data-label": "since", title: local(person.joined_ms) }, day(person.joined_ms)),
      changes ? h("td", { class: "control" }, buttons(person)) : null)))));
}

/** @param {Person} person */
function isMe(person) {
  return person.name === document.body.dataset.user;
}

/** @param {Person} person @returns {Loose} */
function roleOf(person) {
  if (!person.active) return h("span", { class: "muted" }, "may log in no more");
  if (person.role === null) return h("span", { class: "soon" }, "none: let in nowhere");
  return [person.role, person.superuser ? h("span", { class: "muted", title: "made by manage.py createsuperuser or up" }, " · superuser") : null];
}

/** @param {Person} person @returns {Loose} */
function buttons(person) {
  /** @param {string} does @param {string} words */
  const button = (does, words) => h("button", { type: "button", class: "button small", "data-person": person.name, "data-does": does, "aria-label": `${words} ${person.name}` }, `${words}…`);
  return h("span", { class: "buttons" }, person.active ? button("link", "Log-in link") : null, button("role", person.active ? "Role" : "Take back"), person.active && !isMe(person) ? button("let-go", "Let go") : null);
}

/** @param {() => Promise<void>} reload */
export function askPerson(reload) {
  question({
    title: "Let a colleague in",
    says: "They get a link that logs them in once, within 15 minutes, and set a password there.",
    body: [
      field("name", "Name to log in with", h("input", { name: "name", required: true, maxlength: 150, autocomplete: "off", spellcheck: "false" })),
      field("role", "Role", h("select", { name: "role" }, ROLES.map(([role, says]) => h("option", { key: role, value: role }, says)))),
    ],
    verb: "Let them in",
    keep: "Let nobody in",
    danger: false,
    act: async (form) => {
      const chosen = new FormData(form);
      const name = String(chosen.get("name")).trim();
      const made = await post("/api/v1/people", { name, role: chosen.get("role") });
      if (!made.ok) return made;
      await reload();
      return post(pathOf(name, "login-link"), {});
    },
    done: (answer) => [shownOnce(answer.body)],
  });
}

/** @param {Person} person */
export function askLink(person) {
  ask({
    title: `Log-in link for ${person.name}`,
    says: "Whoever opens it first is logged in as this person. Hand it over yourself.",
    changes: [["way in", person.has_password ? "name and password" : "none", "the link, once, within 15 minutes"]],
    verb: "Make the link",
    keep: "Make none",
    danger: false,
    reason: "none",
    act: () => post(pathOf(person.name, "login-link"), {}),
    done: (answer) => [shownOnce(answer.body)],
  });
}

/** @param {Record<string, any>} made @returns {Loose} */
function shownOnce(made) {
  return h("div", { key: "made", class: "made" },
    h("h2", { id: "ask-title" }, "Log-in link"),
    h("p", null, h("b", null, "Hand it over now: "), `it is shown here once, works once, and ends after ${made.minutes} minutes.`),
    h("p", { class: "secret" }, h("code", { "data-secret": true }, made.link), h("button", { type: "button", class: "button primary", "data-copy": made.link, "data-says": "Copied the link." }, "Copy")),
    h("div", { class: "actions" }, h("button", { type: "button", class: "button", "data-close": true }, "I have it, close")));
}

/** @param {Person} person @param {() => Promise<void>} reload */
export function askRole(person, reload) {
  question({
    title: person.active ? `Role of ${person.name}` : `Take ${person.name} back`,
    says: "It counts at once: open consoles close, tokens may no more than the role.",
    body: [
      h("div", { "data-changes": true }),
      field("role", "New role", h("select", { name: "role" },
        [...ROLES, [NONE, "none: is let in nowhere"]].map(([role, says]) => h("option", { key: role ?? "", value: role, selected: role === (person.role ?? NONE) }, says)))),
      reasonField("required"),
    ],
    verb: person.active ? `Change the role of ${person.name}` : `Take ${person.name} back`,
    keep: "Leave it",
    danger: isMe(person),
    opened: (form) => {
      const shown = () => patch(/** @type {Element} */ (form.querySelector("[data-changes]")), [beforeAfter([
        ["role", person.active ? (person.role ?? NONE) : "may log in no more", String(new FormData(form).get("role"))],
      ])]);
      shown();
      form.addEventListener("change", shown);
    },
    act: async (form) => {
      const role = String(new FormData(form).get("role"));
      const answer = await post(pathOf(person.name, "role"), { role: role === NONE ? null : role, reason: reasonOf(form) });
      if (answer.ok) await reload();
      return answer;
    },
    done: (answer) => `${person.name} is ${answer.body.role ?? "without a role"} now.`,
  });
}

/** @param {Person} person @param {() => Promise<void>} reload */
export function askLetGo(person, reload) {
  ask({
    title: `Let ${person.name} go`,
    says: "Sessions and tokens end at once. What they did stays on record.",
    changes: [["may log in", `yes, as ${person.role ?? "nobody"}`, "no"]],
    verb: `Let ${person.name} go`,
    keep: "Keep them",
    danger: true,
    reason: "required",
    act: async (reason) => {
      const answer = await post(pathOf(person.name, "let-go"), { reason });
      if (answer.ok) await reload();
      return answer;
    },
    done: `${person.name} may log in no more.`,
  });
}

/** @param {string} name @param {string} does */
function pathOf(name, does) {
  return `/api/v1/people/${encodeURIComponent(name)}/${does}`;
}
