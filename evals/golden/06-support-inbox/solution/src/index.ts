export { isAutomatic } from "./is-automatic.ts";
export { mentions } from "./mentions.ts";
export { ownLines } from "./own-lines.ts";
export { preview } from "./preview.ts";
export { ticketRef } from "./ticket-ref.ts";
