/** The first module to run: it requests the data before the code that draws it has loaded. */

import { Loader } from "./load.js";
import { Store } from "./page_state.js";
import { restoreFragment } from "./url_state.js";

restoreFragment();
export const store = new Store();
export const loader = new Loader(store);
loader.start();
