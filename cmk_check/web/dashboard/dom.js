/**
 * Elements from attributes and text. Nothing here parses HTML, so text can never become HTML.
 *
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {Record<string, string | number | boolean | null | undefined | EventListener>} Attributes
 */

const SVG = "http://www.w3.org/2000/svg";

/** Shapes of the icons, on a grid of 16. Each verdict has its own, so that colour is not needed. */
const SHAPES = {
  compliant: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm3.6 5.2-4.3 4.9a.8.8 0 0 1-1.2 0L4.3 9.2l1.1-1 1.3 1.3 3.7-4.3Z",
  non_compliant: "M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1ZM7.2 4.2v5h1.6v-5Zm0 6.2V12h1.6v-1.6Z",
  unknown: "M3.5 1h9A2.5 2.5 0 0 1 15 3.5v9a2.5 2.5 0 0 1-2.5 2.5h-9A2.5 2.5 0 0 1 1 12.5v-9A2.5 2.5 0 0 1 3.5 1ZM5.3 6.3H7c0-.7.4-1.1 1-1.1s1 .4 1 1c0 1.2-1.9 1.4-1.9 3.3h1.7c0-1.5 2-1.7 2-3.4 0-1.5-1.2-2.5-2.8-2.5S5.3 4.7 5.3 6.3Zm1.7 4.3v1.8h1.8v-1.8Z",
  nothing: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 1.7a5.3 5.3 0 1 1 0 10.6A5.3 5.3 0 0 1 8 2.7Z",
  excepted: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm-.8 2.8h1.6v3.9l2.7 2.7-1.1 1.1L7.2 8.4Z",
  warning: "M8 1.2 15.6 14.4H.4ZM7.2 5.6v4.6h1.6V5.6Zm0 5.8V13h1.6v-1.6Z",
  link: "M9 2h5v5h-1.5V4.56L7.53 9.53 6.47 8.47l4.97-4.97H9ZM2 4h5v1.5H3.5v7h7V9H12v5H2Z",
  arrow: "M9.3 3.2 14 8l-4.7 4.8-1.1-1.1 2.9-3H2V7.3h9.1l-2.9-3Z",
};

/**
 * Make an element.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes] Functions become listeners; null, undefined and false are left out.
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, String(value));
    }
  }
  element.append(...kept(children));
  return element;
}

/** @param {Child[]} children @returns {(Node | string)[]} */
function kept(children) {
  return children
    .filter((child) => child !== null && child !== undefined && child !== false && child !== "")
    .map((child) => (child instanceof Node ? child : String(child)));
}

/** @param {Element} element */
const keyOf = (element) => element.getAttribute("data-key");

/** Return a selector that finds the element in new content: by its `data-key`, or its link target. @param {Element} element */
const selectorOf = (element) => (keyOf(element) === null ? `a[href="${CSS.escape(element.getAttribute("href") ?? "")}"]` : `[data-key="${CSS.escape(keyOf(element) ?? "")}"]`);

/**
 * Replace the content of an element. The focus stays on the element with the same `data-key`, or the
 * link with the same target, and details whose summary has a `data-key` stay open.
 *
 * @param {Element} element
 * @param {...Child} children
 */
export function fill(element, ...children) {
  const focused = element.contains(document.activeElement) ? document.activeElement?.closest("[data-key], a[href]") : null;
  const unfolded = [...element.querySelectorAll("details[open] > summary[data-key]")].map(keyOf);
  element.replaceChildren(...kept(children));
  for (const summary of element.querySelectorAll("details > summary[data-key]")) {
    if (unfolded.includes(keyOf(summary))) summary.parentElement?.setAttribute("open", "");
  }
  if (focused) focusOn(element, selectorOf(focused));
}

/** @param {Element} within @param {string} selector @returns {boolean} Whether there is such an element. */
function focusOn(within, selector) {
  const found = within.querySelector(selector);
  if (!(found instanceof HTMLElement)) return false;
  found.focus({ preventScroll: true });
  return true;
}

/**
 * Move the focus to the element with this `data-key`.
 *
 * @param {Element} within
 * @param {string} key
 * @returns {boolean} Whether there is such an element.
 */
export const focusKey = (within, key) => focusOn(within, `[data-key="${CSS.escape(key)}"]`);

/** Make a term with its description, for a description list. @param {string} term @param {...Child} children */
export const item = (term, ...children) => h("div", {}, h("dt", {}, term), h("dd", {}, ...children));

/**
 * Make a link to an account in the Azure portal, or to a resource in the same portal. Only https: a
 * click must never run a script.
 *
 * @param {{ portalUrl: string }} account
 * @param {string} text
 * @param {string} [path] The path of the resource.
 */
export function portalLink({ portalUrl }, text, path) {
  if (!URL.canParse(portalUrl) || new URL(portalUrl).protocol !== "https:") return null;
  const href = path === undefined ? portalUrl : `${new URL(portalUrl).origin}/#resource${path.split("/").map(encodeURIComponent).join("/")}`;
  return h("a", { href, target: "_blank", rel: "noopener noreferrer", class: "portal", "data-key": path ?? "portal" }, text, icon("link"));
}

/** A placeholder while data is loading: it shows bars, and a screen reader reads the word. */
export const waiting = () => h("p", { class: "waiting" }, h("span", {}, "Loading…"));

/** Find an element of the page; it must exist. @param {string} id @returns {HTMLElement} */
export function at(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}.`);
  return found;
}

/**
 * Make an icon. It is hidden from screen readers, which read the word beside it.
 *
 * @param {keyof typeof SHAPES} shape
 * @param {string} [className]
 */
export function icon(shape, className = "") {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", `icon ${className}`);
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", SHAPES[shape]);
  path.setAttribute("fill-rule", "evenodd");
  svg.append(path);
  return svg;
}

/**
 * Wrap a drawing function so that it draws only when its inputs have changed.
 *
 * @template T
 * @param {(state: T) => unknown[]} inputs
 * @param {(state: T) => void} draw
 * @returns {(state: T) => void}
 */
export function whenChanged(inputs, draw) {
  /** @type {unknown[] | null} */
  let before = null;
  return (state) => {
    const now = inputs(state);
    if (before && now.every((value, place) => Object.is(value, before?.[place]))) return;
    draw(state);
    // Set after drawing: if drawing fails, the next call tries again.
    before = now;
  };
}
