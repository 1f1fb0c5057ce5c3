package dev.jubilee.server.database;

import javax.sql.DataSource;
import org.flywaydb.core.Flyway;

/** Brings the schema up to date. Safe to run from several instances at once. */
public final class Migrations {
    private Migrations() {}

    /** Applies what is missing. */
    public static void apply(DataSource dataSource) {
        Flyway.configure()
                .dataSource(dataSource)
                .schemas("platform")
                .defaultSchema("platform")
                .createSchemas(true)
                .table("schema_history")
                .locations("classpath:db/migration")
                .loggers("slf4j")
                .load()
                .migrate();
    }
}
