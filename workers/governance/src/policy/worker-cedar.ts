/** Cedar in workerd: the module is compiled when the Worker is uploaded, and instantiated here without asking for bytes. */
import * as cedar from "@cedar-policy/cedar-wasm/web";
import type { CedarEngine } from "@factory/governance/pdp";
// The package exports its scripts only; workerd takes WebAssembly as a module of the bundle, never as bytes at run time. The suffix
// has the module itself imported where the package's types speak of what an instance of it exports.
import module from "../../node_modules/@cedar-policy/cedar-wasm/web/cedar_wasm_bg.wasm?module";

/**
 * The engine. The same isolate instantiates it once.
 *
 * @throws WebAssembly.LinkError when module and script are not of one version
 */
export function workerCedar(): CedarEngine {
  cedar.initSync({ module });
  return cedar;
}
