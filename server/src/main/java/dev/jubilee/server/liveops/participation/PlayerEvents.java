package dev.jubilee.server.liveops.participation;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.GatheredReads;
import dev.jubilee.server.http.Page;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * The events that players take part in, latest first. Who asks for the first page is answered
 * together with whoever asks at the same moment. Thread-safe; never blocks.
 */
final class PlayerEvents implements AutoCloseable {
    private static final int PLAYERS_A_QUERY = 100;
    private static final int CAPACITY = 10_000;

    /** Of the first page; a player with more events than that is asked for alone. */
    private static final int SHORT = 50;

    /** One event of a player. */
    record Entry(
            String name,
            String eventType,
            String category,
            String eventStatus,
            @JsonUnwrapped ParticipantView participant) {}

    /** A page of them. */
    record Part(List<Entry> events, int total) {
        static final Part NONE = new Part(List.of(), 0);
    }

    private static final String SELECT =
            "SELECT "
                    + ParticipantView.COLUMNS
                    + """
                    , e.name, e.event_type, e.category, e.status
                    """;
    private static final String TOGETHER =
            SELECT
                    + """
                      FROM unnest(?::text[]) AS asked (user_id)
                     CROSS JOIN LATERAL (
                           SELECT * FROM liveops.event_participations p
                            WHERE p.user_id = asked.user_id AND p.status <> 'cancelled'
                            ORDER BY p.id DESC LIMIT ?) p
                      JOIN liveops.events e ON e.event_id = p.event_id
                     ORDER BY p.id DESC
                    """;
    private static final String ALONE =
            SELECT
                    + """
                      FROM liveops.event_participations p
                      JOIN liveops.events e ON e.event_id = p.event_id
                     WHERE p.user_id = ?
                       AND CASE WHEN ?::text IS NULL THEN p.status <> 'cancelled' ELSE p.status = ? END
                     ORDER BY p.id DESC OFFSET ? LIMIT ?
                    """;
    private static final String COUNT =
            """
            SELECT count(*) FROM liveops.event_participations p
             WHERE p.user_id = ?
               AND CASE WHEN ?::text IS NULL THEN p.status <> 'cancelled' ELSE p.status = ? END
            """;

    private final Database database;
    private final GatheredReads<String, List<Entry>> firstPages;
    private final ExecutorService others = Executors.newVirtualThreadPerTaskExecutor();

    PlayerEvents(Database database) {
        this.database = database;
        this.firstPages =
                new GatheredReads<>("player-events", PLAYERS_A_QUERY, CAPACITY, this::together);
    }

    /**
     * @param status null lists all in which the player holds a place
     */
    CompletionStage<Part> of(String userId, @Nullable String status, Page page) {
        if (status != null || page.number() > 1 || page.limit() > SHORT) {
            return CompletableFuture.supplyAsync(() -> alone(userId, status, page), others);
        }
        return firstPages
                .ask(userId)
                .thenCompose(found -> {
                    if (found == null) {
                        return CompletableFuture.completedFuture(Part.NONE);
                    }
                    if (found.size() <= page.limit()) {
                        return CompletableFuture.completedFuture(new Part(found, found.size()));
                    }
                    return CompletableFuture.supplyAsync(() -> alone(userId, null, page), others);
                });
    }

    private Map<String, List<Entry>> together(List<String> players) {
        return database.read(connection -> {
            Map<String, List<Entry>> found = new HashMap<>();
            try (PreparedStatement select = connection.prepareStatement(TOGETHER)) {
                Object[] distinct = new LinkedHashSet<>(players).toArray();
                select.setArray(1, connection.createArrayOf("text", distinct));
                select.setInt(2, SHORT + 1);
                ResultSet row = select.executeQuery();
                while (row.next()) {
                    Entry entry = entry(row);
                    found.computeIfAbsent(entry.participant().userId(), id -> new ArrayList<>())
                            .add(entry);
                }
            }
            return found;
        });
    }

    private Part alone(String userId, @Nullable String status, Page page) {
        return database.read(connection -> {
            List<Entry> found = new ArrayList<>();
            try (PreparedStatement select = connection.prepareStatement(ALONE)) {
                bind(select, userId, status);
                select.setInt(4, page.offset());
                select.setInt(5, page.limit());
                ResultSet row = select.executeQuery();
                while (row.next()) {
                    found.add(entry(row));
                }
            }
            try (PreparedStatement count = connection.prepareStatement(COUNT)) {
                bind(count, userId, status);
                ResultSet row = count.executeQuery();
                row.next();
                return new Part(found, row.getInt(1));
            }
        });
    }

    private static void bind(PreparedStatement statement, String userId, @Nullable String status)
            throws SQLException {
        statement.setString(1, userId);
        statement.setString(2, status);
        statement.setString(3, status);
    }

    private static Entry entry(ResultSet row) throws SQLException {
        return new Entry(
                row.getString(13),
                row.getString(14),
                row.getString(15),
                row.getString(16),
                ParticipantView.of(row));
    }

    @Override
    public void close() {
        firstPages.close();
        others.shutdownNow();
    }
}
