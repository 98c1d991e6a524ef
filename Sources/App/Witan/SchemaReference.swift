// SPDX-License-Identifier: Apache-2.0
import Arguments
import EmbeddedServers
import EventLoop
import Inventory
import Migrator
import Postgres
import SwiftExtensions

/// The pages about the schema, from the catalog that the migrations make.
struct SchemaReference {
    private let inventory: SchemaInventory

    init(_ inventory: SchemaInventory) { self.inventory = inventory }

    /// Views are written differently by later versions, and a page must not change with the machine.
    private static let major = 15

    /// The catalog after all migrations, in a private PostgreSQL in `folder`, which is gone afterwards.
    static func inventory(in folder: String) async throws -> SchemaInventory {
        let directory = try DataDirectory.open(folder)
        defer { try? directory.destroy() }
        var settings = PrivatePostgres.Settings()
        settings.programs = try Configuration.load(file: nil, overrides: [:])["WITAN_POSTGRES_PROGRAMS"]
        settings.durable = false
        let postgres = try PrivatePostgres.start(in: directory, settings: settings)
        defer { try? postgres.stop() }
        guard postgres.majorVersion == major else {
            throw CommandFailure(
                .failed, "These pages need PostgreSQL \(major); WITAN_POSTGRES_PROGRAMS says where its programs are.")
        }
        let loop = EventLoop(name: "reference")
        defer { loop.stop() }
        let url = postgres.connectionString(role: PrivatePostgres.superuser)
        let database = Database(
            configuration: Stores.migratorConfiguration(Secret(url)), loops: [loop], observe: { _ in })
        do {
            _ = try await Migrator(database: database, programVersion: Version.current).up()
            let inventory = try await database.withConnection { try await SchemaInventory.read($0) }
            await database.close()
            return inventory
        } catch {
            await database.close()
            throw error
        }
    }

    var script: String {
        """
        -- The schema as the migrations leave it, written by `make docs` from the catalog of PostgreSQL \(Self.major);
        -- a test compares. It is for reading and comparing: the program runs the files in Migrations/. The roles are
        -- assumed to be there, and monthly partitions are made by ops.ensure_partitions.


        """ + SchemaScript(inventory).text
    }

    var page: String {
        """
        <!-- Written by `make docs`; a test compares it with the program. -->

        # The schema

        Every table, view and function as the catalog has them after all migrations. Rows of tables with `org_id` are
        kept apart by row-level security. [schema.sql](../../schema.sql) has the same as SQL,
        [source-designs.md](source-designs.md) says where each table of the source designs went.


        """ + SchemaPage(inventory, leading: "org_id").text
    }
}
