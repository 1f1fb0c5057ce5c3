package dev.jubilee.server.testing;

import dev.jubilee.server.database.Migrations;
import dev.jubilee.server.embedded.EmbeddedServers;
import dev.jubilee.server.embedded.EmbeddedSettings;
import dev.jubilee.server.embedded.ServerHealth;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * One PostgreSQL and one Kafka for all test classes of a JVM, in a folder that goes away with them.
 */
final class SharedServers implements AutoCloseable {
    private static final String TEMPLATE = "jubilee_template";
    private static final Path TARGET = Path.of("target").toAbsolutePath();

    private final Path home;
    private final EmbeddedServers servers;
    private int databases;

    SharedServers() {
        try {
            Files.createDirectories(TARGET);
            home = Files.createTempDirectory(TARGET, "embedded-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        servers =
                EmbeddedServers.start(
                        EmbeddedSettings.in(home)
                                .withBinaries(TARGET.resolve("postgresql"))
                                .withKafkaJvm(List.of("-XX:TieredStopAtLevel=1")),
                        ServerHealth.IGNORED);
        try {
            sql("CREATE DATABASE " + TEMPLATE);
            Migrations.apply(dataSource(urlOf(TEMPLATE)));
        } catch (RuntimeException e) {
            servers.close();
            throw e;
        }
    }

    EmbeddedServers servers() {
        return servers;
    }

    /**
     * A migrated, empty database of its own; a file copy inside PostgreSQL, so some tens of
     * milliseconds.
     */
    synchronized String createDatabase() {
        String name = "test_" + ++databases;
        sql("CREATE DATABASE " + name + " TEMPLATE " + TEMPLATE + " STRATEGY FILE_COPY");
        return name;
    }

    synchronized void dropDatabase(String name) {
        sql("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
    }

    String urlOf(String database) {
        String own = servers.databaseUrl();
        return own.substring(0, own.lastIndexOf('/') + 1) + database;
    }

    /** Hands out new, unpooled connections. */
    DataSource dataSource(String url) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(url);
        source.setUser(servers.user());
        source.setPassword(servers.password());
        return source;
    }

    private void sql(String statement) {
        try (Connection connection = dataSource(servers.databaseUrl()).getConnection();
                Statement run = connection.createStatement()) {
            run.execute(statement);
        } catch (SQLException e) {
            throw new IllegalStateException(statement, e);
        }
    }

    @Override
    public void close() throws IOException {
        servers.close();
        delete(home);
    }

    private static void delete(Path folder) throws IOException {
        List<Path> deepestFirst;
        try (Stream<Path> files = Files.walk(folder)) {
            deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : deepestFirst) {
            Files.delete(file);
        }
    }
}
