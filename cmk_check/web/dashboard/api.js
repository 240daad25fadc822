/**
 * Requests to the API, all to this origin. Keys are sent as a header, never in a URL.
 *
 * @typedef {{ status: number, body: any, etag: string | null, next: string | null, date: number }} Answer
 * @typedef {{ scan: string }} Started The scan's address.
 * @typedef {{ status: number, code: string, message: string, seconds: number }} NotStarted `seconds` is how long to wait.
 */

const ROOT = "/api/v1/";
const START = "/api/scan";
const SECONDS = 60;
// How often a request is sent while the app is too busy for it, and the maximum seconds in between.
const TRIES = 3;
const LONGEST_PAUSE = 30;
/** The title of an error, by its code or else by its status. */
const TITLES = new Map([["SettingsInvalid", "This app's operators must correct its settings"], ["503", "The app is not available now"]]);
/** The required fields of a list's page. */
export const OF_LIST = ["value"];

/** How callers sign in: "keys" or "entra". */
export const AUTH =
  document.querySelector('meta[name="cmk-auth"]')?.getAttribute("content") ?? "keys";

/** @param {string} name */
const kept = (name) => ({
  get: () => sessionStorage.getItem(name),
  /** @param {string} value */
  set: (value) => sessionStorage.setItem(name, value),
  forget: () => sessionStorage.removeItem(name),
});

/** The read key, and the start key, which few people have. */
export const key = kept("cmk-key");
export const startKey = kept("cmk-start-key");

/** A request without a usable answer; `phase` is the resulting state of the page. */
export class Refusal extends Error {
  /** @param {import("./types.js").Phase} phase @param {string} title @param {string} text @param {number} status @param {string} code Of the API's error. */
  constructor(phase, title, text, status = 0, code = "") {
    super(text);
    this.phase = phase;
    this.title = title;
    this.status = status;
    this.code = code;
  }
}

/**
 * Request a path below /api/v1/, or a link from an answer.
 *
 * @param {string} path
 * @param {{ etag?: string | null, signal?: AbortSignal, read?: "json" | "text" | "blob" }} [options]
 * @returns {Promise<Answer>} With body null for a 304.
 * @throws {Refusal}
 */
export async function ask(path, { etag = null, signal, read = "json" } = {}) {
  const headers = headersOf(key);
  if (etag) headers.set("If-None-Match", etag);
  const response = await sendInTurn(within(path), { headers }, signal);
  const answer = {
    status: response.status,
    etag: response.headers.get("etag"),
    next: nextOf(response.headers.get("link") ?? ""),
    date: Date.parse(response.headers.get("date") ?? ""),
  };
  if (response.status === 304) return { ...answer, body: null };
  if (!response.ok) throw await refusalOf(response);
  try {
    return { ...answer, body: await response[read]() };
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal("error", "The answer could not be read", "It was cut off, or another server sent it.");
  }
}

/**
 * Follow a list to its end; even an empty page can have a next page. The next page is loading while the
 * caller works on the current one.
 *
 * @param {string} link
 * @param {AbortSignal} signal
 */
export async function* pages(link, signal) {
  const seen = new Set([link]);
  let asked = ask(link, { signal });
  for (;;) {
    const { body } = await asked;
    const { value } = shaped(body, OF_LIST);
    const next = body.nextLink;
    const isNew = next && !seen.has(next);
    if (isNew) {
      seen.add(next);
      asked = ask(next, { signal });
      // The request may fail before anything awaits it, or never be awaited.
      asked.catch(() => {});
    }
    yield value;
    if (!next) return;
    if (!isNew) {
      throw new Refusal("error", "A list has no end", "One of its pages links back to an earlier one.");
    }
  }
}

/** Refuse an answer that another server sent, such as a proxy or the sign-in page of a network. @param {any} body @param {string[]} fields */
export function shaped(body, fields) {
  const fits = body !== null && typeof body === "object" && fields.every((field) => Object.hasOwn(body, field));
  if (fits) return body;
  const text = "Another server sent it: check for a proxy or a sign-in page of the network.";
  throw new Refusal("error", "The answer was not understood", text);
}

/**
 * Check whether this visitor may start scans. The host or the platform decides, before the app is called.
 *
 * @param {AbortSignal} signal
 * @param {ReturnType<typeof kept>} [of] The key to try.
 * @returns {Promise<boolean>}
 * @throws {Refusal} The check failed.
 */
