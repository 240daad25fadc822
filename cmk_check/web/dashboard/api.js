/**
 * Requests to the API, all to this origin. The key goes along as a header, never in a URL.
 *
 * @typedef {{ status: number, body: any, etag: string | null, next: string | null, date: number }} Answer
 */

const ROOT = "/api/v1/";
const KEY = "cmk-key";
const SECONDS = 60;

/** How callers are let in: "keys" or "entra". */
export const AUTH =
  document.querySelector('meta[name="cmk-auth"]')?.getAttribute("content") ?? "keys";

export const key = {
  get: () => sessionStorage.getItem(KEY),
  /** @param {string} value */
  set: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

/** An answer that is none; `phase` is the state that it puts the page into. */
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
 * Ask for a path below /api/v1/, or for a link that an answer gave.
 *
 * @param {string} path
 * @param {{ etag?: string | null, signal?: AbortSignal, text?: boolean }} [options]
 * @returns {Promise<Answer>} With body null for a 304.
 * @throws {Refusal}
 */
export async function ask(path, { etag = null, signal, text = false } = {}) {
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
    return { ...answer, body: text ? await response.text() : await response.json() };
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal("error", "The answer could not be read", "It was cut off, or is not of this app.");
  }
}

/** @param {string} link A header Link. */
const nextOf = (link) => /<([^>]*)>\s*;\s*rel="?next"?/.exec(link)?.[1] ?? null;

/**
 * Keep a link within the API of this origin, whatever host it names: the app's own name, where the
 * page is reached by another one. So whoever could change it does not get the key.
 *
 * @param {string} link
 */
function within(link) {
  const url = new URL(link, `${location.origin}${ROOT}`);
  if (!url.pathname.startsWith(ROOT)) {
    const text = "An answer leads out of the API. The key was not sent there.";
    throw new Refusal("error", "A link was not followed", text);
  }
  return `${url.pathname}${url.search}`;
}

/** @param {string | null} etag */
function headersOf(etag) {
  const headers = new Headers();
  const known = key.get();
  if (known) headers.set("x-functions-key", known);
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
      : "No connection to the app: check the network, a VPN or a firewall in between.";
    throw new Refusal("unreachable", "The app cannot be reached", text);
  }
}

/** @param {Response} response */
async function refusalOf(response) {
  const { status } = response;
  // Easy Auth answers with a redirect to its sign-in, which a script does not get to see.
  if (status === 401 || response.type === "opaqueredirect") {
    return new Refusal("signed-out", "Sign-in needed", "", 401);
  }
  const error = (await response.json().catch(() => null))?.error;
  if (status === 403) {
    const text = "You are signed in, but this app does not let you in: ask whoever runs it.";
    return new Refusal("forbidden", "No access", error?.message ?? text, status);
  }
  const text = error?.message ?? "The app's log says why.";
  const title = status === 503 ? "The app cannot answer now" : `The app answered ${status}`;
  return new Refusal("error", title, text, status);
}
