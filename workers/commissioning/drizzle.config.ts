import { defineConfig } from "drizzle-kit";

// The one configuration of the database `factory`: the session registry and the read model share it, and a snapshot that
// knew one of them would drop the other.
export default defineConfig({
  dialect: "sqlite",
  schema: ["./src/registry/schema.ts", "../graphql/src/projections/schema.ts"],
  out: "../../migrations/factory",
});
