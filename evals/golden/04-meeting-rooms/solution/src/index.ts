export { collides } from "./collides.ts";
export { minutesOf } from "./minutes-of.ts";
export { roomLabel } from "./room-label.ts";
export { slotCount } from "./slot-count.ts";
export { slotStart } from "./slot-start.ts";
