/** Globals of the runtime that stay as they are in an isolate: pure functions and data types. */
export const KEPT_PLATFORM: readonly string[] = ["atob", "btoa", "structuredClone", "TextDecoder", "TextEncoder", "URL", "URLSearchParams", "DOMException"];
