/** How a deployment is configured, as the evidence tells it. */
import { configuredModels } from "@factory/models";
import type { ModelEnvironment } from "@factory/models";
import { FactoryError } from "@factory/schemas";
import { absent, known } from "@factory/verification/evidence";
import type { EvidencePredicate } from "@factory/verification/evidence";

type Content = EvidencePredicate["configuration"]["content"];
type Surroundings = ModelEnvironment & { readonly VERSION?: { readonly id: string; readonly tag: string } };

/** What can be said of models, prices and version. A configuration that cannot be read is absent and holds no seal up. */
export function deployedAs(env: Surroundings): Pick<Content, "models" | "prices" | "deployment"> {
  const { id = "", tag = "" } = env.VERSION ?? {};
  return {
    models: modelsOf(env),
    prices: pricesOf(env.FACTORY_MODEL_PRICES ?? ""),
    deployment: id === "" ? absent("the Worker does not know its version") : { id, tag: known(tag === "" ? null : tag, "the version has no tag") },
  };
}

function modelsOf(env: ModelEnvironment): Content["models"] {
  try {
    return Object.fromEntries(Object.entries(configuredModels(env)).map(([alias, models]) => [alias, [...models]]));
  } catch (err) {
    if (!(err instanceof FactoryError)) throw err;
    return absent(err.message);
  }
}

function pricesOf(text: string): Content["prices"] {
  if (text.trim() === "") return absent("none were given");
  try {
    return JSON.parse(text) as Exclude<Content["prices"], { absent: string }>;
  } catch {
    // The models refuse such a configuration with what is wrong in it.
    return absent("FACTORY_MODEL_PRICES is not JSON");
  }
}
