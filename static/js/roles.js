// What this person may press, and who may where they may not. The server decides again at every press.

import { byId } from "./dom.js";
import { board } from "./live.js";

/** @typedef {import("./rows").ControlName} ControlName */

/** @type {{ needed: Record<ControlName, string>, names: Record<string, string[]> }} */
const told = JSON.parse(byId("roles").textContent ?? "{}");

/** Whether to offer a control. Nothing is offered before the server has said so. @param {ControlName} control */
export function may(control) {
  return board.control?.can[control] ?? false;
}

/** "Needs the role risk-admin: ada or rita." @param {ControlName} control */
export function whoMay(control) {
  const role = told.needed[control];
  const names = told.names[role] ?? [];
  if (names.length === 0) return `Needs the role ${role}, which nobody has.`;
  const last = names.slice(-1);
  const others = names.slice(0, -1).join(", ");
  return `Needs the role ${role}: ${others === "" ? last : `${others} or ${last}`}.`;
}
