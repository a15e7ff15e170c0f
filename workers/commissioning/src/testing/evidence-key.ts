/** A key to seal evidence with, new in each process that tests. */
import { generateKeyPairSync } from "node:crypto";

/** The private key as the secret holds it: a JSON Web Key. */
export const TEST_EVIDENCE_KEY = JSON.stringify(generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" }));
