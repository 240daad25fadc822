/**
 * Requests to the API, all to this origin. The key is sent as a header, never in a URL.
 *
 * @typedef {{ status: number, body: any, etag: string | null, next: string | null, date: number }} Answer
 */

const ROOT = "/api/v1/";
const KEY = "cmk-key";
const SECONDS = 60;

/** How callers sign in: "keys" or "entra". */
export const AUTH =
  document.querySelector('meta[name="cmk-auth"]')?.getAttribute("content") ?? "keys";

export const key = {
  get: () => sessionStorage.getItem(KEY),
  /** @param {string} value */
  set: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

/** A request without a usable answer; `phase` is the state in which it puts the page. */
export class Refusal extends Error {
  /**
   * @param {import("./types.js").Phase} phase
   * @param {string} title
   * @param {string} text
   * @param {number} status
   */
  constructor(phase, title, text, status = 0) {
    super(text);
    this.phase = phase;
    this.title = title;
    this.status = status;
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
  const response = await send(within(path), headersOf(etag), signal);
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
    const text = "An answer contains a link to a place outside the API. The key was not sent there.";
    throw new Refusal("error", "A link was not followed", text);
  }
  return `${url.pathname}${url.search}`;
}

/** @param {string | null} etag */
function headersOf(etag) {
  const headers = new Headers();
  const savedKey = key.get();
  if (savedKey) headers.set("x-functions-key", savedKey);
  if (etag) headers.set("If-None-Match", etag);
  return headers;
}

/**
 * @param {string} path
 * @param {Headers} headers
 * @param {AbortSignal | undefined} signal
 */
async function send(path, headers, signal) {
  const timeout = AbortSignal.timeout(SECONDS * 1000);
  const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
  try {
    return await fetch(path, { headers, signal: either, redirect: "manual", cache: "no-store" });
  } catch (error) {
    if (signal?.aborted) throw error;
    const text = timeout.aborted
      ? `The app did not answer within ${SECONDS} seconds.`
      : "Check the network, the VPN and the firewall between you and the app.";
    throw new Refusal("unreachable", "The app cannot be reached", text);
  }
}

/** @param {Response} response */
async function refusalOf(response) {
  const { status } = response;
  // Easy Auth answers with a redirect to its sign-in, whose target a script cannot see.
  if (status === 401 || response.type === "opaqueredirect") {
    return new Refusal("signed-out", "Sign-in needed", "", 401);
  }
  const error = (await response.json().catch(() => null))?.error;
  if (status === 403) {
    const text = "You are signed in, but you have no access to this app. Ask the people who run it for access.";
    return new Refusal("forbidden", "No access", error?.message ?? text, status);
  }
  const text = error?.message ?? "The app's log says why.";
  const title = status === 503 ? "The app cannot answer now" : `The app answered ${status}`;
  return new Refusal("error", title, text, status);
}
