package dev.jubilee.server.credentials;

import com.zaxxer.hikari.HikariDataSource;
import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.EdgeServer;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.idempotency.Idempotency;
import dev.jubilee.server.security.Access;
import dev.jubilee.server.testing.Platform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** One instance of the platform, as far as credentials go: pool, feed, port. */
final class Instance implements AutoCloseable {
    static final CredentialSettings SETTINGS =
            new CredentialSettings(
                    Duration.ofHours(1), Duration.ofHours(6), Duration.ofHours(24), null);

    final Database database;
    final Credentials credentials;
    final EdgeServer server;
    final Path adminKeyFile;
    private final HikariDataSource pool;
    private final ChangeFeed feed;
    private final Idempotency idempotency;

    Instance(Platform platform, Path home, CredentialSettings settings, boolean ownDatabase) {
        pool = new HikariDataSource();
        pool.setJdbcUrl(platform.databaseUrl());
        pool.setUsername(platform.user());
        pool.setPassword(platform.password());
        pool.setMaximumPoolSize(8);
        database = new Database(pool);
        feed = new ChangeFeed(pool);
        idempotency = new Idempotency(database, platform.clock(), Duration.ofDays(1));
        credentials =
                new Credentials(
                        database, feed, platform.clock(), new Audit(platform.clock()), settings);
        feed.start();
        adminKeyFile = credentials.start(home, ownDatabase);
        server =
                new EdgeServer(
                        credentials,
                        router -> {
                            credentials.routes(idempotency).on(router);
                            router.get(
                                    "/me",
                                    Access.PLAYER,
                                    call ->
                                            Reply.ok(
                                                    Map.of(
                                                            "id", call.principal().id(),
                                                            "role",
                                                                    call.principal()
                                                                            .role()
                                                                            .text())));
                        });
    }

    String adminKey() throws IOException {
        return Files.readString(adminKeyFile).strip();
    }

    String asAdmin() throws IOException {
        return "Bearer " + adminKey();
    }

    /** The status of a request with these credentials. */
    int statusOf(String authorization) throws IOException, InterruptedException {
        return server.get("/me", "Authorization", authorization).statusCode();
    }

    @Override
    public void close() {
        server.close();
        credentials.close();
        idempotency.close();
        feed.close();
        pool.close();
    }
}
