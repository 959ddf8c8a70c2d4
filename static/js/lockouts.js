// Who is not listened to at the log-in for a while, and the button that ends it.

import { post } from "./control.js";
import { ask } from "./dialogs.js";
import { h } from "./dom.js";
import { local, utc } from "./format.js";
import { may } from "./roles.js";

/** @typedef {import("./dom.js").Loose} Loose */
/** @typedef {{ id: number, kind: string, subject: string, began_ms: number, until_ms: number, minutes_left: number, tries: number, from_address: string }} Lockout */

/** @type {Record<string, string>} */
const KINDS = {
  person: "name, in browsers it does not know",
  browser: "one browser that knows the name",
  session: "somebody logged in, asked for the password",
  address: "address, for names and links",
  tokens: "address, for API tokens",
};

/** @param {Lockout[]} locked @returns {Loose} */
export function lockoutTable(locked) {
  const lifts = may("users");
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "locked out" }, h("table", { class: "rows cards notes" },
    h("thead", null, h("tr", null, ["who", "what is locked", "wrong tries", "last from", "until", lifts ? "" : null].map((head, i) => (head === null ? null : h("th", { key: i, scope: "col", class: i === 2 ? "num" : null }, head || h("span", { class: "sr" }, "lift")))))),
    h("tbody", null, locked.map((row) => h("tr", { key: row.id, "data-row": true, tabindex: -1 },
      h("th", { scope: "row" }, row.subject),
      h("td", { class: "muted", "data-label": "what is locked" }, KINDS[row.kind] ?? row.kind),
      h("td", { class: "num", "data-label": "wrong tries" }, row.tries),
      h("td", { "data-label": "last from" }, row.from_address),
      h("td", { "data-label": "until", title: local(row.until_ms) }, `${utc(row.until_ms)}, ${row.minutes_left} min`),
      lifts ? h("td", { class: "control" }, h("button", { type: "button", class: "button small", "data-lift": row.id, "aria-label": `Lift ${row.kind} ${row.subject}` }, "Lift…")) : null)))));
}

/** @param {Lockout} row @param {() => Promise<void>} reload */
export function askLift(row, reload) {
  ask({
    title: "Lift the lockout",
    says: `${row.tries} wrong tries, the last from ${row.from_address}. Lift it when you know whose they were.`,
    changes: [[`${row.kind} ${row.subject}`, `locked until ${utc(row.until_ms)}`, "may try again at once"]],
    verb: "Lift it",
    keep: "Leave it locked",
    danger: false,
    reason: "required",
    act: async (reason) => {
      const answer = await post(`/api/v1/lockouts/${row.id}/lift`, { reason });
      await reload();
      return answer;
    },
    done: "Lifted: they may try again.",
  });
}
