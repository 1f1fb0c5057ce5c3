package dev.jubilee.server.liveops.events;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.jubilee.events.EventId;
import dev.jubilee.events.postgres.LaneListener;
import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.conditions.Conditions;
import dev.jubilee.server.config.SettingsReader;
import dev.jubilee.server.database.ChangeFeed;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Edge;
import dev.jubilee.server.http.HttpLimits;
import dev.jubilee.server.http.HttpPort;
import dev.jubilee.server.http.RateLimits;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.idempotency.Idempotency;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.liveops.leaderboards.LeaderboardRoutes;
import dev.jubilee.server.liveops.leaderboards.Leaderboards;
import dev.jubilee.server.liveops.occurrences.EndOffsets;
import dev.jubilee.server.liveops.occurrences.Occurrences;
import dev.jubilee.server.liveops.rewards.RewardSettings;
import dev.jubilee.server.liveops.rewards.Rewards;
import dev.jubilee.server.liveops.rules.RulesReader;
import dev.jubilee.server.players.PlayerRoutes;
import dev.jubilee.server.players.Players;
import dev.jubilee.server.security.Authenticator;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import dev.jubilee.server.testing.Platform;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.ResultSet;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** One instance of live events with a port of its own, on the database of the test class. */
final class EventsInstance implements AutoCloseable {
    /** {@code Bearer admin}, {@code Bearer service} and so on; {@code Bearer player:anna}. */
    private static final Authenticator BY_ROLE =
            new Authenticator() {
                @Override
                public @Nullable Principal cached(String authorization) {
                    String[] parts = authorization.substring("Bearer ".length()).split(":", 2);
                    return new Principal(
                            parts.length > 1 ? parts[1] : "key-" + parts[0], Role.of(parts[0]));
                }

                @Override
                public @Nullable Principal authenticate(String authorization) {
                    return cached(authorization);
                }
            };

    /** A status and a body. */
    record Answer(int status, JsonNode body) {
        String text(String pointer) {
            return body.at(pointer).asString("");
        }

        int number(String pointer) {
            return body.at(pointer).asInt(-1);
        }
    }

    final Database database;
    final Occurrences occurrences;
    final LiveEventsFeature feature;
    final Players players;
    final HttpPort port;
    private final HikariDataSource pool;
    private final ChangeFeed changes;
    private final Idempotency idempotency;
    final Rewards rewards;
    private final Vertx vertx = Vertx.vertx();
    private final HttpClient client = HttpClient.newHttpClient();

    EventsInstance(Platform platform) {
        this(platform, platform.clock());
    }

    EventsInstance(Platform platform, InstantSource clock) {
        this(platform, clock, settings(Map.of()), EventsInstance::someEnd);
    }

    EventsInstance(Platform platform, Map<String, String> given, EndOffsets bus) {
        this(platform, platform.clock(), settings(given), bus);
    }

    /** One that writes no more than so many rows in a transaction. */
    EventsInstance(Platform platform, int rowsAtATime) {
        this(
                platform,
                platform.clock(),
                settings(Map.of()).withRowsAtATime(rowsAtATime),
                EventsInstance::someEnd);
    }

    private static Optional<List<EndOffsets.PartitionEnd>> someEnd(Instant end) {
        return Optional.of(
                List.of(new EndOffsets.PartitionEnd("game.events", new UUID(0, 7), 0, 42)));
    }

    private static LiveEventSettings settings(Map<String, String> given) {
        SettingsReader reader = new SettingsReader(given);
        LiveEventSettings settings = LiveEventSettings.from(reader);
        reader.check();
        return settings;
    }

    private EventsInstance(
            Platform platform, InstantSource clock, LiveEventSettings settings, EndOffsets bus) {
        HikariConfig config = new HikariConfig();
        config.setDataSource(platform.dataSource());
        config.setMaximumPoolSize(8);
        pool = new HikariDataSource(config);
        database = new Database(pool);
        changes = new ChangeFeed(pool);
        RulesReader rules = new RulesReader(new Conditions(), settings.maxRewards());
        occurrences = new Occurrences(database, rules, changes, clock);
        idempotency = new Idempotency(database, clock, Duration.ofDays(1));
        rewards =
                new Rewards(
                        database,
                        new EventId(clock),
                        clock,
                        new RewardSettings(Duration.ofDays(1)),
                        LaneListener.NONE);
        feature =
                new LiveEventsFeature(
                        new LiveEventsFeature.Platform(
                                database, changes, idempotency, new Audit(clock), clock),
                        occurrences,
                        rules,
                        rewards.grants(),
                        bus,
                        (call, eventId, userId) -> Reply.ok(Map.of("completed", userId)),
                        settings);
        players = new Players(database, changes, clock);
        changes.start();
        occurrences.start();
        Router router = new Router();
        feature.on(router);
        new PlayerRoutes(players, idempotency).on(router);
        new LeaderboardRoutes(new Leaderboards(database), settings.reads()).on(router);
        rewards.routes(settings.reads()).on(router);
        port = HttpPort.listen(vertx, "127.0.0.1", 0, router, edge(), 2);
    }

    private static Edge edge() {
        Duration timeout = Duration.ofSeconds(30);
        return new Edge(
                BY_ROLE,
                new RateLimits(RateLimits.Settings.OFF, System::nanoTime),
                new HttpLimits(1 << 20, timeout, timeout, timeout, 1_000));
    }

    Answer admin(String method, String path, String body, String... headers) {
        return send("admin", method, path, body, headers);
    }

    Answer get(String path) {
        return send("", "GET", path, "");
    }

    Answer send(String role, String method, String path, String body, String... headers) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port.port() + path))
                        .method(
                                method,
                                body.isEmpty()
                                        ? HttpRequest.BodyPublishers.noBody()
                                        : HttpRequest.BodyPublishers.ofString(body));
        if (!role.isEmpty()) {
            request.header("Authorization", "Bearer " + role);
        }
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        try {
            HttpResponse<byte[]> response =
                    client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            return new Answer(response.statusCode(), Json.tree(response.body()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** The types of what was told of an event, in order. */
    List<String> told(String eventId) {
        return texts(
                """
                SELECT one ->> 'type' FROM platform.outbox, jsonb_array_elements(events::jsonb) one
                 WHERE one ->> 'key' = ? ORDER BY id
                """,
                eventId);
    }

    /** One column of text. */
    List<String> texts(String sql, String parameter) {
        return database.read(connection -> {
            try (var select = connection.prepareStatement(sql)) {
                select.setString(1, parameter);
                ResultSet row = select.executeQuery();
                List<String> texts = new ArrayList<>();
                while (row.next()) {
                    texts.add(row.getString(1));
                }
                return texts;
            }
        });
    }

    @Override
    public void close() {
        port.close();
        feature.close();
        rewards.close();
        occurrences.close();
        idempotency.close();
        changes.close();
        vertx.close().await();
        pool.close();
        client.close();
    }
}
