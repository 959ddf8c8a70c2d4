// Draws what a view describes, and touches only what differs from what is on the page.
//
// `h(tag, attrs, ...children)` describes; `patch(parent, children)` draws. Children with a `key` keep
// their element when they move. Text set by us is always text: nothing here parses markup.

/** @typedef {import("./views").Element_} Element_ */
/** @typedef {import("./views").Child} Child */
/** @typedef {import("./views").Loose} Loose */
/** @typedef {import("./views").Attrs} Attrs */

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "path", "polyline", "line", "rect", "circle", "g", "use"]);
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** @type {WeakMap<Element, Element_>} */
const drawn = new WeakMap();

/**
 * Describe an element. Special attributes: `key` names it among its siblings, `vars` sets CSS custom
 * properties, `flash` brightens it for 300 ms when its text changes.
 * @param {string} tag
 * @param {Attrs | null} attrs
 * @param {...Loose} children
 * @returns {Element_}
 */
export function h(tag, attrs, ...children) {
  const { key = null, ...rest } = attrs ?? {};
  return { tag, key: key === null ? null : String(key), attrs: rest, children: flat(children) };
}

/**
 * @param {Loose[]} loose
 * @returns {Child[]}
 */
function flat(loose) {
  /** @type {Child[]} */
  const out = [];
  for (const child of loose) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) out.push(...flat(child));
    else out.push(typeof child === "number" ? String(child) : child);
  }
  return out;
}

/**
 * Make `parent` hold exactly `children`.
 * @param {Element} parent
 * @param {Loose[]} children
 */
export function patch(parent, children) {
  draw(parent, flat(children));
}

/**
 * @param {Element} parent
 * @param {Child[]} children
 */
function draw(parent, children) {
  const kept = keyed(parent);
  /** @type {ChildNode | null} */
  let cursor = parent.firstChild;
  for (const child of children) {
    const node = reuse(cursor, kept, child) ?? create(child);
    if (node === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(node, cursor);
    update(node, child);
  }
  while (cursor) {
    const next = cursor.nextSibling;
    cursor.remove();
    cursor = next;
  }
}

/** @param {Element} parent */
function keyed(parent) {
  /** @type {Map<string, Element>} */
  const found = new Map();
  for (const element of parent.children) {
    const key = drawn.get(element)?.key;
    if (key !== null && key !== undefined) found.set(key, element);
  }
  return found;
}

/**
 * @param {ChildNode | null} cursor
 * @param {Map<string, Element>} kept
 * @param {Child} child
 * @returns {ChildNode | null}
 */
function reuse(cursor, kept, child) {
  if (typeof child === "string") return cursor instanceof Text ? cursor : null;
  if (child.key !== null) {
    const element = kept.get(child.key);
    return element && drawn.get(element)?.tag === child.tag ? element : null;
  }
  if (!(cursor instanceof Element)) return null;
  const before = drawn.get(cursor);
  return before && before.key === null && before.tag === child.tag ? cursor : null;
}

/**
 * @param {Child} child
 * @returns {ChildNode}
 */
function create(child) {
  if (typeof child === "string") return document.createTextNode(child);
  const element = SVG_TAGS.has(child.tag)
    ? document.createElementNS(SVG, child.tag)
    : document.createElement(child.tag);
  drawn.set(element, { tag: child.tag, key: child.key, attrs: {}, children: [] });
  return element;
}

/**
 * @param {ChildNode} node
 * @param {Child} child
 */
function update(node, child) {
  if (typeof child === "string") {
    if (node.nodeValue !== child) node.nodeValue = child;
    return;
  }
  const element = /** @type {HTMLElement} */ (node);
  const before = drawn.get(element);
  if (before === child) return; // a view that kept its description: nothing differs
  setAttributes(element, before?.attrs ?? {}, child.attrs);
  const text = child.attrs.flash ? element.textContent : null;
  draw(element, child.children);
  if (text && text !== element.textContent) brighten(element);
  drawn.set(element, child);
}

/**
 * @param {HTMLElement} element
 * @param {Attrs} before
 * @param {Attrs} after
 */
function setAttributes(element, before, after) {
  for (const name of Object.keys(before)) if (!(name in after)) setAttribute(element, name, null);
  for (const [name, value] of Object.entries(after)) {
    if (name === "vars") setVars(element, /** @type {Record<string, string>} */ (value ?? {}));
    else if (before[name] !== value) setAttribute(element, name, value);
  }
}

/**
 * @param {HTMLElement} element
 * @param {string} name
 * @param {unknown} value
 */
function setAttribute(element, name, value) {
  if (name === "flash" || name === "vars") return;
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : String(value));
}

/**
 * @param {HTMLElement} element
 * @param {Record<string, string>} vars
 */
function setVars(element, vars) {
  for (const [name, value] of Object.entries(vars)) {
    if (element.style.getPropertyValue(name) !== value) element.style.setProperty(name, value);
  }
}

/** @param {HTMLElement} element */
function brighten(element) {
  if (calm.matches) return;
  element.animate([{ filter: "brightness(1.6) saturate(1.3)" }, { filter: "none" }], { duration: 300 });
}

/**
 * The element with this id. Throws when the page has none.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`this page has no #${id}`);
  return element;
}
