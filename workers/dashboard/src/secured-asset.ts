/** Response headers of the dashboard's assets. */

/**
 * What the page may load: its own files and nothing else. Scripts are files only; styles may be inline, because the editor and the
 * graph put theirs into the document. A frame around the page is refused, so that nobody's click is led to an approval.
 *
 * @see https://www.w3.org/TR/CSP3/
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Files under this path carry a digest of their content in their name. */
const HASHED_FILES = "/assets/";

/**
 * An asset with its headers. Files named by their content are kept for good, everything else is asked for anew, so that a deploy is
 * seen with the next load.
 */
export function securedAsset(url: URL, asset: Response): Response {
  const response = new Response(asset.body, asset);
  const { headers } = response;
  headers.set("content-security-policy", CONTENT_SECURITY_POLICY);
  headers.set("x-content-type-options", "nosniff");
  headers.set("referrer-policy", "no-referrer");
  headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("permissions-policy", "camera=(), geolocation=(), microphone=()");
  const isKept = url.pathname.startsWith(HASHED_FILES) && headers.get("content-type")?.startsWith("text/html") !== true;
  headers.set("cache-control", isKept ? "public, max-age=31536000, immutable" : "no-cache");
  return response;
}

/**
 * True for the page in the place of something else: every unknown path is the page for a browser that shows one, and nothing for a
 * client that asked for data or for a file that is gone.
 */
export function isForNobody(request: Request, asset: Response): boolean {
  const isPage = asset.headers.get("content-type")?.startsWith("text/html") === true;
  return isPage && new URL(request.url).pathname !== "/" && request.headers.get("accept")?.includes("text/html") !== true;
}
