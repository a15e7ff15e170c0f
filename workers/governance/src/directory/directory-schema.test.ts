import { migrate, type Migration } from "@factory/durable";
import { NodeSqliteStorage } from "@factory/durable/testing";
import { digestOf } from "@factory/schemas";
import { describe, expect, it } from "vitest";
import { aFoundedDirectory, aMember, ACTOR } from "../testing/directory-builders.ts";
import { ORG_DIRECTORY_MIGRATIONS } from "./directory-schema.ts";

describe("the directory's schema", () => {
  it("keeps its released entries as they were released", () => {
    expect(ORG_DIRECTORY_MIGRATIONS.map(({ id, statements }) => ({ id, digest: digestOf(statements) }))).toEqual([
      { id: "0001-directory", digest: "a5ec3d9ce68a7e3cda9894fe90cfe4d485734ff63ee7497aebfe60446be68de5" },
    ]);
  });

  it("of before comes to the present one with everybody who was in it", () => {
    const { directory, storage } = aFoundedDirectory();
    directory.putMember(aMember(), ACTOR);
    const next: Migration = { id: "0002-next", statements: ["ALTER TABLE members ADD COLUMN note TEXT"] };
    expect(migrate(storage, [...ORG_DIRECTORY_MIGRATIONS, next])).toEqual(["0002-next"]);
    expect(directory.members.all().map(({ memberId }) => memberId)).toEqual(["alice", "bob"]);
  });

  it("keeps roles and keys of members only", () => {
    const storage = new NodeSqliteStorage();
    migrate(storage, ORG_DIRECTORY_MIGRATIONS);
    expect(() => storage.sql.exec("INSERT INTO member_roles (member_id, role) VALUES ('nobody', 'admin')")).toThrow(/FOREIGN KEY/);
    expect(() =>
      storage.sql.exec(
        "INSERT INTO api_keys (key_id, digest, label, principal_id, member_id, scopes, status, created_at) VALUES ('k', 'd', 'l', 'p', 'nobody', '[]', 'active', 1)",
      ),
    ).toThrow(/FOREIGN KEY/);
  });
});
