/** Copying to the clipboard, which a browser may refuse. */

/**
 * @param {string} text
 * @returns {Promise<boolean>} Whether the text was copied.
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
