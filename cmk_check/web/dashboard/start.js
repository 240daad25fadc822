/** The first module to run: data is on its way before the code that draws it has arrived. */

import { Loader } from "./load.js";
import { Store } from "./page_state.js";
import { restoreFragment } from "./url_state.js";

restoreFragment();
export const store = new Store();
export const loader = new Loader(store);
loader.start();