export async function mayStart(signal, of = startKey) {
  if (AUTH === "keys" && !of.get()) return false;
  const response = await send(START, { headers: headersOf(of) }, signal);
  if (response.status === 204) return true;
  const refusal = await refusalOf(response);
  if (refusal.status === 401 || refusal.status === 403) return false;
  throw refusal;
}

/**
 * Start a scan of these subscriptions, or of the whole estate if there are none.
 *
 * @param {readonly string[]} subscriptions
 * @param {AbortSignal} signal
 * @returns {Promise<Started | NotStarted>}
 * @throws {Refusal} The app cannot be reached.
 */
export async function startScan(subscriptions, signal) {
  const headers = headersOf(startKey);
  headers.set("Content-Type", "application/json");
  const body = JSON.stringify(subscriptions.length > 0 ? { subscriptions } : {});
  const response = await send(START, { method: "POST", headers, body }, signal);
  const location = response.headers.get("location");
  if (response.status === 202 && location) return { scan: location };
  const seconds = Number(response.headers.get("retry-after") ?? 0);
  const { code, message, status } = await refusalOf(response);
  return { status, code, message, seconds };
}

/** @param {string} link A header Link. */
const nextOf = (link) => /<([^>]*)>\s*;\s*rel="?next"?/.exec(link)?.[1] ?? null;

/**
 * Turn a link into a path of the API on this origin. The link may name another host: the app's own
 * name, if people reach the page by a different one. This also keeps the key from an attacker who
 * changed the link.
 *
 * @param {string} link
 */
function within(link) {
  const url = new URL(link, `${location.origin}${ROOT}`);
  if (!url.pathname.startsWith(ROOT)) {
    const text = "An answer contains a link outside the API. The key was not sent there.";
    throw new Refusal("error", "A link was not followed", text);
  }
  return `${url.pathname}${url.search}`;
}

/** @param {ReturnType<typeof kept>} of */
function headersOf(of) {
  const headers = new Headers();
  const savedKey = of.get();
  if (savedKey) headers.set("x-functions-key", savedKey);
  return headers;
}

/** @param {string} path @param {RequestInit} request @param {AbortSignal | undefined} signal */
async function send(path, request, signal) {
  const timeout = AbortSignal.timeout(SECONDS * 1000);
  const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
  try {
    return await fetch(path, { ...request, signal: either, redirect: "manual", cache: "no-store" });
  } catch (error) {
    if (signal?.aborted) throw error;
    const text = timeout.aborted
      ? `The app did not answer within ${SECONDS} seconds.`
      : "Check the network, the VPN and the firewall between you and the app.";
    throw new Refusal("unreachable", "The app cannot be reached", text);
  }
}

/**
 * Send a request, and send it again if the app is busy: it limits concurrent lists.
 *
 * @param {string} path
 * @param {RequestInit} request
 * @param {AbortSignal | undefined} signal
 */
async function sendInTurn(path, request, signal) {
  for (let left = TRIES - 1; ; left -= 1) {
    const response = await send(path, request, signal);
    const seconds = Number(response.headers.get("retry-after"));
    if (response.status !== 429 || left === 0 || !(seconds > 0)) return response;
    const pause = Math.min(seconds, LONGEST_PAUSE) * 1000;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** @param {Response} response */
async function refusalOf(response) {
  const { status } = response;
  // Easy Auth responds with a redirect to its sign-in page, whose target a script cannot see.
  if (status === 401 || response.type === "opaqueredirect") {
    return new Refusal("signed-out", "Sign-in needed", "", 401);
  }
  const { code = "", message = "" } = (await response.json().catch(() => null))?.error ?? {};
  if (status === 403) {
    const text = "You are signed in, but you have no access to this app. Ask its operators for access.";
    return new Refusal("forbidden", "No access", message || text, status);
  }
  const title = TITLES.get(code) ?? TITLES.get(String(status)) ?? `The app answered ${status}`;
  return new Refusal("error", title, message || "See the app's log for the reason.", status, code);
}

/** Write an id as a path. A percent sign is encoded twice, because the Functions host decodes it twice. @param {string} id */
export function detailOf(id) {
  const parts = id.replace(/^\/+/, "").split("/");
  return `findings/${parts.map(encodeURIComponent).join("/").replaceAll("%25", "%2525")}`;
}
