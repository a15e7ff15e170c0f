import { defineConfig } from "drizzle-kit";

// The one configuration of the database `factory`: the session registry, the read model and the dead letters share it, and a
// snapshot that knew one of them would drop the others.
export default defineConfig({
  dialect: "sqlite",
  schema: ["./src/registry/schema.ts", "../graphql/src/projections/schema.ts", "../graphql/src/operations/schema.ts"],
  out: "../../migrations/factory",
});
