/** Copying to the clipboard, which a browser may refuse. */

import { fill, h } from "./dom.js";

/** @param {string} text @returns {Promise<boolean>} Whether the text was copied. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Make buttons that each copy a text, and a place for the result.
 *
 * @param {...{ label: string, text: string, key: string, primary?: boolean }} texts `key` keeps the focus.
 */
export function copyButtons(...texts) {
  const status = h("span", { role: "status" });
  const buttons = texts.map(({ label, text, key, primary }) => {
    const press = async () => {
      const done = await copy(text);
      fill(status, done ? "Copied" : "The browser did not allow copying. Select the text below and copy it.");
    };
    return h("button", { type: "button", class: primary && "primary", "data-key": key, click: () => void press() }, label);
  });
  return h("div", { class: "actions" }, ...buttons, status);
}
