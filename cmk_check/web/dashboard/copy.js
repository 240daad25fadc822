/** The clipboard, which a browser may refuse. */

/**
 * @param {string} text
 * @returns {Promise<boolean>} Whether it lies there now.
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
