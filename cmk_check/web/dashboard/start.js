/** The first module to run: it requests the data before the code that draws it has loaded. */

import { key, startKey } from "./api.js";
import { Loader } from "./load.js";
import { Store } from "./page_state.js";
import { restoreFragment } from "./url_state.js";

/**
 * Sign in with the keys in the address that `make up` printed, and remove them from it. Only on this
 * machine: elsewhere, such an address would end up in histories and messages.
 *
 * @returns {boolean} Whether the address has a key.
 */
function takeKeys() {
  const given = new URLSearchParams(location.hash.slice(1));
  const read = given.get("read-key");
  if (location.hostname !== "127.0.0.1" || !read) return false;
  key.set(read);
  startKey.set(given.get("start-key") ?? "");
  history.replaceState(null, "", location.pathname + location.search);
  return true;
}

takeKeys();
restoreFragment();
export const store = new Store();
export const loader = new Loader(store);
loader.start();
// The address may be pasted where the page of an earlier `make up` is still open.
addEventListener("hashchange", () => takeKeys() && location.reload());
