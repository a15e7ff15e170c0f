/** Signs the producer tokens of a gateway under test: base64 of 32 bytes. */
export const PRODUCER_TOKEN_KEY = Buffer.alloc(32, "producer").toString("base64");
