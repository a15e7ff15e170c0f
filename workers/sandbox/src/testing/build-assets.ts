/** Builds the isolates' bundles before the tests that read them. */
import { buildSandboxAssets } from "../../build.ts";

export default function setup(): Promise<void> {
  return buildSandboxAssets();
}
