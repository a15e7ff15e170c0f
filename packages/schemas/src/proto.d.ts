export * from "./gen/factory/v1/admin_pb.js";
export * from "./gen/factory/v1/delivery_pb.js";
export * from "./gen/factory/v1/events_pb.js";
export * from "./gen/factory/v1/gateway_pb.js";
export * from "./gen/factory/v1/organisation_pb.js";
export * from "./gen/factory/v1/producer_pb.js";
